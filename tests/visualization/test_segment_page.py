"""Contract: a page with a video and its segments works in a browser and is self-contained."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmvideomae.visualization.files import save_animation
from mmvideomae.visualization.segment_page import write_segment_page
from tests.support.browser import find_browser, visit
from tests.support.clicks import needs_clicks, opened

SEGMENTS = [
    (1.0, 3.0, 'walk', 1.0),
    (4.0, 8.0, '<b>run</b> & "jump"', 1.0),
    (0.5, 3.5, 'walk', 0.2),
]
TRUTH = [(1.5, 3.0, 'walk'), (9.0, 10.0, 'sit')]
COLOURS = {'walk': '#2166ac', '<b>run</b> & "jump"': '#d6604d', 'sit': '#4d9221'}
BLUE, RED = (0x21, 0x66, 0xAC), (0xD6, 0x60, 0x4D)
needs_browser = pytest.mark.skipif(find_browser() is None, reason='no chromium')


@pytest.fixture(scope='module')
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds, green and then magenta from second 5 on."""
    folder = tmp_path_factory.mktemp('page')
    frames = np.zeros((100, 96, 128, 3), np.uint8)
    frames[:50, ..., 1] = 200
    frames[50:, ..., [0, 2]] = 200
    video = save_animation(folder / 'a.mp4', frames, fps=10)
    return write_segment_page(
        folder / 'new' / 'a.html', video, SEGMENTS, 10.0, 'a & <b>', colours=COLOURS, truth=TRUTH
    )


def at(seconds: float) -> str:
    """Whether the video shows the frame of a time."""
    return f'!video.seeking && Math.abs(video.currentTime - {seconds}) < 0.01'


def marked(tree: str) -> list[tuple[str, float]]:
    """Tag and start of the segments that are marked as current."""
    found = re.findall(r'<(button|tr) (?:[^>]*? )?class="segment now" data-start="([\d.]+)"', tree)
    return sorted((tag, float(start)) for tag, start in found)


def moment(tree: str) -> str:
    return re.search(r'<p id="moment">(.*?)</p>', tree).group(1)


