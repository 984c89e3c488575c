"""Readers return frames in the requested order, decode each once, and name the file on failure."""

import pickle
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.video.readers import VideoReader, VideoReadError
from mmvideomae.video.readers.base import cause_of


class CountingReader(VideoReader):
    """Ten frames whose pixels are their numbers; remembers what it decoded."""

    def __init__(self) -> None:
        super().__init__('ten.mp4')
        self.decoded: list[int] = []

    def __len__(self) -> int:
        return 10

    @property
    def fps(self) -> float:
        return 25.0

    def close(self) -> None:
        self.decoded = []

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        for index in indices.tolist():
            self.decoded.append(index)
            yield index, np.full((4, 6, 3), index, np.uint8)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_any_order_with_repeats_is_decoded_once_each(indices: list[int]) -> None:
    reader = CountingReader()
    frames = reader.read(indices)
    assert frames.shape == (len(indices), 4, 6, 3) and frames.dtype == np.uint8
    assert frames[:, 0, 0, 0].tolist() == indices
    assert reader.decoded == sorted(set(indices))


@pytest.mark.parametrize(('indices', 'first'), [([0, -1], -1), ([3, 10, 12], 10)])
def test_index_outside_names_index_range_and_file(indices: list[int], first: int) -> None:
    with pytest.raises(IndexError, match=rf"frame {first} is outside 0\.\.9 of 'ten.mp4'"):
        CountingReader().read(indices)


@pytest.mark.parametrize('indices', [[], [[0, 1]], [0.0, 1.0], [True]])
def test_what_is_no_row_of_integers_is_refused(indices: Sequence[int]) -> None:
    with pytest.raises(ValueError, match='non-empty row of integers'):
        CountingReader().read(indices)


def test_error_survives_pickling_between_processes() -> None:
    error = pickle.loads(pickle.dumps(VideoReadError('a b/ü.mp4', 'half of it is missing')))
    assert isinstance(error, RuntimeError)
    assert (error.path, error.reason) == ('a b/ü.mp4', 'half of it is missing')
    assert str(error) == "cannot read video 'a b/ü.mp4': half of it is missing"


def test_leaving_the_context_closes() -> None:
    with CountingReader() as reader:
        reader.read([1])
        assert reader.decoded
    assert not reader.decoded


def test_reason_is_one_short_line() -> None:
    assert cause_of(ValueError('a\n  b')) == 'a b'
    assert cause_of(ValueError('x' * 1000)) == 'x' * 197 + '...'
