"""Contract: a feed gives every frame once, with its time."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmvideomae.video.feeds import open_feed
from mmvideomae.video.readers import VideoReadError, open_reader
from tests.support.videos import frame_number, numbered_frames, write_video


def test_a_file_gives_its_frames_at_their_times(tmp_path: Path) -> None:
    seconds = [0, 0.1, 0.3, 0.35, 0.6]
    video = write_video(tmp_path / 'v.mp4', numbered_frames(5), seconds=seconds)
    for paced in (False, True):
        began = time.monotonic()
        with open_feed(str(video), paced=paced) as feed, open_reader(video) as reader:
            found = list(feed)
            assert (feed.fps, feed.duration) == (reader.fps, reader.duration)
        took = time.monotonic() - began
        assert took >= 0.6 or not paced
        assert [frame_number(picture) for _, picture in found] == [0, 1, 2, 3, 4]
        assert [now for now, _ in found] == pytest.approx(seconds, abs=1e-4)
        assert feed.usual == pytest.approx(np.median(np.diff(seconds)), abs=1e-4)
        assert feed.waits and feed.ahead is paced


def test_a_folder_of_frames_is_a_feed(tmp_path: Path) -> None:
    for number, picture in enumerate(numbered_frames(3), 1):
        cv2.imwrite(str(tmp_path / f'img_{number:05}.jpg'), picture)
    with open_feed(tmp_path, fps=5, paced=False) as feed:
        assert [(now, frame_number(picture)) for now, picture in feed] == [
            (0, 0),
            (0.2, 1),
            (0.4, 2),
        ]
        assert feed.duration == pytest.approx(0.6)


class Capture:
    """A camera of OpenCV that shows three pictures."""

    def __init__(self, source: int | str) -> None:
        self.source, self.left, self.open = source, 3, True

    def get(self, what: int) -> float:
        assert what == cv2.CAP_PROP_FPS
        return 20.0

    def read(self) -> tuple[bool, np.ndarray]:
        self.left -= 1
        time.sleep(0.02)
        return self.left >= 0, np.full((800, 1200, 3), (10, 20, 30 + self.left), np.uint8)

    def release(self) -> None:
        self.open = False


@pytest.mark.parametrize(('source', 'opened'), [(0, 0), ('1', 1), ('rtsp://x/y', 'rtsp://x/y')])
def test_a_camera_gives_its_frames_as_they_arrive(
    monkeypatch: pytest.MonkeyPatch, source: int | str, opened: int | str
) -> None:
    made: list[Capture] = []
    monkeypatch.setattr(cv2, 'VideoCapture', lambda name: made.append(Capture(name)) or made[0])
    with open_feed(source) as feed:
        found = list(feed)
        assert made[0].source == opened and made[0].open
    assert not made[0].open and not feed.waits and feed.ahead
    assert [picture[0, 0].tolist() for _, picture in found] == [[32 - i, 20, 10] for i in range(3)]
    assert found[0][1].shape == (800, 1200, 3)  # the pipeline resizes it, as it does a file's
    times = [now for now, _ in found]
    assert times[0] == 0 and times == sorted(times) and times[-1] >= 0.02
    assert feed.duration == times[-1] + 1 / 20


@pytest.mark.parametrize('source', ['none.mp4', 'text.mp4', '99'])
def test_what_gives_no_frame_is_named(tmp_path: Path, source: str) -> None:
    (tmp_path / 'text.mp4').write_text('no video\n' * 50)
    place = source if source.isdigit() else str(tmp_path / source)
    with pytest.raises(VideoReadError, match=source), open_feed(place):
        pass
