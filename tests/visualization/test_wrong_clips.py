"""Contract: a page of wrong clips plays them, and the cells of its matrix select them by clicks."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmvideomae.visualization.wrong_clips import WrongClip, write_wrong_clips
from tests.support.clicks import needs_clicks, opened
from tests.support.videos import moving_shapes, write_video

NAMES = ('walk', 'run', '<b>jump</b>')
COUNTS = np.array([[5, 2, 0], [0, 4, 1], [0, 0, 3]])
CLIPS = [
    WrongClip('a/low', 0, 1, 0.5, 0.3, 'clips/low one.mp4'),
    WrongClip('a/high', 0, 1, 0.9, 0.05, 'clips/high.mp4'),
    WrongClip('b/gone', 1, 2, 0.7, 0.2, None, 'cannot be <read>'),
]


@pytest.fixture(scope='module')
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('page')
    for number, name in enumerate(('low one', 'high')):
        write_video(folder / f'clips/{name}.mp4', moving_shapes(20, 48, 64, seed=number), fps=10)
    return write_wrong_clips(folder / 'index.html', CLIPS, COUNTS, NAMES, 'a & b')


SHOWN = """names => JSON.stringify(names) === JSON.stringify(
    [...document.querySelectorAll('.clip')].filter(clip => clip.checkVisibility())
    .map(clip => clip.querySelector('.name').innerText))"""


def sees(visitor: Any, *names: str) -> None:
    """Wait until exactly these clips are visible, in this order."""
    visitor.wait_for_function(SHOWN, arg=names)


def test_it_counts_and_refers_to_its_clips_alone(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    assert '3 of 15 clips are wrong (20.0 %).' in text and 'most confident' not in text
    links = re.findall(r'(?:src|href)="([^"]*)', text)
    assert [each for each in links if not each.startswith('#')] == [
        'clips/high.mp4', 'clips/low%20one.mp4',
    ]  # fmt: skip
    assert not re.search(r'https?:|@import|url\(|<link', text)
    assert '<b>jump' not in text and 'cannot be &lt;read&gt;' in text


@needs_clicks
def test_cells_lists_and_keys_select_clips_and_those_in_view_play(page: Path) -> None:
    with opened(page.as_uri()) as visitor:
        sees(visitor, 'a/high', 'a/low', 'b/gone')
        playing = '() => [...document.querySelectorAll("video")].every((v) => v.currentTime > 0.1)'
        visitor.locator('.cards').first.scroll_into_view_if_needed()
        visitor.wait_for_function(playing)
        visitor.get_by_label('play those in view').uncheck()
        assert visitor.evaluate('[...document.querySelectorAll("video")].every((v) => v.paused)')

        visitor.get_by_label('walk predicted as run: 2').click()
        sees(visitor, 'a/high', 'a/low')
        assert visitor.locator('#count').inner_text() == '2 clips'
        visitor.keyboard.press('ArrowUp')  # in the matrix, rows that are confused are side by side
        visitor.keyboard.press('Enter')
        sees(visitor, 'b/gone')
        visitor.go_back()
        sees(visitor, 'a/high', 'a/low')

        visitor.keyboard.press('Escape')
        sees(visitor, 'a/high', 'a/low', 'b/gone')
        visitor.locator('#predicted').select_option('<b>jump</b>')
        sees(visitor, 'b/gone')
        visitor.get_by_role('link', name='all').click()
        sees(visitor, 'a/high', 'a/low', 'b/gone')
        for key in ('n', 'n', 'p', 'n'):
            visitor.keyboard.press(key)
        assert visitor.evaluate('document.activeElement.innerText').endswith('a/low')


@needs_clicks
def test_an_address_selects_and_nothing_is_wider_than_a_phone(page: Path) -> None:
    with opened(f'{page.as_uri()}#true=1&predicted=2', size=(360, 700)) as visitor:
        sees(visitor, 'b/gone')
        assert visitor.evaluate('document.documentElement.scrollWidth') <= 360


def test_only_the_classes_with_the_most_mistakes_have_cells(tmp_path: Path) -> None:
    counts = np.diag(np.full(50, 9))
    counts[np.arange(50), (np.arange(50) + 1) % 50] = np.arange(50)
    names = [f'class {number}' for number in range(50)]
    text = write_wrong_clips(tmp_path / 'a.html', [], counts, names, 'a').read_text()
    assert text.count('<th scope="row">') == 40 and 'the 40 of 50 classes' in text
    assert 'shows 0 of them' in text
    assert 'class 49 predicted as class 0: 49' in text and '>class 5<' not in text
    empty = write_wrong_clips(tmp_path / 'a.html', [], np.diag([2, 3]), names[:2], 'a').read_text()
    assert 'No clip is wrong.' in empty and '0 of 5 clips are wrong (0.0 %).' in empty
