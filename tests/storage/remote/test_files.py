"""Contract: a file elsewhere reads like a local one, by as few and as small requests as it can."""

import io
import os
import tarfile

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mmvideomae.analysis.servers import serve_folder
from mmvideomae.storage.remote import (
    AddressError,
    Head,
    Member,
    fetch_ahead,
    fetching,
    head_of,
    is_elsewhere,
    is_there,
    local_copy,
    open_bytes,
)

DATA = bytes(range(256)) * 40


@pytest.fixture
def small_blocks(monkeypatch):
    """Files above 1000 bytes are large, and are fetched by blocks of 300."""
    monkeypatch.setattr(fetching, 'WHOLE', 1000)
    monkeypatch.setattr(fetching, 'BLOCK', 300)


@pytest.fixture
def server(tmp_path, cache):
    (tmp_path / 'www').mkdir()
    served = serve_folder(tmp_path / 'www')
    yield served
    served.stop()


def tar_of(path, names):
    with tarfile.open(path, 'w') as archive:
        for name, data in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    with tarfile.open(path) as archive:
        placed = [(each.name, each.offset_data, each.size) for each in archive]
    return {name: Member(str(path), start, size, name) for name, start, size in placed}


def test_what_is_there_is_told_from_what_may_not_be_read(tmp_path, server):
    (tmp_path / 'www' / 'a').write_bytes(b'x')
    assert is_there(f'{server.address}/a') and not is_there(f'{server.address}/b')
    assert is_there(tmp_path / 'www') and not is_there(str(tmp_path / 'gone'))
    server.failures = [403] * 2
    with pytest.raises(AddressError, match='access is denied'):
        is_there(f'{server.address}/c')


steps = st.lists(
    st.tuples(st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]), st.integers(-300, 11_000),
              st.integers(-1, 2000))
)  # fmt: skip


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, size=st.sampled_from([0, 1, 999, 1000, 1001, 1200, len(DATA)]))
def test_any_reading_gives_what_a_local_file_gives(memory, small_blocks, steps, size):
    memory.pipe_file(f'/d/{size}', DATA[:size])
    with open_bytes(f'memory://d/{size}') as found, io.BytesIO(DATA[:size]) as wanted:
        for whence, offset, count in steps:
            place = {0: 0, 1: wanted.tell(), 2: size}[whence] + offset
            assert found.seek(max(0, place)) == wanted.seek(max(0, place))
            assert found.read(count) == wanted.read(count)
            assert found.tell() == wanted.tell()


def test_of_a_large_file_only_what_is_read_is_fetched(server, tmp_path, small_blocks):
    (tmp_path / 'www' / 'film').write_bytes(DATA)
    address = f'{server.address}/film'
    with io.FileIO(tmp_path / 'www' / 'film') as wanted, open_bytes(address) as film:
        for place in (0, 5000, 5100, 20):
            assert film.raw.seek(place) == wanted.seek(place) == place
            assert film.raw.read(50) == wanted.read(50)
    assert [method for method, _ in server.requests] == ['HEAD', 'GET', 'GET', 'GET']
    server.requests.clear()
    with open_bytes(address) as film:
        film.raw.seek(5000)
        assert film.raw.read(50) == DATA[5000:5050]
    assert server.requests == []


def test_a_small_file_is_fetched_once_and_kept(server, tmp_path):
    (tmp_path / 'www' / 'clip').write_bytes(DATA)
    for _ in range(3):
        fetching._cache_in.cache_clear()  # as in other processes
        with open_bytes(f'{server.address}/clip') as clip:
            assert clip.read() == DATA
    assert [method for method, _ in server.requests] == ['HEAD', 'GET']


def test_a_file_that_changed_is_fetched_anew_after_a_day(server, tmp_path, monkeypatch):
    clip, address = tmp_path / 'www' / 'clip', f'{server.address}/clip'
    clip.write_bytes(b'one')
    before = head_of(address)
    assert open_bytes(address).read() == b'one'
    clip.write_bytes(b'two')
    os.utime(clip, ns=(1, 1))
    assert open_bytes(address).read() == b'one'
    monkeypatch.setattr(fetching, '_TRUSTED', 0.0)
    assert open_bytes(address).read() == b'two'
    assert head_of(address).size == 3 and head_of(address) != before


