"""Contract: samples carry true times; a problem with a video is an error that names it."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fsspec import AbstractFileSystem
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmvideomae.datasets import FeatureDataset
from mmvideomae.datasets.segment_dataset import WrongPipelineError
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.feature_files import FeatureError, FeatureFormat, inspect_features
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.registry import DATASETS

WIDTH, FPS, STRIDE, WINDOW = 6, 25.0, 4, 16
PIPELINE = [dict(type='LoadFeatures'), dict(type='PackFeatures')]
FORMAT = dict(stride=STRIDE, window=WINDOW, width=WIDTH)


def describe(path: Path, steps: int) -> None:
    frames = (steps - 1) * STRIDE + WINDOW
    FeatureInfo(FPS, frames, frames / FPS, WINDOW, STRIDE, 1, 0, WIDTH, 'tiny', '', 'pyav').write(
        path
    )


class Data:
    """Three videos, a folder of features and an annotation that a test may spoil."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database: dict[str, Any] = {}
        rng = np.random.default_rng(0)
        for number, steps in enumerate((100, 60, 30)):
            name = f'v{number}'
            np.save(root / f'{name}.npy', rng.normal(size=(steps, WIDTH)).astype(np.float32))
            describe(root / f'{name}.npy', steps)
            self.database[name] = {
                'subset': 'training',
                'annotations': [{'segment': [1.0, 3.0], 'label': ['jump', 'run'][number % 2]}],
            }

    def spoil(self, name: str = 'v1', **entry: Any) -> None:
        self.database[name].update(entry)

    def segment(self, start: float, end: float, label: str = 'run') -> None:
        self.spoil(annotations=[{'segment': [start, end], 'label': label}])

    def save(self, features: np.ndarray) -> None:
        np.save(self.root / 'v1.npy', features.astype(np.float32))

    def build(self, **options: Any) -> FeatureDataset:
        path = self.root / 'annotation.json'
        path.write_text(json.dumps({'database': self.database}))
        config = dict(
            type='FeatureDataset',
            ann_file=path,
            feature_dir=self.root,
            pipeline=PIPELINE,
            features=FORMAT,
            classes=('jump', 'run'),
            serialize_data=False,  # mmengine collects garbage behind it: slow in a test
        )
        return DATASETS.build({**config, **options})


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


def test_a_sample_tells_where_its_steps_lie_in_time(data: Data) -> None:
    dataset = data.build(subsets='training')
    assert dataset.metainfo['classes'] == ('jump', 'run') and len(dataset) == 3
    item = dataset[1]
    assert item['inputs'].shape == (WIDTH, 60)
    sample = item['data_samples']
    assert sample.video_id == 'v1' and sample.fps == FPS
    assert sample.duration == pytest.approx((59 * 4 + 16) / 25)
    assert sample.gt_instances.labels.tolist() == [1]
    # Seconds -> steps by ActionFormer's formula, and back.
    steps = sample.gt_instances.segments.numpy()
    assert steps[0] == pytest.approx([s * FPS / STRIDE - 0.5 * WINDOW / STRIDE for s in (1, 3)])
    assert sample.grid.to_seconds(steps)[0] == pytest.approx([1, 3])
    assert sample.gt_seconds.tolist() == [[1, 3]] and sample.gt_labels.tolist() == [1]
    assert [len(column) for column in pseudo_collate([dataset[0], item]).values()] == [2, 2]


def test_published_features_need_no_sidecar(data: Data) -> None:
    for path in data.root.glob('v*.json'):
        path.unlink()
    with pytest.raises(FeatureError, match=r"'v0'.*neither the config nor the annotation has fps"):
        data.build()
    for entry in data.database.values():
        entry['fps'] = FPS
    with_fps = data.build()
    assert with_fps[0]['data_samples'].grid.stride == STRIDE
    assert with_fps[0]['data_samples'].duration == pytest.approx((99 * 4 + 16) / 25)
    with pytest.raises(FeatureError, match=r"'v0'.*no sidecar, and the config has no stride"):
        data.build(features=dict(width=WIDTH))
    with pytest.raises(FeatureError, match='config says 30 fps, but the annotation 25'):
        data.build(features=dict(FORMAT, fps=30.0))
    data.spoil('v0', duration=16.48)
    with pytest.raises(FeatureError, match=r'stride 16 at 25 fps last 64.0 s.*says 16.5 s'):
        data.build(features=dict(FORMAT, stride=16))


