"""Contract: windows show their part of a video, cover it in a test, and faults name the video."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import fsspec
import numpy as np
import pytest
from mmengine.dataset import pseudo_collate

from mmvideomae.analysis.servers import ObjectStore, serve_folder
from mmvideomae.datasets import VideoWindowDataset
from mmvideomae.datasets.segment_dataset import WrongPipelineError
from mmvideomae.errors import UserError
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.registry import DATASETS
from mmvideomae.video.readers import VideoReadError
from tests.support.videos import frame_number, make_broken_video, numbered_frames, write_video

FPS, STRIDE, FRAMES = 10.0, 2, 16
LENGTHS = {'v0': 100, 'v1': 60, 'v2': 20}
READ = dict(
    open=dict(type='OpenVideo'),
    window=dict(type='SampleWindow'),
    read=dict(type='ReadFrames', short_side=32),
)
TESTING = dict(**READ, crop=dict(type='CropViews', size=32), pack=dict(type='PackWindow'))
TRAINING = dict(
    **READ,
    crop=dict(type='ClipRandomResizedCrop', size=24),
    flip=dict(type='ClipFlip'),
    augment=dict(type='ClipRandAugment', num_ops=1),
    jitter=dict(type='ClipColorViews', blur=(0,), solarise=(0,)),
    pack=dict(type='PackWindow'),
)


@pytest.fixture(scope='module')
def movies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('movies')
    for name, length in LENGTHS.items():
        write_video(folder / f'{name}.mp4', numbered_frames(length), fps=FPS)
    return folder


class Data:
    """Three videos of 10, 6 and 2 s with an annotation that a test may spoil."""

    def __init__(self, root: Path, movies: Path) -> None:
        self.root = root
        for path in movies.iterdir():
            (root / path.name).symlink_to(path)
        self.database: dict[str, Any] = {
            name: {
                'subset': 'training',
                'annotations': [{'segment': [0.5, 1.5], 'label': ['jump', 'run'][number % 2]}],
            }
            for number, name in enumerate(LENGTHS)
        }

    def spoil(self, name: str = 'v1', **entry: Any) -> None:
        self.database[name].update(entry)

    def build(self, **options: Any) -> VideoWindowDataset:
        path = self.root / 'annotation.json'
        path.write_text(json.dumps({'database': self.database}))
        config = dict(
            type='VideoWindowDataset',
            ann_file=path,
            videos=dict(folder=str(self.root)),
            windows=dict(frames=FRAMES, stride=STRIDE),
            pipeline=TESTING,
            classes=('jump', 'run'),
            serialize_data=False,
        )
        return DATASETS.build({**config, **options})


@pytest.fixture
def data(tmp_path: Path, movies: Path) -> Data:
    return Data(tmp_path, movies)


def numbers(item: dict[str, Any]) -> list[int]:
    return [frame_number(frame) for frame in item['inputs'].numpy()]


def test_the_windows_of_a_test_cover_each_video_in_order(data: Data) -> None:
    dataset = data.build(test_mode=True)
    seen: dict[str, list[list[int]]] = {}
    for index in range(len(dataset)):
        item = dataset[index]
        sample = item['data_samples']
        shown = numbers(item)
        seen.setdefault(sample.video_id, []).append(shown)
        # The grid says when the frames are shown, and the annotation is whole.
        middles = (np.array(shown) + 0.5) / FPS
        np.testing.assert_allclose(sample.grid.to_seconds(np.arange(len(shown))), middles)
        assert sample.gt_seconds.tolist() == [[0.5, 1.5]]
        assert sample.duration == pytest.approx(LENGTHS[sample.video_id] / FPS)
        inside = shown[0] / FPS <= 0.5
        assert len(sample.gt_instances) == inside
        if inside:
            found = sample.grid.to_seconds(sample.gt_instances.segments.numpy())
            np.testing.assert_allclose(found, [[0.5, 1.5]], atol=1e-6)
    # Of 50, 30 and 10 sampled frames; windows of 16 begin every 8.
    first = {name: [shown[0] for shown in windows] for name, windows in seen.items()}
    assert first == {'v0': [0, 16, 32, 48, 64, 68], 'v1': [0, 16, 28], 'v2': [0]}
    for name, windows in seen.items():
        frames = range(0, LENGTHS[name], STRIDE)
        assert sorted({number for shown in windows for number in shown}) == list(frames)
        assert {len(shown) for shown in windows} == {min(FRAMES, len(frames))}


def test_training_draws_a_window_of_each_video(data: Data) -> None:
    dataset = data.build(pipeline=TRAINING, subsets='training')
    assert len(dataset) == 3
    dataset.set_epoch(7, 0)
    batch = pseudo_collate([dataset[0], dataset[2]])
    assert batch['inputs'][0].shape == (16, 24, 24, 3)
    assert 9 <= len(batch['inputs'][1]) <= 10
    again = dataset[0]
    np.testing.assert_array_equal(again['inputs'], batch['inputs'][0])
    grids = set()
    for epoch in range(6):
        dataset.set_epoch(7, epoch)
        grids.add(dataset[0]['data_samples'].grid.offset)
    assert len(grids) > 1


def test_a_whole_video_is_one_window(data: Data) -> None:
    for mode in (True, False):
        dataset = data.build(windows=dict(frames=5, stride='even'), test_mode=mode)
        assert len(dataset) == 3
        # The middles of five parts of 20 frames; the even one of two equally near frames.
        assert numbers(dataset[0]) == [10, 30, 50, 70, 90]


def test_frames_and_seconds_say_the_same(data: Data) -> None:
    other = data.build(windows=dict(frames=16, seconds=3.2), test_mode=True)
    dataset = data.build(test_mode=True)
    assert len(dataset) == len(other)
    assert numbers(dataset[1]) == numbers(other[1])


def test_folders_of_frames_are_videos_too(data: Data) -> None:
    folder = data.root / 'frames'
    for name, length in LENGTHS.items():
        (folder / name).mkdir(parents=True)
        for number, frame in enumerate(numbered_frames(length), 1):
            cv2.imwrite(str(folder / name / f'{number}.png'), frame)
    places = dict(folder=str(folder), filename_tmpl='{}.png', fps=FPS)
    dataset, same = data.build(videos=places, test_mode=True), data.build(test_mode=True)
    assert numbers(dataset[2]) == numbers(same[2])


def test_files_may_have_other_names_than_the_annotation(data: Data) -> None:
    data.database = {name[1:]: entry for name, entry in data.database.items()}
    dataset = data.build(video_name='v{}', test_mode=True)
    assert dataset[0]['data_samples'].video_id == '0' and len(numbers(dataset[0])) == FRAMES


def upload(data: Data, place: str) -> None:
    """Copy the videos of a test, and the annotation that it built last."""
    system = fsspec.filesystem(place.partition('://')[0], skip_instance_cache=True)
    for path in data.root.iterdir():
        system.pipe_file(f'{place}/{path.name}', path.read_bytes())


@pytest.mark.parametrize('durations', [False, True])
def test_videos_elsewhere_give_the_same_windows(
    data: Data, s3: ObjectStore, durations: bool
) -> None:
    """In an object store and on a web server, which lists nothing."""
    for name in LENGTHS if durations else ():
        data.spoil(name, duration=LENGTHS[name] / FPS)
    local, tested = data.build(pipeline=TRAINING), data.build(test_mode=True)
    upload(data, 's3://videos/windows')
    web = serve_folder(data.root)
    for root in ('s3://videos/windows', web.address):
        there = dict(ann_file=f'{root}/annotation.json', videos=dict(folder=root))
        for dataset, wanted in (
            (data.build(pipeline=TRAINING, **there), local),
            (data.build(test_mode=True, **there), tested),
        ):
            assert len(dataset) == len(wanted)
            for each in (dataset, wanted):
                each.set_epoch(7, 1)
            pairs = zip(
                *(each.__getitems__(range(len(each))) for each in (dataset, wanted)), strict=True
            )
            for one, other in pairs:
                np.testing.assert_array_equal(one['inputs'], other['inputs'])
                mine, theirs = one['data_samples'], other['data_samples']
                assert mine.video_id == theirs.video_id and mine.grid == theirs.grid
    web.stop()


def test_what_is_wrong_elsewhere_is_one_line(data: Data, s3: ObjectStore) -> None:
    _missing(data)
    np.save(data.root / 'v1.npy', np.zeros((9, 4), np.float32))
    data.build(exclude=['v1'])
    upload(data, 's3://videos/wrong')
    videos = dict(folder='s3://videos/wrong')
    told = r"'v1' is missing: looked for s3://videos/wrong/v1 with the .*v1\.npy holds features"
    with pytest.raises(AnnotationError, match=told) as error:
        data.build(test_mode=True, videos=videos)
    assert '\n' not in str(error.value)
    web = serve_folder(data.root)
    videos = dict(folder=f'http://me:hush@127.0.0.1:{web.port}/x?sig=secret')
    with pytest.raises(AnnotationError, match=r'/x/v0\?\.\.\. with \.mp4 or \.mkv') as error:
        data.build(test_mode=True, videos=videos)
    assert 'hush' not in str(error.value) and 'secret' not in str(error.value)
    web.stop()


def _missing(data: Data) -> None:
    (data.root / 'v1.mp4').unlink()


def _features(data: Data) -> None:
    _missing(data)
    np.save(data.root / 'v1.npy', np.zeros((9, 4), np.float32))


def _other_rate(data: Data) -> None:
    data.spoil(fps=12.5)


def _other_duration(data: Data) -> None:
    data.spoil(duration=9.0)


def _beyond(data: Data) -> None:
    data.spoil(annotations=[{'segment': [5, 7], 'label': 'run'}])


def _broken(data: Data) -> None:
    _missing(data)
    make_broken_video('text', data.root / 'v1.mp4')


WRONG = [
    (_missing, "'v1' is missing: looked for .*v1 with the suffix of a video$"),
    (_features, r"'v1' is missing.*v1\.npy holds features, for which .*FeatureDataset"),
    (_other_rate, r"'v1' .*has 10 fps, but the annotation says 12\.5"),
    (_other_duration, r"'v1' .*has 6\.00 s, but the annotation says 9\.00 s"),
    (_beyond, "'v1'.*lies beyond the video, which lasts 6.00 s"),
    (_broken, r'cannot read video .*v1\.mp4'),
]


@pytest.mark.parametrize(('wrong', 'message'), WRONG, ids=[each[0].__name__ for each in WRONG])
def test_wrong_input_is_one_line_that_names_the_video(
    data: Data, wrong: Callable[[Data], None], message: str
) -> None:
    wrong(data)
    with pytest.raises(UserError, match=message) as error:
        data.build(test_mode=True)
    assert '\n' not in str(error.value)
    assert isinstance(error.value, AnnotationError | VideoReadError)
    trained = data.build(pipeline=TRAINING, on_bad_sample='skip')
    if 'duration' not in data.database['v1']:  # else the video is opened later
        assert list(trained.skipped) == ['v1'] and len(trained) == 2
    assert {trained[n]['data_samples'].video_id for n in range(len(trained))} <= {'v0', 'v2'}


def test_what_is_found_when_a_video_is_loaded_is_told_or_replaced(data: Data) -> None:
    """With durations in the annotation, training opens no video before."""
    for name, length in LENGTHS.items():
        data.spoil(name, duration=length / FPS)
    data.spoil(fps=25.0)
    with pytest.raises(VideoReadError, match=r'v1\.mp4.*has 10 fps, but the annotation says 25'):
        data.build(pipeline=TRAINING)[1]
    dataset = data.build(pipeline=TRAINING, on_bad_sample='skip')
    assert len(dataset) == 3 and not dataset.skipped
    stand_in = dataset[1]['data_samples']
    assert stand_in.video_id != 'v1' and len(stand_in.decode_failures) == 1
    make = data.build(test_mode=True, subsets='training', exclude=['v1'])
    assert {make[n]['data_samples'].video_id for n in range(len(make))} == {'v0', 'v2'}


def test_windows_longer_than_a_video_need_padding(data: Data) -> None:
    windows = dict(frames=FRAMES, stride=STRIDE, pad=False)
    told = r'v2\.mp4.*it has 10 frames at these times, but a window has 16.*pad=True'
    with pytest.raises(VideoReadError, match=told):
        data.build(windows=windows, test_mode=True)
    with pytest.raises(VideoReadError, match=told):
        data.build(windows=windows, pipeline=TRAINING)[2]


def test_a_test_that_meets_a_broken_video_names_it(data: Data) -> None:
    dataset = data.build(test_mode=True)
    _broken(data)
    with pytest.raises(VideoReadError, match=r'v1\.mp4') as error:
        dataset[7]
    assert 'count_wrong' not in str(error.value)


def test_a_pipeline_for_features_is_refused(data: Data) -> None:
    features = dict(load=dict(type='LoadFeatures'), pack=dict(type='PackFeatures'))
    with pytest.raises(WrongPipelineError, match=r'LoadFeatures: .*FeatureDataset') as error:
        data.build(pipeline=features)
    assert '\n' not in str(error.value)
    with pytest.raises(WrongPipelineError, match='must begin with OpenVideo'):
        data.build(pipeline=dict(pack=dict(type='PackWindow')), test_mode=True)
