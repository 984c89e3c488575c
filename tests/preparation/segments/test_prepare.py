"""Contract: your own segments are checked against their files, and become data sets."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmvideomae.datasets import VideoListDataset
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.segments.prepare import prepare_segments
from mmvideomae.preparation.segments.writing import write_prepared
from tests.support.videos import make_broken_video, moving_shapes, write_video


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """videos/{v0 .. v4}.mp4 and 'videos/sub/a b.mp4', of 4 seconds."""
    for name in ('v0', 'v1', 'v2', 'v3', 'v4', 'sub/a b'):
        write_video(tmp_path / 'videos' / f'{name}.mp4', moving_shapes(40, 32, 32), fps=10)
    return tmp_path


def csv(folder: Path, *lines: str, head: str = 'video,start,end,label') -> Path:
    path = folder / 'segments.csv'
    path.write_text('\n'.join([head, *lines]) + '\n')
    return path


PLAIN = [f'v{n}.mp4,{0.5 + n / 10},2.5,{["run", "jump"][n % 2]}' for n in range(5)]


def test_files_give_what_the_annotation_does_not_say(folder: Path) -> None:
    path = csv(folder, *PLAIN, 'sub/a b,1,4.3,run', 'v0,3,3.5,jump')
    prepared = prepare_segments(path, folder / 'videos')
    write_prepared(prepared, folder / 'out')
    assert (folder / 'out/classes.txt').read_text().split() == ['jump', 'run']
    database = json.loads((folder / 'out/annotation.json').read_text())['database']
    assert set(database) == {'v0', 'v1', 'v2', 'v3', 'v4', 'sub/a b'}
    assert database['v0']['duration'] == pytest.approx(4) and database['v0']['fps'] == 10
    assert len(database['v0']['annotations']) == 2
    subsets = [entry['subset'] for entry in database.values()]
    assert subsets.count('validation') == 1 and subsets.count('training') == 5
    summary = prepared.summary()
    assert (summary['videos'], summary['segments'], summary['training']) == (6, 7, 5)


def test_lists_are_clips_of_a_classifier(folder: Path) -> None:
    path = csv(folder, 'v0,0.5,2.5,run,training', 'v1.mp4,1,2,jump,Train',
               'sub/a b.mp4,1.0,4.3,run,val', head='video,start,end,label,subset')  # fmt: skip
    write_prepared(prepare_segments(path, folder / 'videos'), folder / 'out')
    read = [
        VideoListDataset(
            [{'ann_file': str(folder / 'out' / name), 'data_prefix': str(folder / 'videos')}],
            pipeline=[],
            labelled=True,
            serialize_data=False,
        )
        for name in ('train.csv', 'val.csv')
    ]
    rows = [
        (Path(each['filename']).name, each['start_index'], each['total_frames'], each['label'])
        for dataset in read
        for each in (dataset.get_data_info(n) for n in range(len(dataset)))
    ]
    # The last segment passes the end of its video by 0.3 s, which is tolerated and cut off.
    assert rows == [('v0.mp4', 5, 20, 1), ('v1.mp4', 10, 10, 0), ('a b.mp4', 10, 30, 1)]


def test_a_segment_that_two_lines_name_is_one(folder: Path) -> None:
    """Also where one of them names the file with its suffix."""
    prepared = prepare_segments(csv(folder, *PLAIN, PLAIN[0], 'v1,0.6,2.5,jump'), folder / 'videos')
    assert prepared.summary()['segments'] == 5
    assert 'of 7 segments 2 repeat another' in prepared.dropped
    assert prepare_segments(csv(folder, *PLAIN), folder / 'videos').dropped is None
    with pytest.raises(AnnotationError, match=r"segments.csv:2: video 'v0.mp4': .* in line 7 ends"):
        prepare_segments(csv(folder, *PLAIN, 'v0,2,1,run'), folder / 'videos')


def test_clips_of_an_uneven_rate_show_what_was_annotated(tmp_path: Path) -> None:
    """30 frames in the first second, then 2 a second; neighbouring segments share no frame."""
    times = np.concatenate([np.arange(30) / 30, 1 + np.arange(20) / 2])
    write_video(tmp_path / 'videos/v.mkv', moving_shapes(50, 32, 32), 2, seconds=times.tolist())
    path = csv(tmp_path, 'v,0,1,run', 'v,1,6.0,jump', 'v,6,11,run', 'v,10.99,11,fall')
    prepared = prepare_segments(path, tmp_path / 'videos', val_share=0)
    assert prepared.videos[0].annotation.duration == pytest.approx(11, abs=0.01)
    write_prepared(prepared, tmp_path / 'out')
    lines = (tmp_path / 'out/train.csv').read_text().split('\n')
    assert lines[:4] == ['v.mkv 0 30 2', 'v.mkv 30 10 1', 'v.mkv 40 10 2', 'v.mkv 49 1 0']


def test_every_class_keeps_a_training_video(folder: Path) -> None:
    path = csv(folder, 'v0,1,2,rare', *PLAIN[1:])
    for seed in range(5):
        prepared = prepare_segments(path, folder / 'videos', val_share=0.6, seed=seed)
        training = [v.annotation for v in prepared.videos if v.annotation.subset == 'training']
        assert {label for video in training for label in video.labels} == {'rare', 'run', 'jump'}
        assert len(training) < 5
    whole = prepare_segments(path, folder / 'videos', val_share=0.0)
    assert {video.annotation.subset for video in whole.videos} == {'training'}


def test_the_split_is_a_function_of_the_seed(folder: Path) -> None:
    path = csv(folder, *PLAIN)
    splits = [
        tuple(v.annotation.subset for v in prepare_segments(path, folder / 'videos', 0.4, s).videos)
        for s in (0, 0, *range(1, 8))
    ]
    assert splits[0] == splits[1] and len(set(splits)) > 1


@pytest.mark.parametrize(('line', 'told'), [
    ('v0,2,1,run', r"segments.csv:7: video 'v0': .* ends before it begins"),
    ('v9,1,2,run', r"segments.csv:7: there is no video 'v9'"),
    ('v0,3,9,run', 'lies beyond the video, which lasts 4.00 s'),
    ('broken,1,2,run', r'broken\.mp4'),
])  # fmt: skip
def test_faults_are_told_or_left_out(folder: Path, line: str, told: str) -> None:
    make_broken_video('text', folder / 'videos' / 'broken.mp4')
    path = csv(folder, *[one for one in PLAIN if not one.startswith('v0')], PLAIN[1], line)
    with pytest.raises(AnnotationError, match=told) as caught:
        prepare_segments(path, folder / 'videos')
    assert '\n' not in str(caught.value)
    prepared = prepare_segments(path, folder / 'videos', skip=True)
    assert len(prepared.left_out) == 1 and len(prepared.videos) == 4


def test_a_video_of_another_length_is_not_the_one_that_was_annotated(folder: Path) -> None:
    path = folder / 'segments.json'
    video = {'annotations': [{'segment': [1, 2], 'label': 'run'}], 'subset': 'training'}
    others = {f'v{n}': video | {'duration': 4.5} for n in (1, 2)}
    path.write_text(json.dumps({'database': others | {'v0': video | {'duration': 40}}}))
    with pytest.raises(AnnotationError, match=r'v0\.mp4 lasts 4\.00 s.* says 40\.00 s: give'):
        prepare_segments(path, folder / 'videos')
    assert len(prepare_segments(path, folder / 'videos', skip=True).videos) == 2


def test_wrong_folders_and_files_that_stand_there(folder: Path) -> None:
    path = csv(folder, *PLAIN)
    with pytest.raises(AnnotationError, match='no such folder of videos'):
        prepare_segments(path, folder / 'none')
    with pytest.raises(AnnotationError, match=r'in \[0, 1\), got 1'):
        prepare_segments(path, folder / 'videos', val_share=1.0)
    with pytest.raises(AnnotationError, match='no video with segments is left'):
        prepare_segments(csv(folder, 'v0,,,'), folder / 'videos')
    told = csv(folder, 'v0,1,2,a,val', 'v0.mp4,2,3,a,train', head='video,start,end,label,subset')
    with pytest.raises(AnnotationError, match=r"'v0\.mp4' is training, and validation elsewhere"):
        prepare_segments(told, folder / 'videos')
    prepared: Any = prepare_segments(csv(folder, *PLAIN), folder / 'videos')
    write_prepared(prepared, folder / 'out')
    with pytest.raises(AnnotationError, match=r'classes\.txt.* already there'):
        write_prepared(prepared, folder / 'out')
    write_prepared(prepared, folder / 'out', overwrite=True)
    write_video(folder / 'videos' / 'v0.mkv', moving_shapes(10, 32, 32))
    with pytest.raises(AnnotationError, match='differ only in their suffix'):
        prepare_segments(path, folder / 'videos')