def test_the_sidecar_says_the_shape_where_the_config_does_not(data: Data) -> None:
    """Also of features that are spread over the video: the file beside them is theirs or not."""
    file = data.root / 'v1.npy'
    for expected in (FeatureFormat(), FeatureFormat('even')):
        assert inspect_features('v1', file, expected, 10.08).steps == 60
        for shape, told in (((60, 7), 'width 7.*width 6'), ((59, WIDTH), '59 steps.*60 steps')):
            data.save(np.zeros(shape))
            with pytest.raises(FeatureError, match=f"'v1'.*v1.npy.*{told}.*extract them again"):
                inspect_features('v1', file, expected, 10.08)
        data.save(np.zeros((WIDTH, 60)))
        with pytest.raises(FeatureError, match='transpose them'):
            inspect_features('v1', file, expected, 10.08)
        data.save(np.zeros((60, WIDTH)))
    data.save(np.zeros((60, 0)))
    with pytest.raises(FeatureError, match='width is 0'):
        inspect_features('v1', file, FeatureFormat())


def test_features_spread_over_the_whole_video(data: Data) -> None:
    file = inspect_features('v0', data.root / 'v0.npy', FeatureFormat('even'), 50.0, 25.0)
    assert file.steps == 100
    assert file.grid.to_seconds(np.array([-0.5, 0, 99, 99.5])) == pytest.approx(
        [0, 0.25, 49.75, 50]
    )
    with pytest.raises(FeatureError, match='need the duration'):
        inspect_features('v0', data.root / 'v0.npy', FeatureFormat('even'))


@pytest.mark.parametrize(
    ('expected', 'message'),
    [
        (dict(stride=16), "'v0'.*stride=4.*stride=16"),
        (dict(window=8), 'window=16.*window=8'),
        (dict(fps=30.0), 'fps=25.0.*fps=30.0'),
        (dict(interval=2), 'interval=1.*interval=2'),
    ],
)
def test_a_sidecar_that_contradicts_the_config_is_refused(
    data: Data, expected: dict[str, Any], message: str
) -> None:
    with pytest.raises(FeatureError, match=message):
        data.build(features={**FORMAT, **expected})


def test_a_sidecar_that_contradicts_the_annotation_is_refused(data: Data) -> None:
    data.spoil(fps=30.0)
    with pytest.raises(FeatureError, match=r"'v1'.*25 fps, but the annotation says 30"):
        data.build()
    data.spoil(fps=25.1, duration=60.0)
    with pytest.raises(FeatureError, match=r"'v1'.*10.08 s, but the annotation says 60.00 s"):
        data.build()


def _unnamed(data: Data) -> None:
    data.segment(1, 2, 'fly')


def _inverted(data: Data) -> None:
    data.segment(3, 2)


def _beyond(data: Data) -> None:
    data.segment(8, 12)


def _empty(data: Data) -> None:
    data.spoil(annotations=[])


def _missing(data: Data) -> None:
    (data.root / 'v1.npy').unlink()


def _wider(data: Data) -> None:
    data.save(np.zeros((60, WIDTH + 1)))


def _transposed(data: Data) -> None:
    data.save(np.zeros((WIDTH, 60)))


def _no_steps(data: Data) -> None:
    data.save(np.zeros((0, WIDTH)))


def _no_array(data: Data) -> None:
    (data.root / 'v1.npy').write_text('nonsense')


def _empty_file(data: Data) -> None:
    (data.root / 'v1.npy').write_bytes(b'')


def _three_axes(data: Data) -> None:
    data.save(np.zeros((60, WIDTH, 1)))


def _another_run(data: Data) -> None:
    data.save(np.zeros((30, WIDTH)))


def _cut_off(data: Data) -> None:
    path = data.root / 'v1.npy'
    path.write_bytes(path.read_bytes()[:-1])


def _endless(data: Data) -> None:
    path = data.root / 'v1.json'
    path.write_text(path.read_text().replace('"frames": 252', '"frames": Infinity'))


def _of_another_rate(data: Data) -> None:
    path = data.root / 'v1.json'
    path.write_text(path.read_text().replace('"duration": 10.08', '"duration": 30'))


def _whole_numbers(data: Data) -> None:
    np.save(data.root / 'v1.npy', np.zeros((60, WIDTH), np.int32))


def _not_a_number(data: Data) -> None:
    features = np.zeros((60, WIDTH))
    features[7, 2] = np.nan
    data.save(features)


