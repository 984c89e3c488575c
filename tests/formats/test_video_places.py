"""Contract: each video's file, first second and rate are found, or the missing one is named."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from fsspec import AbstractFileSystem

from mmvideomae.analysis.servers import serve_folder
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.storage.remote import AddressError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_are_found_by_suffix(tmp_path: Path) -> None:
    touch(tmp_path, 'a.mkv', 'a.mp4', 'b.webm', 'c.txt', 'd.MTS', 'sub/e.1.f4v')
    places = VideoPlaces(folder=str(tmp_path), start_second=900)
    assert places.find('a', 902.0) == {'filename': str(tmp_path / 'a.mp4'), 'start_second': 900}
    assert places.find('b', 902.0)['filename'].endswith('b.webm')
    assert places.find('c', 902.0) is None
    assert places.find('d', 902.0)['filename'].endswith('d.MTS')
    assert places.find('sub/e.1', 902.0)['filename'].endswith('sub/e.1.f4v')
    assert places.find('sub/e', 902.0) is places.find('gone/e', 902.0) is None
    assert places.wanted('c') == f'{tmp_path / "c"} with the suffix of a video'
    touch(tmp_path, 'new.mp4')
    os.utime(tmp_path, ns=(1, 1))  # clocks of file systems may be coarse
    assert places.find('new', 902.0) is not None
    other = VideoPlaces.of({'folder': str(tmp_path), 'suffixes': ['.mkv']})
    assert other.find('a', 0.0)['filename'].endswith('a.mkv') and other.find('b', 0.0) is None
    assert other.wanted('c') == f'{tmp_path / "c"} with .mkv'


def test_folders_of_frames_are_told_their_names_and_rate(tmp_path: Path) -> None:
    touch(tmp_path, 'a/a_000001.jpg', 'b.mp4')
    places = VideoPlaces(
        folder=str(tmp_path), filename_tmpl='{video}_{:06}.jpg', fps=30, start_second=900
    )
    assert places.find('a', 902.0) == {
        'filename': str(tmp_path / 'a'),
        'start_second': 900,
        'filename_tmpl': 'a_{:06}.jpg',
        'fps': 30,
    }
    assert replace(places, start_index=5).find('a', 902.0)['start_index'] == 5
    assert places.find('b', 902.0) is None
    assert places.wanted('b') == f'the folder {tmp_path / "b"}'
    touch(tmp_path, '{x}/1')
    assert places.find('{x}', 1.0)['filename_tmpl'].format(3) == '{x}_000003.jpg'


def test_names_of_clips_say_where_they_begin(tmp_path: Path) -> None:
    """AVA-Kinetics: clips of Kinetics and AVA's videos, named by clip or by source."""
    touch(tmp_path, 'a_b.mp4', 'x_000012_000022.mp4', 'some class/x_000100_000110.mp4')
    places = VideoPlaces(folder=str(tmp_path), start_second='name')
    assert places.find('a_b', 902.0)['start_second'] == 900
    assert places.find('x_000012_000022', 15.0) == {
        'filename': str(tmp_path / 'x_000012_000022.mp4'),
        'start_second': 12,
    }
    for second, start in ((12, 12), (21.9, 12), (105, 100)):
        assert places.find('x', second)['start_second'] == start
    assert places.find('x', 50.0) is None and places.find('y', 5.0) is None
    below = places.find('x_000100_000110', 105.0)
    assert below['filename'] == str(tmp_path / 'some class' / 'x_000100_000110.mp4')
    assert places.source_id('x_000012_000022') == 'x' and places.source_id('a_b') == 'a_b'
    assert ' or ' in places.wanted('x') and 'x_START_END' in places.wanted('x')
    assert VideoPlaces(folder='.', start_second='name', unnamed_start=0)._start('a_b') == 0


def test_folders_of_frames_are_named_so_too(tmp_path: Path) -> None:
    touch(tmp_path, 'x_000012_000022/img_00001.jpg')
    places = VideoPlaces(
        folder=str(tmp_path), filename_tmpl='img_{:05}.jpg', fps=30, start_second='name'
    )
    for name in ('x', 'x_000012_000022'):
        found = places.find(name, 15.0)
        assert found['start_second'] == 12 and found['filename_tmpl'] == 'img_{:05}.jpg'


@pytest.mark.parametrize('head', ['', 'video,path,start_second,fps\n'])
def test_a_table_lists_path_start_and_rate(tmp_path: Path, head: str) -> None:
    touch(tmp_path, 'sub/one.mp4', 'two/img_00001.jpg')
    table = tmp_path / 'videos.csv'
    table.write_text(
        f'{head}a,sub/one.mp4,0.5,25\nb,two,900,12.5\nc,gone.mp4,0\n"d,e",{tmp_path}/sub/one.mp4,0\n'
    )
    places = VideoPlaces(table=str(table))
    assert places.find('a', 1.0) == {
        'filename': str(tmp_path / 'sub' / 'one.mp4'),
        'start_second': 0.5,
    }
    assert places.find('b', 901.0) == {
        'filename': str(tmp_path / 'two'),
        'start_second': 900,
        'filename_tmpl': 'img_{:05}.jpg',
        'fps': 12.5,
    }
    assert places.find('c', 1.0) is None and places.find('z', 1.0) is None
    assert places.find('d,e', 1.0)['start_second'] == 0
    assert places.wanted('z') == f'a line of {table}'
    assert places.wanted('c') == f'{tmp_path / "gone.mp4"} ({table})'
    elsewhere = VideoPlaces(table=str(table), folder=str(tmp_path / 'sub' / '..'))
    assert Path(elsewhere.find('a', 1.0)['filename']).samefile(tmp_path / 'sub' / 'one.mp4')


