"""Contract: an index says where each video lies in tar files; one of WebDataset is read, too."""

import io
import json
import tarfile

import pytest

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.shard_index import members_of, read_shard_index, shard_entry
from mmvideomae.storage.remote import open_bytes

FILES = {'./b.mp4': b'bb', 'a/v1.2.mkv': b'aaa', 'a/v1.2.json': b'{}', 'c.cls': b'1'}


def write_tar(path, names, mode='w', **options):
    with tarfile.open(path, mode, **options) as archive:
        folder = tarfile.TarInfo('a')
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_json(path, content):
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize('form', [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize('known', [True, False])
def test_every_video_is_where_its_place_says(tmp_path, monkeypatch, form, known):
    files = {**FILES, f'{"long" * 60}.mp4': b'long'}
    tar = write_tar(tmp_path / 'x.tar', files, format=form)
    with tar.open('rb') as file:
        entry = shard_entry('x.tar', tar.stat().st_size, members_of(file))
    assert entry['nsamples'] == 4 and entry['filesize'] == tar.stat().st_size
    if not known:
        del entry['members']
    places = read_shard_index(
        write_json(tmp_path / 'i.json', {'wids_version': 1, 'shardlist': [entry]})
    )
    assert list(places) == ['a/v1.2.mkv', 'b.mp4', f'{"long" * 60}.mp4']
    monkeypatch.chdir(tmp_path)
    assert [open_bytes(place).read() for place in places.values()] == [b'aaa', b'bb', b'long']


def test_an_index_may_lie_at_an_address(tmp_path, memory):
    tar = write_tar(tmp_path / 'x.tar', FILES)
    memory.pipe_file('/d/x.tar', tar.read_bytes())
    memory.pipe_file(
        '/d/i.json', json.dumps({'datasets': [{'shardlist': [{'url': 'x.tar'}]}]}).encode()
    )
    places = read_shard_index('memory://d/i.json')
    assert open_bytes(f'memory://d/{places["b.mp4"]}').read() == b'bb'


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        ([], 'an index of shards is a JSON object'),
        ({'wids_version': 1}, "has no 'shardlist', which names tar files"),
        ({'shardlist': [{'url': 'x.tar.gz'}]}, "a shard has the 'url' of a .tar, got"),
        ({'shardlist': ['x.tar']}, "a shard has the 'url' of a .tar, got 'x.tar'"),
        ({'shardlist': [{'url': 'x.tar', 'members': ['a.mp4']}]}, "'members' of x.tar must be"),
        ({'shardlist': [{'url': 'x.tar', 'members': {'a.mp4': 3}}]}, "'members' of x.tar must be"),
        ({'shardlist': [{'url': 'x.tar', 'members': {'a.txt': [0, 3]}}]}, 'hold no video'),
        ({'shardlist': [{'url': 'no.tar'}]}, r'cannot read its shard \S*no.tar: No such file'),
        ({'shardlist': [{'url': 'text.tar'}]}, r'cannot read its shard \S*text.tar: .*header'),
        (
            {'shardlist': [{'url': f'{n}.tar', 'members': {'a.mp4': [0, 3]}} for n in 'xy']},
            r'x\.tar#0\+3/a.mp4 and y\.tar#0\+3/a.mp4 have one name',
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path, content, told):
    (tmp_path / 'text.tar').write_text('text ' * 500)
    index = write_json(tmp_path / 'i.json', content)
    with pytest.raises(AnnotationError, match=f'{index}.*{told}'):
        read_shard_index(index)
