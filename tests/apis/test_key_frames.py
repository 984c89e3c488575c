"""Contract: key frames follow the frames' own times, and streams and files agree."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.apis.key_frames import key_frame_record, open_place, seconds_of
from mmvideomae.datasets.transforms import OpenVideo, ReadFrames, SampleKeyFrameClip
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.video.streams import open_stream
from tests.support.videos import frame_number, numbered_frames, write_video

# 25 frames in the first second, then 2 a second: the last one ends with second 9.5.
TIMES = np.concatenate([np.arange(25) / 25, 1 + np.arange(17) / 2])


class Stream:
    """A video that has times and no pictures."""

    path = 'memory'

    def __init__(self, times: np.ndarray, duration: float) -> None:
        self.times, self.duration, self.fps = times, duration, len(times) / duration

    def __len__(self) -> int:
        return len(self.times)


@pytest.fixture(scope='module', params=['v.mp4', 'v.mkv'])
def uneven(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('uneven') / request.param
    return write_video(path, numbered_frames(42), seconds=TIMES.tolist())


def test_files_of_an_uneven_rate_give_the_frame_of_the_second(uneven: Path) -> None:
    sampler = SampleKeyFrameClip(clip_len=4, stride=4, fps=8)
    with open_stream(uneven) as stream:
        assert seconds_of(stream, 1.0) == list(range(10))
        for second in (901, 905, 909):
            place = {'filename': str(uneven), 'video_id': 'v', 'second': second}
            one = sampler(OpenVideo()({**place, 'start_second': 900.0}))
            other = key_frame_record(stream, 'v', second, 900.0)
            clip = sampler(dict(other))['frame_inds']
            assert one['frame_inds'].tolist() == clip.tolist()
            read = ReadFrames()(one)
            assert [frame_number(frame) for frame in read['imgs']] == clip.tolist()
            np.testing.assert_allclose(read['frame_seconds'], TIMES[clip], atol=1e-3)
            moments = second - 900 + (np.arange(4) * 4 - 7) / 8
            shown = [max(n for n, t in enumerate(TIMES) if t <= max(m, 0)) for m in moments]
            assert np.abs(clip - shown).max() <= 1
            assert other['key_frame'] == np.searchsorted(TIMES, second - 900)


@pytest.mark.parametrize('first', [0, 1, 12])
def test_key_frames_of_folders_follow_their_numbering(first: int, tmp_path: Path) -> None:
    (tmp_path / 'v').mkdir()
    for number, frame in enumerate(numbered_frames(20), first):
        cv2.imwrite(str(tmp_path / 'v' / f'img_{number:05}.jpg'), frame)
    places = VideoPlaces(
        folder=str(tmp_path), filename_tmpl='img_{:05}.jpg', fps=10, start_second=900
    )
    place = places.find('v', 901.2)
    assert place is not None
    clip = SampleKeyFrameClip(clip_len=1, stride=1, phase=0)(
        OpenVideo()({**place, 'video_id': 'v', 'second': 901.2})
    )
    assert [frame_number(frame) for frame in ReadFrames()(clip)['imgs']] == [12]
    with open_place(place) as stream:
        number = key_frame_record(stream, 'v', 901.2, 900.0)['key_frame']
        assert (number, frame_number(stream.read([number])[0])) == (12, 12)


@given(
    gaps=st.lists(st.sampled_from([0.04, 0.2, 0.5, 3.0, 90.0, 86400.0]), min_size=1, max_size=30),
    step=st.sampled_from([0.1, 0.5, 1.0, 7.0]),
    start=st.sampled_from([0.0, 0.3, 900.0]),
)
def test_moments_cover_the_video_and_are_bounded_by_its_frames(
    gaps: list[float], step: float, start: float
) -> None:
    edges = np.concatenate([[0.0], np.cumsum(gaps)])
    found = seconds_of(Stream(edges[:-1], float(edges[-1])), step, start)
    assert len(found) <= 10 * len(gaps)
    assert found == sorted(set(found))
    if found == [start]:
        return
    held = np.searchsorted(edges, np.array(found) - start + 1e-6, side='right')
    for frame in range(1, len(edges)):
        low, high = start + edges[frame - 1], start + edges[frame]
        inside = [n for n in range(int(low / step) - 1, int(low / step) + 13)
                  if low - 1e-6 <= n * step < high - 1e-6]  # fmt: skip
        own = np.array(found)[held == frame]
        np.testing.assert_allclose(own, [n * step for n in inside[:10]], atol=1e-3)


def test_records_of_many_key_frames_share_the_times_of_their_video(uneven: Path) -> None:
    with open_stream(uneven) as stream:
        records: list[dict[str, Any]] = [key_frame_record(stream, 'v', s) for s in (1, 2)]
    assert records[0]['frame_times'] is records[1]['frame_times']