WRONG = [
    (_unnamed, 'unknown label', False),
    (_inverted, 'ends before it begins', False),
    (_beyond, 'beyond the video, which lasts 10.08 s', False),
    (_empty, 'no segments', False),
    (_missing, 'missing', False),
    (_wider, 'width is 7, but width=6', False),
    (_transposed, 'width is 60, but width=6 is expected.*transpose', False),
    (_no_steps, 'zero length', False),
    (_another_run, '30 steps of width 6, but their sidecar v1.json says 60 steps', False),
    (_cut_off, 'truncated: it holds 1439 of the 1440 bytes', False),
    (_endless, 'frames must be a number, got inf', False),
    (_of_another_rate, '252 frames at 25 fps do not last 30.00 s', False),
    (_whole_numbers, 'got .* of int32', False),
    (_no_array, 'not a NumPy array', False),
    (_empty_file, 'not a NumPy array', False),
    (_three_axes, r'shape \(L, D\)', False),
    (_not_a_number, '1 of 60 steps contain NaN or infinity, the first one is step 7', True),
]


def load(data: Data) -> None:
    """Fail when a sample is loaded, not before."""
    dataset = data.build()
    with pytest.raises(FeatureError) as error:
        dataset[1]
    raise error.value


@pytest.mark.parametrize(
    ('wrong', 'message', 'at_loading'), WRONG, ids=[w[0].__name__[1:] for w in WRONG]
)
def test_wrong_input_is_one_line_that_names_the_video(
    data: Data, wrong: Callable[[Data], None], message: str, at_loading: bool
) -> None:
    wrong(data)
    with pytest.raises((AnnotationError, FeatureError), match=f"'v1'.*{message}") as error:
        load(data) if at_loading else data.build()
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('wrong', 'message', 'at_loading'), WRONG, ids=[w[0].__name__[1:] for w in WRONG]
)
def test_training_skips_and_counts_it_when_told(
    data: Data, wrong: Callable[[Data], None], message: str, at_loading: bool
) -> None:
    wrong(data)
    dataset = data.build(on_bad_sample='skip')
    dataset.set_epoch(3, 0)
    seen = {dataset[n]['data_samples'].video_id for n in range(len(dataset))}
    assert seen <= {'v0', 'v2'} and seen
    if not at_loading:
        assert len(dataset) == 2 and list(dataset.skipped) == ['v1']
        return
    assert len(dataset) == 3 and not dataset.skipped
    stand_in = dataset[1]['data_samples']
    assert stand_in.decode_failures[0][0] == str(data.root / 'v1.npy')
    assert dataset[1]['data_samples'].video_id == stand_in.video_id  # drawn from (epoch, index)
    assert dataset[0]['data_samples'].decode_failures == []


def test_a_test_never_skips_and_nothing_but_bad_videos_is_an_error(data: Data) -> None:
    with pytest.raises(ValueError, match='would change its result'):
        data.build(on_bad_sample='skip', test_mode=True)
    with pytest.raises(AnnotationError, match='no video is left'):
        data.build(exclude=('v0', 'v1', 'v2'))
    for path in data.root.glob('*.npy'):
        np.save(path, np.full((60, WIDTH), np.inf, np.float32))
    with pytest.raises(RuntimeError, match=r'sample 0 could not be used: .*v1\.npy'):
        data.build(on_bad_sample='skip')[0]


def test_classes_of_the_whole_annotation_and_their_number(data: Data) -> None:
    data.spoil('v0', subset='testing', annotations=[{'segment': [0, 1], 'label': 'anchor'}])
    dataset = data.build(subsets=('training',), classes=None)
    assert dataset.metainfo['classes'] == ('anchor', 'jump', 'run')
    assert dataset[0]['data_samples'].gt_labels.tolist() == [2]
    with pytest.raises(AnnotationError, match='num_classes=20'):
        data.build(classes=None, num_classes=20)


@pytest.mark.parametrize('classes', [None, ['jump', 'run']])
def test_a_lazy_data_set_reads_its_annotation_on_first_use(
    data: Data, classes: list[str] | None
) -> None:
    missing = data.root / 'later.json'
    lazy = FeatureDataset(
        missing, data.root, PIPELINE, features=FORMAT, classes=classes, lazy_init=True
    )
    assert ('classes' in lazy.metainfo) == (classes is not None)
    missing.write_text(json.dumps({'database': data.database}))
    assert len(lazy) == 3 and list(lazy.metainfo['classes']) == ['jump', 'run']


