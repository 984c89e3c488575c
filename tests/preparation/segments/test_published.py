"""Contract: published data sets become annotations that data sets read, with all losses counted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmvideomae.datasets import FeatureDataset
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.preparation.segments.prepare import Prepared, prepare_segments
from mmvideomae.preparation.segments.writing import write_prepared
from mmvideomae.registry import DATASETS
from tests.support.leaves import CONFIGS
from tests.support.published import write_charades, write_ego4d, write_epic, write_multithumos
from tests.support.videos import moving_shapes, write_video


def written(prepared: Prepared, out: Path) -> dict[str, Any]:
    write_prepared(prepared, out)
    return json.loads((out / 'annotation.json').read_text())['database']


def put_features(folder: Path, *names: str, steps: int = 10) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        np.save(folder / f'{name}.npy', np.ones((steps, 3), np.float32))


def test_segments_are_fitted_to_the_videos_and_counted(tmp_path: Path) -> None:
    write_charades(tmp_path / 'annotations')
    for name, frames in (('AAAAA', 40), ('BBBBB', 35), ('CCCCC', 30)):
        write_video(tmp_path / f'videos/{name}.mp4', moving_shapes(frames, 32, 32), fps=10)
    place = tmp_path / 'annotations', tmp_path / 'videos'
    prepared = prepare_segments(*place, layout='charades')
    assert prepared.fitted.endswith(
        'of 3 segments 0 lie outside their video and are left out, and 1 are cut off at its ends, '
        "first in video 'CCCCC'"
    )
    found = written(prepared, tmp_path / 'out')
    assert found['CCCCC']['annotations'] == [{'segment': [0.5, 3.0], 'label': 'Putting clothes'}]
    assert found['BBBBB']['annotations'] == [] and found['BBBBB']['subset'] == 'training'
    names = (tmp_path / 'out/classes.txt').read_text().splitlines()
    assert names == ['Holding some clothes', 'Putting clothes']
    assert (tmp_path / 'out/val.csv').read_text().split('\n')[0] == 'CCCCC.mp4 5 25 1'
    # Cut at the end, or left out: two segments of another file.
    path = tmp_path / 'annotations/Charades_v1_test.csv'
    path.write_text(path.read_text().replace('c001 0.5 9.9', 'c001 3.2 9.9;c000 1 3.4;c001 -1 2'))
    told = prepare_segments(*place, layout='charades').fitted
    assert 'of 5 segments 1 lie outside their video and are left out, and 2 are cut off' in told


def test_a_file_of_another_video_is_a_fault(tmp_path: Path) -> None:
    write_charades(tmp_path / 'annotations')
    for name in ('AAAAA', 'BBBBB', 'CCCCC'):
        write_video(tmp_path / f'videos/{name}.mp4', moving_shapes(80, 32, 32), fps=10)
    place = tmp_path / 'annotations', tmp_path / 'videos'
    with pytest.raises(AnnotationError, match=r'AAAAA.mp4 lasts 8.00 s, but the annotation says 4'):
        prepare_segments(*place, layout='charades')


def test_features_take_the_clock_of_another_annotation(tmp_path: Path) -> None:
    """MultiTHUMOS gives neither durations nor rates; THUMOS14's annotation has both."""
    write_multithumos(tmp_path / 'multithumos')
    names = ('video_validation_0000001', 'video_validation_0000002', 'video_test_0000004')
    put_features(tmp_path / 'i3d', *names)
    place = tmp_path / 'multithumos', tmp_path / 'i3d'
    with pytest.raises(AnnotationError, match=r'have its duration: .* that has it \(--clock\)'):
        prepare_segments(*place, layout='multithumos')
    clock = {name: {'subset': 'test', 'duration': 4.0, 'fps': 10.0} for name in names}
    (tmp_path / 'thumos14.json').write_text(json.dumps({'database': clock}))
    prepared = prepare_segments(*place, layout='multithumos', clock=tmp_path / 'thumos14.json')
    found = written(prepared, tmp_path / 'out')
    entry = found['video_validation_0000001']
    assert (entry['subset'], entry['duration'], entry['fps']) == ('training', 4, 10)
    assert {'segment': [1.5, 4.0], 'label': 'Run'} in entry['annotations']
    assert not (tmp_path / 'out/train.csv').exists()  # there are no frames
    dataset = FeatureDataset(
        tmp_path / 'out/annotation.json',
        tmp_path / 'i3d',
        [],
        'training',
        features={'stride': 4, 'window': 4, 'width': 3},
        classes=str(tmp_path / 'out/classes.txt'),
        num_classes=2,
    )
    labels = dataset.get_data_info(0)['labels'].tolist()
    assert len(dataset) == 2 and sorted(labels) == [0, 0, 1]  # overlapping segments of two classes


def test_a_sidecar_gives_the_clock_of_features(tmp_path: Path) -> None:
    write_multithumos(tmp_path / 'multithumos')
    names = ('video_validation_0000001', 'video_validation_0000002', 'video_test_0000004')
    put_features(tmp_path / 'features', *names)
    for name in names:
        info = FeatureInfo(10.0, 40, 4.0, 4, 4, 1, 0, 3, 'm', '', 'pyav', video_fps=29.97)
        info.write(tmp_path / f'features/{name}.npy')
    prepared = prepare_segments(
        tmp_path / 'multithumos', tmp_path / 'features', layout='multithumos'
    )
    entry = written(prepared, tmp_path / 'out')[names[0]]
    assert (entry['duration'], entry['fps']) == (4, 29.97)


