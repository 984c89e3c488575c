"""Contract: a label is at the bottom of a frame, on one line that fits."""

import numpy as np
import pytest

from mmvideomae.visualization.fonts import font
from mmvideomae.visualization.overlay import draw_label, fitting_text

BAR = (88, 166, 255)


@pytest.mark.parametrize('shape', [(240, 320, 3), (64, 48, 3), (32, 32, 3)])
def test_label_is_drawn_at_the_foot_alone(shape: tuple[int, ...]) -> None:
    frame = np.full(shape, 128, np.uint8)
    drawn = draw_label(frame, 'pretending to take something out of something', 0.5, '0:01 of 0:09')
    assert drawn.shape == shape and (frame == 128).all()
    assert (drawn[: shape[0] // 5] == 128).all() and (drawn[-1] != 128).any()
    bar = (drawn[-1] == BAR).all(-1)
    assert bar.sum() == pytest.approx(shape[1] / 2, abs=2) and bar[0]


def test_notes_stand_only_where_they_fit() -> None:
    frame = np.full((200, 300, 3), 128, np.uint8)
    bare = draw_label(frame, 'run', 0.5)
    assert (draw_label(frame, 'run', 0.5, '0:01') != bare).any()
    assert (draw_label(frame, 'run', 0.5, 'much too long for a frame ' * 5) == bare).all()


@pytest.mark.parametrize('label', ['a\nb', 'a\r\n\tb', 'a\x00b', 'a\u2028b', '\ud800 x', '\n', ''])
def test_labels_stand_on_one_line(label: str) -> None:
    """Pillow refuses to measure several lines."""
    text, length = fitting_text(label, ' 9 %', 12, 200)
    assert '\n' not in text and text.endswith(' 9 %') and length <= 200
    frame = np.zeros((48, 64, 3), np.uint8)
    assert draw_label(frame, label, 0.5, note=label).shape == frame.shape


def test_long_labels_are_cut_where_they_end_to_fit() -> None:
    label = 'walking the dog ' * 5000
    text, length = fitting_text(label, ' 9 %', 12, 200)
    assert text.endswith('... 9 %') and label.startswith(text[: -len('... 9 %')])
    wider = label[: len(text) - len('... 9 %') + 2].rstrip() + '... 9 %'
    assert length <= 200 < font(12).getlength(wider)
