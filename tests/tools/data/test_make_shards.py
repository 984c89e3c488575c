"""Contract: make_shards.py puts each video into one tar file, under its name, and indexes it."""

import json
import shlex
import tarfile

import pytest

from mmvideomae.cli.options import parse_option
from mmvideomae.formats.shard_index import read_shard_index
from mmvideomae.storage.remote import open_bytes


@pytest.fixture
def videos(tmp_path):
    for number, name in enumerate(('b.mp4', 'a/c.mp4', 'a/v1.2.mkv', 'notes.txt')):
        path = tmp_path / 'videos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 400_000)
    return tmp_path / 'videos'


def check(out, videos, names):
    places = read_shard_index(out / 'index.json')
    assert list(places) == names
    for name, place in places.items():
        assert open_bytes(str(out / place)).read() == (videos / name).read_bytes()


def test_a_folder_becomes_tar_files_of_some_size(videos, tmp_path, call_tool):
    run = call_tool('data/make_shards.py', videos, tmp_path / 'out', '--megabytes', 1, '--json')
    assert run.code == 0
    assert [run.summary[key] for key in ('shards', 'files')] == [2, 3]
    assert run.summary['index'] == str(tmp_path / 'out/index.json')
    key, index = map(parse_option, shlex.split(run.summary['next'])[-2:])
    assert key == ('train_dataloader.dataset.sources.0.folder', None)
    assert index == ('train_dataloader.dataset.sources.0.shards', run.summary['index'])
    check(tmp_path / 'out', videos, ['a/c.mp4', 'a/v1.2.mkv', 'b.mp4'])
    sizes = [path.stat().st_size for path in (tmp_path / 'out').glob('*.tar')]
    assert max(sizes) <= 1_000_000 and len(sizes) == 2
    with tarfile.open(tmp_path / 'out' / 'shard-000000.tar') as archive:
        assert {(each.mtime, each.uid, each.uname) for each in archive} == {(0, 0, '')}


def test_a_list_says_which_and_in_which_order(videos, tmp_path, call_tool):
    (tmp_path / 'list.txt').write_text('b.mp4 1\na/c.mp4 0\nb.mp4 1\n')
    words = (tmp_path / 'list.txt', tmp_path / 'out', '--data-prefix', videos)
    assert call_tool('data/make_shards.py', *words).code == 0
    check(tmp_path / 'out', videos, ['a/c.mp4', 'b.mp4'])
    with tarfile.open(tmp_path / 'out' / 'shard-000000.tar') as archive:
        assert archive.getnames() == ['b.mp4', 'a/c.mp4']


@pytest.mark.parametrize(
    ('line', 'told'),
    [('no.mp4', 'no.mp4 is not a video file'), ('notes.txt', 'notes.txt is not a video file'),
     ('../b.mp4', 'a shard needs relative names')],
)  # fmt: skip
def test_what_a_shard_cannot_hold_is_named(videos, tmp_path, call_tool, line, told):
    (tmp_path / 'list.txt').write_text(f'b.mp4\n{line}\n')
    words = (tmp_path / 'list.txt', tmp_path / 'out', '--data-prefix', videos)
    run = call_tool('data/make_shards.py', *words)
    assert told in str(run.code) + run.err and not (tmp_path / 'out').exists()


@pytest.mark.parametrize('place', ['local', 'address'])
def test_tar_files_that_exist_are_indexed(videos, tmp_path, call_tool, memory, place):
    out, source = tmp_path / 'out', tmp_path / 'out'
    assert call_tool('data/make_shards.py', videos, out).code == 0
    wanted = json.loads((out / 'index.json').read_text())
    if place == 'address':
        memory.pipe_file('/d/shard-000000.tar', (out / 'shard-000000.tar').read_bytes())
        source = 'memory://d'
    (out / 'index.json').unlink()
    assert call_tool('data/make_shards.py', source, out, '--index').code == 0
    assert json.loads((out / 'index.json').read_text()) == wanted
    again = call_tool('data/make_shards.py', source, out, '--index')
    assert (
        'index.json exists: choose another folder, or use --overwrite'
        in str(again.code) + again.err
    )