def test_a_file_that_changes_under_its_reader_is_refused(server, tmp_path):
    clip, address = tmp_path / 'www' / 'clip', f'{server.address}/clip'
    clip.write_bytes(DATA)
    head_of(address)
    clip.write_bytes(DATA[:5000])
    with pytest.raises(AddressError, match='it has changed: bytes 0 to 10240 are not there'):
        open_bytes(address)
    assert open_bytes(address).read() == DATA[:5000]


def test_members_of_tar_files_are_ranges(server, tmp_path):
    names = {'a/b.mp4': DATA, 'c.mp4': b'', 'long' * 40: DATA[3:50]}
    members = tar_of(tmp_path / 'www' / 'x.tar', names)
    for name, member in members.items():
        assert is_elsewhere(str(member))
        there = member._replace(tar=f'{server.address}/x.tar')
        for place in (str(member), str(there)):
            assert open_bytes(place).read() == names[name]
            assert head_of(place).size == len(names[name])
    assert [method for method, _ in server.requests] == ['HEAD', 'GET', 'GET']  # one is empty


def test_members_of_a_large_local_tar_are_read_by_blocks(tmp_path, small_blocks):
    member = tar_of(tmp_path / 'x.tar', {'a': DATA})['a']
    with open_bytes(str(member)) as file:
        file.seek(4321)
        assert file.read(999) == DATA[4321:5320]


def test_a_batch_is_fetched_at_once(server, tmp_path):
    names = [f'{number}.mp4' for number in range(8)]
    for name in names:
        (tmp_path / 'www' / name).write_bytes(name.encode())
    server.latency = 0.2
    addresses = [f'{server.address}/{name}' for name in (*names, 'missing.mp4')]
    fetch_ahead([*addresses, str(tmp_path / 'local.mp4')])
    assert len(server.requests) == 2 * 8 + 3  # what is missing is asked for in every way
    server.requests.clear()
    assert [open_bytes(each).read().decode() for each in addresses[:-1]] == names
    assert server.requests == []


def test_in_a_batch_the_size_is_not_waited_for(server, tmp_path, small_blocks):
    for name, size in (('small', 900), ('film', 10_000), ('empty', 0)):
        (tmp_path / 'www' / name).write_bytes(DATA[:size])
    addresses = [f'{server.address}/{name}' for name in ('small', 'film', 'empty')]
    fetch_ahead(addresses)
    assert sorted(method for method, _ in server.requests) == ['GET'] * 3 + ['HEAD'] * 3
    server.requests.clear()
    assert open_bytes(addresses[0]).read() == DATA[:900]
    with open_bytes(addresses[1]) as film:
        assert film.raw.read(300) + film.raw.read(300) == DATA[:600]
    assert open_bytes(addresses[2]).read() == b''
    assert server.requests == []
    fetch_ahead(addresses)
    assert server.requests == []


@pytest.mark.parametrize('whole', [0, 10**6])
def test_other_libraries_get_a_copy_that_goes(server, tmp_path, monkeypatch, whole):
    monkeypatch.setattr(fetching, 'WHOLE', whole)
    (tmp_path / 'www' / 'a.mp4').write_bytes(DATA)
    with local_copy(f'{server.address}/a.mp4?x=1') as path:
        assert path.read_bytes() == DATA and path.suffix == '.mp4'
    assert not path.exists()
    with local_copy(tmp_path / 'www' / 'a.mp4') as path:
        assert path == tmp_path / 'www' / 'a.mp4'


def test_a_local_file_has_a_head_too(tmp_path):
    (tmp_path / 'a').write_bytes(DATA)
    os.utime(tmp_path / 'a', ns=(5, 7))
    assert head_of(tmp_path / 'a') == head_of(str(tmp_path / 'a')) == Head(len(DATA), '7')
    with pytest.raises(FileNotFoundError):
        head_of(tmp_path / 'b')
