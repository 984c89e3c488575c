"""Contract: a page with a video and its segments works in a browser and is self-contained."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmvideomae.visualization.files import save_animation
from mmvideomae.visualization.segment_page import time_ticks, write_segment_page
from tests.support.browser import find_browser, visit

SEGMENTS = [
    (1.0, 3.0, 'walk', 1.0),
    (4.0, 8.0, '<b>run</b> & "jump"', 1.0),
    (0.5, 3.5, 'walk', 0.2),
]
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
    return write_segment_page(folder / 'new' / 'a.html', video, SEGMENTS, 10.0, 'a & <b>')


def at(seconds: float) -> str:
    """Whether the video shows the frame of a time."""
    return f'!video.seeking && Math.abs(video.currentTime - {seconds}) < 0.01'


def marked(tree: str) -> list[tuple[str, float]]:
    """Tag and start of the segments that are marked as current."""
    found = re.findall(r'<(g|tr) class="segment now" data-start="([\d.]+)"', tree)
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
    assert marked(tree) == [('g', 0.5), ('g', 1.0), ('tr', 0.5), ('tr', 1.0)]
    assert moment(tree) == 'walk (1.00)'
    tree = visit(page, tmp_path, '#t=3.8', until=at(3.8)).tree
    assert marked(tree) == [] and moment(tree) == '&nbsp;'


@needs_browser
@pytest.mark.parametrize('place', ['g', 'tr'])
def test_a_click_on_a_segment_plays_it(page: Path, tmp_path: Path, place: str) -> None:
    action = (
        f'document.querySelector(\'{place}.segment[data-start="4"]\')'
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    # It plays from its start on: the video does not stand still, and the mark follows.
    until = 'video.currentTime > 4.1 && !video.paused && (video.pause(), true)'
    tree = visit(page, tmp_path, action=action, until=until).tree
    assert marked(tree) == [('g', 4.0), ('tr', 4.0)]
    assert moment(tree) == '&lt;b&gt;run&lt;/b&gt; &amp; "jump" (1.00)'


@needs_browser
def test_marks_follow_the_video_while_it_plays(page: Path, tmp_path: Path) -> None:
    action, until = 'video.currentTime = 3.7; video.play()', 'video.currentTime > 4.2'
    tree = visit(page, tmp_path, action=action, until=f'{until} && (video.pause(), true)').tree
    assert marked(tree) == [('g', 4.0), ('tr', 4.0)]


@needs_browser
def test_a_click_beside_segments_jumps_and_unlikely_ones_are_left_out(
    page: Path, tmp_path: Path
) -> None:
    action = (
        "const box = document.getElementById('ground').getBoundingClientRect();"
        "document.getElementById('ground').dispatchEvent(new MouseEvent('click', "
        '{clientX: box.left + 0.25 * box.width, clientY: box.top + 3}));'
        "const least = document.getElementById('least'); least.value = 0.5;"
        "least.dispatchEvent(new Event('input'))"
    )
    until = '!video.seeking && Math.abs(video.currentTime - 2.5) < 0.05'
    tree = visit(page, tmp_path, action=action, until=until).tree
    assert marked(tree) == [('g', 1.0), ('tr', 1.0)]
    assert len(re.findall(r'class="segment unlikely" data-start="0.5"', tree)) == 2


@needs_browser
def test_the_screenshot_shows_the_frame_and_bars_where_segments_are(
    page: Path, tmp_path: Path
) -> None:
    picture = visit(page, tmp_path, '#t=6', until=at(6)).picture.astype(int)
    video = picture[200:500, 450:550].reshape(-1, 3).mean(0)
    assert video[0] > 150 and video[2] > 150 and video[1] < 60  # magenta: the frame of second 6
    blue, red = columns(picture, BLUE), columns(picture, RED)
    # Of the segments of score 1: 2 of 10 seconds from 1 on, and 4 of them from 4 on.
    second = (red[1] - red[0]) / 4
    assert second > 50
    assert (blue[1] - blue[0]) / second == pytest.approx(2, abs=0.1)
    assert (red[0] - blue[0]) / second == pytest.approx(3, abs=0.1)


def columns(picture: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int]:
    """First and last column of the longest horizontal stripe of a colour."""
    equal = np.abs(picture - colour).max(-1) <= 2
    row = equal[equal.sum(1).argmax()]
    places = np.flatnonzero(row)
    return int(places[0]), int(places[-1]) + 1


@pytest.mark.parametrize(('duration', 'last', 'count'), [
    (0.4, 0, 1), (10, 10, 6), (62.5, 60, 7), (300, 300, 6), (7200, 7200, 9), (90000, 86400, 9),
])  # fmt: skip
def test_ticks_are_round_times(duration: float, last: float, count: int) -> None:
    ticks = time_ticks(duration)
    assert ticks[0] == 0 and ticks[-1] == last and len(ticks) == count


def test_no_segments_and_wrong_input(page: Path, tmp_path: Path) -> None:
    video: Any = page.parents[1] / 'a.mp4'
    empty = write_segment_page(tmp_path / 'b.html', video, [], 10.0, 'b').read_text()
    assert empty.count('no segments') == 2
    with pytest.raises(ValueError, match='must be positive, got 0'):
        write_segment_page(tmp_path / 'c.html', video, [], 0.0, 'c')
    with pytest.raises(ValueError, match='must end in'):
        write_segment_page(tmp_path / 'c.html', 'a.avi', [], 1.0, 'c')
    assert not (tmp_path / 'c.html').exists()
