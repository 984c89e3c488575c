"""Contract: pictures contain exactly the labelled frames, aligned, with room for their text."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.models.targets.pixels import NOTES
from mmvideomae.visualization import figure as figures
from mmvideomae.visualization.figure import Figure, draw_animation, draw_picture, pick_frames
from mmvideomae.visualization.reconstruction import (
    Reconstruction,
    masked_frames,
    reconstructed_frames,
)


def _figure(frames: int = 8, side: int = 32, views: int = 2, title: str = 'clip.mp4') -> Figure:
    rng = np.random.default_rng(0)
    clip = rng.integers(0, 256, (frames, side, side, 3), dtype=np.uint8)
    seen = rng.random((views, frames, 4, 4)) < 0.3
    return Figure(
        clip,
        [
            Reconstruction(
                seen=seen[k],
                predicted=~seen[k],
                pixels=rng.random(clip.shape).astype(np.float32),
                masked_share=0.75 + 0.1 * k,
                note=NOTES['raw'],
                loss=0.5,
            )
            for k in range(views)
        ],
        np.arange(frames) * 0.16,
        title,
    )


def _find(picture: np.ndarray, frame: np.ndarray) -> tuple[int, int]:
    """Top left corner of the one place where a frame (enlarged 4 times) is found pixel by pixel."""
    cell = frame.repeat(4, axis=0).repeat(4, axis=1)
    height, width = cell.shape[:2]
    down, across = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    candidates = np.ones((down, across), bool)
    for y, x in np.random.default_rng(0).integers(0, (height, width), (4, 2)):
        candidates &= (picture[y : y + down, x : x + across] == cell[y, x]).all(-1)
    places = [
        (y, x)
        for y, x in zip(*np.nonzero(candidates), strict=True)
        if np.array_equal(picture[y : y + height, x : x + width], cell)
    ]
    assert len(places) == 1
    return int(places[0][0]), int(places[0][1])


def _rows(figure: Figure, picks: Sequence[int]) -> list[np.ndarray]:
    rows = [figure.clip[picks]]
    for view in figure.views:
        rows.append(masked_frames(figure.clip, view)[picks])
        rows.append(reconstructed_frames(figure.clip, view)[picks])
    return rows


@pytest.mark.parametrize('layout', ['stacked', 'side_by_side'])
def test_picture_holds_every_frame_once_in_rows_and_columns(layout: str) -> None:
    figure = _figure()
    picture = draw_picture(figure, layout, num_frames=4)
    places = np.array(
        [[_find(picture, frame) for frame in row] for row in _rows(figure, [0, 2, 4, 6])]
    )
    down, across = (0, 1) if layout == 'stacked' else (1, 0)
    assert (places[:, :, down] == places[:, :1, down]).all()  # a row of the list is on one line
    assert (places[:, :, across] == places[:1, :, across]).all()
    assert (np.diff(places[0, :, across]) >= 128).all() and (
        np.diff(places[:, 0, down]) >= 128
    ).all()


def test_animation_shows_frame_by_frame() -> None:
    figure = _figure(frames=4, views=2)
    pages = draw_animation(figure)
    assert len(pages) == 4 and pages.shape[1] % 2 == pages.shape[2] % 2 == 0
    for step, page in enumerate(pages):
        for view in figure.views:
            masked = _find(page, masked_frames(figure.clip, view)[step])
            rebuilt = _find(page, reconstructed_frames(figure.clip, view)[step])
            assert masked[1] == rebuilt[1] and masked[0] < rebuilt[0]


def test_small_frames_grow_and_large_ones_stay() -> None:
    for side, shown in ((32, 128), (224, 224)):
        table, ys, xs = figures._tiled(np.zeros((1, 2, side, side, 3), np.uint8), [0], [0, 1])
        assert table.shape == (shown, 2 * shown + 14, 3)
        assert (ys, xs) == ([shown / 2], [shown / 2, shown * 1.5 + 14])


def test_text_is_drawn_and_never_cut() -> None:
    narrow = draw_picture(_figure(views=1, title=''), num_frames=1)
    wide = draw_picture(_figure(views=1, title='a long $name$ ' * 20), num_frames=1)
    assert wide.shape[1] > 1000 > narrow.shape[1] and wide.shape[0] > narrow.shape[0]
    for picture in (narrow, wide):
        for edge in (picture[:, -10:], picture[:, :10], picture[-8:], picture[:8]):
            assert (edge == 255).all()  # the margin stays white


def test_picture_tells_where_brightness_came_from() -> None:
    figure = _figure(views=1)
    assert 'ground-truth' in NOTES['ground_truth'] and NOTES['raw'] in figures._note(figure)
    other = Figure(
        figure.clip,
        [
            Reconstruction(
                view.seen, view.predicted, view.pixels, view.masked_share, NOTES['none'], view.loss
            )
            for view in figure.views
        ],
        figure.seconds,
        figure.title,
    )
    assert not np.array_equal(draw_picture(figure), draw_picture(other))


def test_mask_labels_round_as_the_papers_do() -> None:
    label = {
        share: figures._mask_label(Reconstruction(*[np.zeros(1)] * 3, share, ''))
        for share in (147 / 196, 176 / 196, 186 / 196, 0.875)
    }
    assert list(label.values()) == ['mask 75 %', 'mask 90 %', 'mask 95 %', 'mask 87.5 %']


@given(frames=st.integers(1, 40), count=st.integers(1, 50))
def test_picked_frames_are_ascending_and_hold_the_middle(frames: int, count: int) -> None:
    figure = Figure(np.zeros((frames, 1, 1, 3), np.uint8), [], np.zeros(frames))
    picks = pick_frames(figure, count)
    assert len(picks) == min(frames, count) and frames // 2 in picks
    assert picks == sorted(set(picks)) and picks[0] >= 0 and picks[-1] < frames


def test_unknown_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown layout 'ring'"):
        draw_picture(_figure(), 'ring')
