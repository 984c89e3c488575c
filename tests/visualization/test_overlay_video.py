"""Contract: a video is rewritten with the overlay, each frame at its own time."""

from pathlib import Path

import av
import numpy as np
import pytest

from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream
from mmvideomae.visualization.browser_video import browser_video
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


def loudness(path: Path) -> list[float]:
    """Mean amplitude of the sound in tenths of a second."""
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray().astype(float) for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].sample_rate
    samples = np.abs(np.concatenate(parts, axis=1).mean(0))
    return [float(part.mean()) for part in np.array_split(samples, round(10 * len(samples) / rate))]


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.avi'])
def test_sound_is_kept_at_its_time(tmp_path: Path, name: str) -> None:
    codec = 'mpeg4' if name == 'a.avi' else 'libx264'
    video = write_video(tmp_path / name, moving_shapes(20, 48, 64), fps=10, audio=True, codec=codec)
    path = overlay_video(FileStream(video), tmp_path / 'b.mp4', lambda frame, _: frame)
    before, after = loudness(video), loudness(path)
    assert len(after) == pytest.approx(20, abs=2)
    assert min(after[1:18]) > 0.5 * np.mean(before) > 0
    with av.open(str(path)) as container:
        sound = container.streams.audio[0]
        assert float(sound.start_time * sound.time_base) == pytest.approx(0, abs=0.07)
        assert float(sound.duration * sound.time_base) == pytest.approx(2, abs=0.1)


def test_a_part_has_its_part_of_the_sound(tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(20, 48, 64), fps=10, audio=True)
    with FileStream(video) as stream:
        part = browser_video(stream, tmp_path / 'b.mp4', frames=range(5, 12))
    with av.open(str(part)) as container:
        sound = container.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(0.7, abs=0.1)


def test_damaged_sound_costs_no_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr('mmvideomae.video.sound.warn', told.append)
    video = write_video(tmp_path / 'a.mp4', moving_shapes(20, 48, 64), fps=10, audio=True)
    with av.open(str(video)) as container:
        packets = [p for p in container.demux(container.streams.audio[0]) if p.pos]
        middle = packets[len(packets) // 2]
        place = middle.pos, middle.size
    content = bytearray(video.read_bytes())
    content[place[0] : sum(place)] = bytes(255 for _ in range(place[1]))
    video.write_bytes(content)
    path = overlay_video(FileStream(video), tmp_path / 'b.mp4', lambda frame, _: frame)
    with FileStream(path) as written:
        assert len(written) == 20
    (line,) = told
    assert line.startswith(f'{video}: the copy has no sound from here on: ')
    assert len(loudness(path)) < 15
