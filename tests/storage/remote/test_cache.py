"""Contract: the cache keeps within its bound, whoever writes, and returns whole bytes or none."""

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.storage import in_turn
from mmvideomae.storage.remote import ByteCache


def bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob('*/*'))


def put_many(folder: Path, most: int, seed: int) -> None:
    cache = ByteCache(folder, most)
    rng = np.random.default_rng(seed)
    for _ in range(60):
        name = f'{rng.integers(40):040x}'
        held = cache.get(name)
        assert held is None or held == name.encode() * (len(held) // 40)
        cache.put(name, name.encode() * int(rng.integers(1, 30)))
        with in_turn(folder):
            assert bytes_in(folder) <= most


def test_what_is_put_is_there_for_others(tmp_path):
    ByteCache(tmp_path, 10**6).put('ab', b'data')
    other = ByteCache(tmp_path, 10**6)
    assert 'ab' in other and other.get('ab') == b'data'
    other.drop('ab')
    assert 'ab' not in other and other.get('ab') is None


def test_the_least_recently_used_goes_first(tmp_path):
    cache = ByteCache(tmp_path, 1000)
    for number, name in enumerate('abcd'):
        cache.put(name * 2, bytes(200))
        os.utime(tmp_path / (name * 2) / (name * 2), ns=(number, 5))
    assert ByteCache(tmp_path, 1000).get('aa') == bytes(200)
    cache.put('ee', bytes(200))
    held = [name for name in 'abcde' if name * 2 in cache]
    assert held == ['a', 'c', 'd', 'e']
    assert (tmp_path / 'aa' / 'aa').stat().st_mtime_ns == 5  # reading does not change files


def test_processes_share_one_bound(tmp_path):
    fork = multiprocessing.get_context('fork')
    workers = [fork.Process(target=put_many, args=(tmp_path, 20_000, seed)) for seed in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert 10_000 < bytes_in(tmp_path) <= 20_000
    assert int((tmp_path / 'total').read_text()) == bytes_in(tmp_path)


@pytest.mark.parametrize('content', [b'', b'da', b'dat_\x00\x00\x00\x00', b'data' + bytes(5)])
def test_what_a_power_cut_left_is_not_taken_for_data(tmp_path, content):
    ByteCache(tmp_path, 1000).put('ab', b'data')
    (tmp_path / 'ab' / 'ab').write_bytes(content)
    assert ByteCache(tmp_path, 1000).get('ab') is None


def test_a_lost_count_is_made_again(tmp_path):
    ByteCache(tmp_path, 1000).put('ab', bytes(300))
    for lost in ('', 'x'):
        (tmp_path / 'total').write_text(lost)
        ByteCache(tmp_path, 1000).put('cd', bytes(100))
        assert int((tmp_path / 'total').read_text()) == bytes_in(tmp_path)


def test_what_is_too_large_is_not_kept_but_stands_for_the_next_opening(tmp_path):
    cache = ByteCache(tmp_path, 0)
    cache.put('ab', b'data')
    assert cache.get('ab') == b'data' and not list(tmp_path.iterdir())
    for name in 'cdef':
        cache.put(name, b'other')
    assert cache.get('ab') is None


def test_a_folder_that_takes_nothing_does_no_harm(tmp_path):
    (tmp_path / 'file').touch()
    cache = ByteCache(tmp_path / 'file', 1000)
    cache.put('ab', b'data')
    assert cache.get('ab') == b'data' and 'ab' not in cache
