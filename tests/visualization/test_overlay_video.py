"""Contract: a video is rewritten with the overlay, each frame at its own time."""

from pathlib import Path

import numpy as np
import pytest

from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream
from mmvideomae.visualization.overlay_video import overlay_video
from tests.support.videos import make_broken_video, moving_shapes, write_video


def test_every_frame_is_drawn_on_at_its_time(tmp_path: Path) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(20, 48, 64), fps=10)
    times: list[float] = []
    seen: list[tuple[int, int]] = []

    def draw(frame: np.ndarray, now: float) -> np.ndarray:
        times.append(now)
        return np.full_like(frame, round(now * 100))

    path = tmp_path / 'out/b.mp4'
    stream = FileStream(tmp_path / 'a.mp4')
    assert overlay_video(stream, path, draw, lambda *now: seen.append(now)) == path
    assert times == pytest.approx(np.arange(20) / 10) and seen[-1] == (20, 20)
    written = FileStream(path)
    with written:
        assert written.times == pytest.approx(np.arange(20) / 10, abs=1e-3)
        greys = [frame.mean() for _, frame in written.in_order(range(20))]
    assert greys == pytest.approx(np.arange(20) * 10, abs=4)


def test_a_video_is_not_replaced_and_nothing_is_left_of_a_broken_one(tmp_path: Path) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(5, 48, 64), fps=10)
    with pytest.raises(ValueError, match='is the video itself'):
        overlay_video(FileStream(tmp_path / 'a.mp4'), tmp_path / 'a.mp4', lambda frame, _: frame)
    make_broken_video('truncated', tmp_path / 'c.mp4')
    with pytest.raises(VideoReadError):
        overlay_video(FileStream(tmp_path / 'c.mp4'), tmp_path / 'o/d.mp4', lambda frame, _: frame)
    assert not list(tmp_path.glob('o/*'))