def test_it_refers_to_nothing_outside_and_escapes_names(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    assert re.findall(r'(?:src|href)="([^,"]*)', text) == ['data:video/mp4;base64']
    assert not re.search(r'https?:|@import|url\(|<link', text)
    assert '<b>' not in text and 'a &amp; &lt;b&gt;' in text
    assert text.count('class="segment"') == 2 * len(SEGMENTS)


@needs_browser
def test_it_opens_at_a_time_and_marks_the_segments_of_the_moment(
    page: Path, tmp_path: Path
) -> None:
    tree = visit(page, tmp_path, '#t=2', until=at(2)).tree
    assert marked(tree) == [('button', 0.5), ('button', 1.0), ('tr', 0.5), ('tr', 1.0)]
    assert moment(tree) == 'walk (1.00)'
    tree = visit(page, tmp_path, '#t=3.8', until=at(3.8)).tree
    assert marked(tree) == [] and moment(tree) == '&nbsp;'


@needs_browser
def test_marks_follow_the_video_while_it_plays(page: Path, tmp_path: Path) -> None:
    action, until = 'video.currentTime = 3.7; video.play()', 'video.currentTime > 4.2'
    tree = visit(page, tmp_path, action=action, until=f'{until} && (video.pause(), true)').tree
    assert marked(tree) == [('button', 4.0), ('tr', 4.0)]


@needs_clicks
def test_clicks_and_keys_play_seek_filter_and_zoom(page: Path) -> None:
    with opened(page.as_uri()) as visitor:
        now = 'document.getElementById("video").currentTime'
        assert visitor.title() == 'a & <b>: 3 segments'
        for place in ('.bars .segment', 'tr.segment button'):
            visitor.locator(f'{place}:visible').first.scroll_into_view_if_needed()
            name = 'button.segment' if 'bars' in place else 'tr.segment'
            visitor.locator(f'{name}[data-start="4"]').locator(
                'button' if name == 'tr.segment' else 'xpath=.'
            ).click()
            # It plays from its start on, and the mark follows.
            visitor.wait_for_function(f'{now} > 4.1 && {now} < 8')
            assert visitor.locator('.now').count() == 2
            assert visitor.locator('#moment').inner_text() == '<b>run</b> & "jump" (1.00)'
            visitor.evaluate('document.getElementById("video").pause()')
        visitor.locator('#film').click(position={'x': 10, 'y': 5})
        visitor.wait_for_function(f'{now} < 0.3')
        for key, seconds in (('n', 0.5), ('n', 1), ('n', 4), ('p', 1), ('ArrowRight', 6)):
            visitor.keyboard.press(key)
            visitor.wait_for_function(f'Math.abs({now} - {seconds}) < 0.01')

        visitor.locator('#least').fill('0.5')
        assert visitor.title() == 'a & <b>: 2 of 3 segments'
        assert visitor.locator('h1').inner_text() == visitor.title()
        assert visitor.locator('tr.segment:visible').count() == 2

        width = visitor.evaluate('document.getElementById("film").clientWidth')
        player = visitor.locator('#video').bounding_box()
        film = visitor.locator('#film').bounding_box()
        assert film['x'] == pytest.approx(player['x'] + 16, abs=2)
        assert film['width'] == pytest.approx(player['width'] - 32, abs=4)
        assert visitor.locator('#ticks span').all_inner_texts()[:3] == ['0:00', '0:01', '0:02']
        visitor.get_by_label('zoom in').click()
        wider = visitor.evaluate('document.getElementById("film").clientWidth')
        assert wider == pytest.approx(min(2 * width, 1000), rel=0.06)
        visitor.keyboard.press('0')
        assert visitor.evaluate('document.getElementById("film").clientWidth') == width
    with opened(page.as_uri(), size=(360, 700)) as visitor:
        assert visitor.evaluate('document.documentElement.scrollWidth') <= 360


def test_true_segments_are_strips_of_their_class(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    assert text.count('class="truth"') == 2 and 'sit, 0:09.0 to 0:10.0, true' in text
    assert text.count('class="row"') == 3  # also of the class that was not found


@needs_browser
def test_the_screenshot_shows_the_frame_and_bars_where_segments_are(
    page: Path, tmp_path: Path
) -> None:
    picture = visit(page, tmp_path, '#t=8.5', until=at(8.5)).picture.astype(int)
    video = picture[200:500, 450:550].reshape(-1, 3).mean(0)
    assert video[0] > 150 and video[2] > 150 and video[1] < 60  # magenta: the frame of then
    blue, red = columns(picture, BLUE), columns(picture, RED)
    # Of the segments of score 1: 2 of 10 seconds from 1 on, and 4 of them from 4 on.
    second = (red[1] - red[0]) / 4
    assert second > 50
    assert (blue[1] - blue[0]) / second == pytest.approx(2, abs=0.1)
    assert (red[0] - blue[0]) / second == pytest.approx(3, abs=0.1)


def columns(picture: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int]:
    """First and last column of a colour's longest run in the usual one of its rows."""
    equal = np.abs(picture - colour).max(-1) <= 2
    rows = np.flatnonzero(equal.sum(1) > 50)
    row = equal[rows[np.argsort(equal[rows].sum(1))[len(rows) // 2]]]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    runs = edges.reshape(-1, 2)
    first, last = runs[np.diff(runs)[:, 0].argmax()].tolist()
    return first, last


def test_no_segments_and_wrong_input(page: Path, tmp_path: Path) -> None:
    video: Any = page.parents[1] / 'a.mp4'
    empty = write_segment_page(tmp_path / 'b.html', video, [], 10.0, 'b').read_text()
    assert empty.count('no segments') == 2
    with pytest.raises(ValueError, match='must be positive, got 0'):
        write_segment_page(tmp_path / 'c.html', video, [], 0.0, 'c')
    with pytest.raises(ValueError, match='must end in'):
        write_segment_page(tmp_path / 'c.html', 'a.avi', [], 1.0, 'c')
    assert not (tmp_path / 'c.html').exists()