def test_files_may_be_in_sub_folders(tmp_path: Path) -> None:
    """As EPIC-Kitchens-100 and HACS have them; the annotation then names their places."""
    write_epic(tmp_path / 'annotations')
    put_features(tmp_path / 'features/P01', 'P01_01', steps=3000)
    put_features(tmp_path / 'features/P02', 'P02_03')
    place = tmp_path / 'annotations', tmp_path / 'features'
    prepared = prepare_segments(*place, layout='epic-noun')
    assert set(written(prepared, tmp_path / 'out')) == {'P01/P01_01', 'P02/P02_03'}
    put_features(tmp_path / 'features/other', 'P02_03')
    with pytest.raises(AnnotationError, match="there are no features of video 'P02_03'"):
        prepare_segments(*place, layout='epic-noun')
    write_video(tmp_path / 'videos/P02/videos/P02_03.MP4', moving_shapes(40, 32, 32), fps=10)
    prepared = prepare_segments(
        tmp_path / 'annotations', tmp_path / 'videos', layout='epic-verb', skip=True
    )
    assert list(written(prepared, tmp_path / 'verbs')) == ['P02/videos/P02_03']


def test_features_do_not_count_beside_videos(tmp_path: Path) -> None:
    """They may have been made from these; the frames say more."""
    write_video(tmp_path / 'videos/v.mp4', moving_shapes(40, 32, 32), fps=10)
    put_features(tmp_path / 'videos/features', 'v')
    (tmp_path / 'own.csv').write_text('v,1,2,run\n')
    prepared = prepare_segments(tmp_path / 'own.csv', tmp_path / 'videos', val_share=0)
    assert prepared.kind == 'video' and prepared.videos[0].path == 'v.mp4'
    with pytest.raises(AnnotationError, match='no such folder of videos'):
        prepare_segments(tmp_path / 'own.csv', tmp_path / 'none')


def test_missing_videos_are_named_and_counted(tmp_path: Path) -> None:
    """Those without files, and those that the authors' protocol leaves out; classes stay."""
    write_ego4d(tmp_path / 'annotations')
    put_features(tmp_path / 'features', 'clip-b')
    place = tmp_path / 'annotations', tmp_path / 'features'
    with pytest.raises(AnnotationError, match=r"there are no features of video 'clip-a' in "):
        prepare_segments(*place, layout='ego4d-mq')
    prepared = prepare_segments(*place, layout='ego4d-mq', skip=True)
    assert [told.split('clip ')[-1][:6] for told in prepared.left_out] == ['clip-c', 'clip-a']
    assert prepared.classes == ('dry', 'wash') and len(prepared.videos) == 1
    assert prepared.summary()['kind'] == 'features'


def test_files_may_have_other_names(tmp_path: Path) -> None:
    """The annotation keeps its names, to which the configs add what the files have besides."""
    entry = {
        'subset': 'training',
        'duration': 4,
        'annotations': [{'segment': [1, 2], 'label': 'b'}],
    }
    (tmp_path / 'anet.json').write_text(json.dumps({'database': {'x': entry}}))
    put_features(tmp_path / 'features', 'v_x')
    place = tmp_path / 'anet.json', tmp_path / 'features'
    prepared = prepare_segments(*place, layout='activitynet', template='v_{}')
    assert list(written(prepared, tmp_path / 'out')) == ['x']
    with pytest.raises(AnnotationError, match=r"'v_' has no \{\} where the name of the video is"):
        prepare_segments(*place, layout='activitynet', template='v_')


def test_configs_train_on_what_was_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Videos without segments are left out of training, and counted in the test."""
    monkeypatch.chdir(tmp_path)
    write_charades(tmp_path / 'annotations')
    for name, frames in (('AAAAA', 40), ('BBBBB', 35), ('CCCCC', 30)):
        write_video(
            tmp_path / f'data/charades/videos/{name}.mp4', moving_shapes(frames, 32, 32), 10
        )
    path = tmp_path / 'annotations/Charades_v1_test.csv'
    path.write_text(path.read_text() + 'DDDDD,S3,Hall,,,No,t,,,,3.0\n')
    write_video(tmp_path / 'data/charades/videos/DDDDD.mp4', moving_shapes(30, 32, 32), 10)
    prepared = prepare_segments('annotations', 'data/charades/videos', layout='charades')
    write_prepared(prepared, tmp_path / 'data/charades')
    cfg = Config.fromfile(CONFIGS / '_base_/datasets/charades_windows.py')
    found = {}
    for name in ('train', 'test'):
        dataset = dict(cfg[f'{name}_dataloader'].dataset, num_classes=2, serialize_data=False)
        with DefaultScope.overwrite_default_scope('mmvideomae'):
            built = DATASETS.build(dataset)
        found[name] = [built.get_data_info(n)['video_id'] for n in range(len(built))]
        sample = built[0]['data_samples']
        assert sample.gt_seconds.max() <= sample.duration + 1e-6
    assert found == {'train': ['AAAAA'], 'test': ['CCCCC', 'DDDDD']}