def test_background_videos_when_told(data: Data) -> None:
    data.spoil(annotations=[])
    sample = data.build(allow_empty=True)[1]['data_samples']
    assert sample.gt_instances.segments.shape == (0, 2) and sample.gt_seconds.shape == (0, 2)


def test_segments_that_are_the_same_within_the_video_count_once(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pass the end of the video by little, one comes before its begin, one is empty."""
    told: list[str] = []
    monkeypatch.setattr(
        'mmvideomae.datasets.segment_dataset.print_log', lambda text, **_: told.append(text)
    )
    rows = [[8, 10.2], [8, 10.4], [-0.3, 2], [0, 2], [5, 5]]
    data.spoil(annotations=[{'segment': each, 'label': 'run'} for each in rows])
    sample = data.build()[1]['data_samples']
    assert sample.gt_seconds.tolist() == [[8, pytest.approx(10.08)], [0, 2]]
    assert sample.gt_labels.tolist() == [1, 1] and len(sample.gt_instances) == 2
    assert 'of 7 segments 2 repeat another' in told[-1] and '1 are shorter' in told[-1]


def test_nothing_to_learn_or_to_be_evaluated_on_is_told_when_read(data: Data) -> None:
    for name in data.database:
        data.spoil(name, annotations=[])
    with pytest.raises(AnnotationError, match='none of the 3 videos has a segment to learn'):
        data.build(allow_empty=True)
    told = 'none of the 3 videos of subset training has a segment to be evaluated on.*val_cfg'
    with pytest.raises(AnnotationError, match=told):
        data.build(allow_empty=True, subsets='training', test_mode=True)


def test_a_pipeline_for_videos_is_refused(data: Data) -> None:
    with pytest.raises(WrongPipelineError, match=r'OpenVideo: .*VideoWindowDataset'):
        data.build(pipeline=dict(open=dict(type='OpenVideo'), pack=dict(type='PackFeatures')))


def test_errors_cross_process_borders() -> None:
    error = pickle.loads(pickle.dumps(FeatureError('v', 'a.npy', 'bad')))
    assert str(error) == "video 'v', features a.npy: bad"


def test_samples_are_a_function_of_seed_epoch_and_index(data: Data) -> None:
    """With workers and without; the next epoch is another."""
    pipeline = [
        dict(type='LoadFeatures'),
        dict(type='CropFeatures', max_seq_len=40),
        dict(type='PackFeatures'),
    ]

    def epoch(number: int, workers: int) -> list[np.ndarray]:
        loader = dict(
            batch_size=2,
            num_workers=workers,
            sampler=dict(type='EpochSampler', shuffle=True),
            collate_fn=dict(type='pseudo_collate'),
            dataset=dict(
                type='FeatureDataset',
                ann_file=str(data.root / 'annotation.json'),
                feature_dir=str(data.root),
                features=FORMAT,
                pipeline=pipeline,
            ),
        )
        with DefaultScope.overwrite_default_scope('mmvideomae'):
            built = Runner.build_dataloader(loader, seed=5)
        built.sampler.set_epoch(number)
        return [each.numpy() for batch in built for each in batch['inputs']]

    data.build()
    first, again, later = epoch(0, 0), epoch(0, 1), epoch(1, 0)
    assert all(map(np.array_equal, first, again))
    assert not all(
        a.shape == b.shape and np.array_equal(a, b) for a, b in zip(first, later, strict=True)
    )


def test_annotations_and_features_at_an_address_are_read_as_local_ones(
    data: Data, memory: AbstractFileSystem
) -> None:
    wanted = data.build(subsets='training')
    for file in data.root.glob('*.*'):
        memory.pipe_file(f'/thumos/{file.name}', file.read_bytes())
    there = {'ann_file': 'memory://thumos/annotation.json', 'feature_dir': 'memory://thumos'}
    found = data.build(**there)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one['inputs'], other['inputs'])
        assert one['data_samples'].grid == other['data_samples'].grid
        assert one['data_samples'].duration == other['data_samples'].duration
    assert found.fingerprint() == wanted.fingerprint()
    for name in ('v1.npy', 'v2.npy'):  # v0 is missing, and so are all sidecars
        memory.pipe_file(f'/other/{name}', (data.root / name).read_bytes())
    with pytest.raises(
        FeatureError, match=r'features memory://other/v0\.npy: there is nothing there'
    ):
        data.build(feature_dir='memory://other')
    rest = data.build(feature_dir='memory://other', exclude=['v0'], features={**FORMAT, 'fps': FPS})
    assert len(rest) == 2
