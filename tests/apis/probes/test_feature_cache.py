"""Contract: features are computed once, in a bounded folder that interrupted work can continue."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.apis.probes import feature_cache
from mmvideomae.apis.probes.feature_cache import CacheFullError, Encoded, FeatureCache


class Encoder:
    """Encodes video i as the numbers from i on, and notes what it is asked."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.asked: list[int] = []
        self.stop_after = stop_after

    def __call__(self, ids: Sequence[int]) -> Iterator[Encoded]:
        for first in range(0, len(ids), 3):
            part = np.array(ids[first : first + 3])
            self.asked += part.tolist()
            if self.stop_after is not None and len(self.asked) > self.stop_after:
                raise KeyboardInterrupt
            tokens = np.broadcast_to(part[:, None, None, None], (len(part), 1, 4, 2))
            yield Encoded(tokens.astype(np.float16), tokens[:, :, 0].astype(np.float32))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four videos of 16 + 8 bytes."""
    monkeypatch.setattr(feature_cache, '_PART_BYTES', 100)


def used(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob('*.npy'))


def test_features_are_computed_once(tmp_path: Path) -> None:
    cache, encode = FeatureCache(tmp_path, 10**6), Encoder()
    first = cache.features({'weights': 'a'}, 10, True, encode)
    assert sorted(encode.asked) == [0, *range(10)]  # the first tells the sizes
    again = cache.features({'weights': 'a'}, 10, True, Encoder(stop_after=0))
    for found in (first, again):
        np.testing.assert_array_equal(found.means[:, 0, 0], np.arange(10))
        rows = found.tokens([9, 0, 5])
        assert rows.shape == (3, 1, 4, 2)
        assert rows[:, 0, 0, 0].tolist() == [9, 0, 5]


@pytest.mark.parametrize('other', [{'weights': 'b'}, {'weights': 'a', 'steps': [1]}])
def test_other_encoders_and_videos_have_other_features(
    tmp_path: Path, other: dict[str, object]
) -> None:
    cache, encode = FeatureCache(tmp_path, 10**6), Encoder()
    cache.features({'weights': 'a'}, 10, True, Encoder())
    cache.features(other, 10, True, encode)
    assert len(encode.asked) == 11


def test_interrupted_work_continues_with_the_next_part(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, 10**6)
    with pytest.raises(KeyboardInterrupt):
        cache.features({}, 10, True, Encoder(stop_after=7))
    encode = Encoder()
    found = cache.features({}, 10, True, encode)
    assert encode.asked == [4, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(found.means[:, 0, 0], np.arange(10))


def test_tokens_are_added_where_only_means_are_stored(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, 10**6)
    cache.features({}, 6, False, Encoder())
    assert not list(tmp_path.rglob('*.tokens.npy'))
    assert cache.features({}, 6, True, Encoder()).tokens([5]).flatten()[0] == 5
    cache.features({}, 6, False, Encoder(stop_after=0))  # and means are there as well


def test_the_least_recently_used_features_make_room(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, 2500)
    for number in range(2):
        cache.features({'weights': number}, 4, True, Encoder())
        os.utime(next(tmp_path.glob('*/note.json')), (number, number))
    kept, size = set(tmp_path.glob('*')), used(tmp_path)
    for place in kept:
        os.utime(place / 'note.json', (0, 0))
    cache.features({'weights': 0}, 4, True, Encoder(stop_after=0))  # used again
    cache = FeatureCache(tmp_path, size + 1500)
    cache.features({'weights': 2}, 4, True, Encoder())
    assert used(tmp_path) <= size + 1500
    cache.features({'weights': 0}, 4, True, Encoder(stop_after=0))  # is still there


def test_too_many_features_are_refused_before_they_are_computed(tmp_path: Path) -> None:
    encode = Encoder()
    with pytest.raises(CacheFullError, match=r'may take .* --cache-gb'):
        FeatureCache(tmp_path, 1000).features({}, 1000, True, encode)
    assert encode.asked == [0]