def test_files_at_an_address_are_found_as_in_a_folder(memory: AbstractFileSystem) -> None:
    for name in ('a.mkv', 'a.mp4', 'd.MTS', 'sub/e.1.f4v', 'class/x_000100_000110.mp4'):
        memory.pipe_file(f'/places/{name}', b'x')
    places = VideoPlaces(folder='memory://places', start_second=5)
    wanted = {'filename': 'memory://places/a.mp4', 'start_second': 5}
    assert places.find('a', 6.0) == wanted
    assert places.find('d', 6.0)['filename'] == 'memory://places/d.MTS'
    assert places.find('sub/e.1', 6.0)['filename'] == 'memory://places/sub/e.1.f4v'
    assert places.find('e.1', 6.0) is places.find('gone', 6.0) is None
    assert places.wanted('gone') == 'memory://places/gone with the suffix of a video'
    clips = VideoPlaces(folder='memory://places', start_second='name')
    found = clips.find('x', 105.0)
    assert found == {'filename': 'memory://places/class/x_000100_000110.mp4', 'start_second': 100}
    memory.pipe_file('/places/t.csv', b'v,sub/e.1.f4v,7\nw,gone.mp4,0\nu,memory://places/a.mkv,1\n')
    table = VideoPlaces(table='memory://places/t.csv')
    assert table.find('v', 0.0)['filename'] == 'memory://places/sub/e.1.f4v'
    assert table.find('u', 0.0) == {'filename': 'memory://places/a.mkv', 'start_second': 1}
    assert table.find('w', 0.0) is None and 'memory://places/gone.mp4 (' in table.wanted('w')


def test_a_web_server_without_lists_is_asked_for_names(tmp_path: Path, cache: Path) -> None:
    touch(tmp_path, 'a.webm', 'b.mpg', 'sub/c.mp4')
    server = serve_folder(tmp_path)
    places = VideoPlaces(folder=f'{server.address}?sig=hush')
    assert places.find('a', 0.0)['filename'] == f'{server.address}/a.webm?sig=hush'
    assert places.find('sub/c', 0.0)['filename'] == f'{server.address}/sub/c.mp4?sig=hush'
    assert places.find('b', 0.0) is None
    assert places.wanted('b').endswith('with .mp4 or .mkv or .webm or .avi')
    named = VideoPlaces(folder=server.address, suffixes=('.mpg',))
    assert named.find('b', 0.0)['filename'] == f'{server.address}/b.mpg'
    assert named.find('a', 0.0) is None and named.wanted('a') == f'{server.address}/a with .mpg'
    server.failures = [403] * 2
    with pytest.raises(AddressError, match=r'd\.mpg: access is denied'):
        named.find('d', 0.0)
    server.stop()


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('a,one.mp4', ':2: expected video,path,start_second'),
        ('a,,0', ':2: expected video,path,start_second'),
        ('a,one.mp4,soon', ":2: start_second 'soon' is not a number"),
        ('a,one.mp4,nan', ":2: start_second 'nan' is not a number"),
        ('a,one.mp4,0,fast', ":2: fps 'fast' is not a number"),
        ('a,one.mp4,0,0', ":2: fps '0' is not a positive number"),
        ('x,other.mp4,0', ":2: video 'x' already has a line"),
        ('a,frames,0', ':2: .*frames is a folder of frames and needs its fps'),
    ],
)
def test_faults_of_a_table_say_where(tmp_path: Path, line: str, message: str) -> None:
    touch(tmp_path, 'frames/img_00001.jpg')
    (tmp_path / 'videos.csv').write_text(f'x,x.mp4,0\n{line}\n')
    with pytest.raises(AnnotationError, match=f'videos.csv{message}'):
        VideoPlaces(table=str(tmp_path / 'videos.csv')).find('a', 0.0)


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        ({}, 'need folder=FOLDER or table=FILE'),
        ({'folder': 'v', 'start': 3}, 'unknown keys of videos: start; known: folder, '),
        ({'folder': 'v', 'start_second': 'file'}, "number of seconds or 'name', got 'file'"),
        ({'folder': 'v', 'start_second': float('nan')}, "number of seconds or 'name', got nan"),
        ({'folder': 'v', 'filename_tmpl': '{}.jpg'}, 'folders of frames need fps'),
        ({'folder': 'v', 'fps': 0}, 'fps of videos must be positive, got 0'),
        (
            {'folder': 's3://a/b', 'filename_tmpl': '{}.jpg', 'fps': 5},
            'folders of frames must be local, not at s3://a/b: make videos of them',
        ),
    ],
)
def test_contradictions_are_refused(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VideoPlaces.of(config)


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(AnnotationError, match=r'cannot read the table of videos gone\.csv'):
        VideoPlaces(table='gone.csv').find('a', 0.0)
