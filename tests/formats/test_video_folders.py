"""Folders of videos: videos are recognized by their suffixes, and other files are reported."""

import pytest

from mmvideomae.formats.text_files import AnnotationError
from mmvideomae.formats.video_folders import (
    find_videos,
    is_video_name,
    search_videos,
    video_id_of,
)


def test_folders_are_searched_for_known_extensions(tmp_path):
    for name in ('b.mp4', 'a/c.AVI', 'a/d/e f.webm', 'a/notes.txt', '._b.mp4', '.trash/g.mp4'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / 'a' / 'loop').symlink_to(tmp_path, target_is_directory=True)
    assert find_videos(tmp_path) == ['a/c.AVI', 'a/d/e f.webm', 'b.mp4']


def test_folders_without_videos_are_errors(tmp_path):
    (tmp_path / 'notes.txt').touch()
    told = r"no video below the folder .*\.mp4.*1 \.txt \(such as 'notes.txt'\)"
    with pytest.raises(AnnotationError, match=told):
        find_videos(tmp_path)
    with pytest.raises(AnnotationError, match='no such folder of videos'):
        find_videos(tmp_path / 'gone')
    with pytest.raises(AnnotationError, match=r'notes\.txt is a file: give the folder'):
        find_videos(tmp_path / 'notes.txt')


def test_video_names():
    assert is_video_name('x/Y.MP4') and not is_video_name('x.mp4/frames')
    readable = 'mts M2TS vob f4v gif asf mpg ts 3gp ogv wmv flv mxf divx mod h264'
    for name in readable.split():
        assert is_video_name(f'a.{name}')
    for name in ['txt', 'json', 'jpg', 'mp3', 'npy', 'py']:
        assert not is_video_name(f'a.{name}')


def test_only_the_suffix_of_a_video_is_no_part_of_its_name():
    for path, name in (('a/b.c.MTS', 'a/b.c'), ('a.b/c', 'a.b/c'), ('walk/v1.2', 'walk/v1.2')):
        assert video_id_of(path) == name
    assert video_id_of('./a.mp4') == 'a'


@pytest.mark.parametrize('path', ['/films/v1.2', '../films/v1.2', '/films/v1.2.mkv'])
def test_a_path_that_leads_elsewhere_is_called_by_its_name(path):
    assert video_id_of(path) == 'v1.2'


def test_what_is_left_out_of_a_folder_is_counted(tmp_path):
    assert search_videos(tmp_path_with(tmp_path, 'a.mp4')).left_out == ''
    names = ['b.TXT', 'c/d.txt', 'e', 'f.this is no suffix', *(f'g.x{n}' for n in range(9))]
    videos, left_out = search_videos(tmp_path_with(tmp_path, *names))
    assert videos == ['a.mp4']
    assert "2 .txt (such as 'b.TXT'), 2 without a known suffix (such as 'e'), 1 .x0" in left_out
    assert left_out.endswith('3 of 3 other kinds') and '\n' not in left_out


def tmp_path_with(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return folder
