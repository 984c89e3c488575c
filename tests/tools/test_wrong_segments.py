"""Contract: wrong segments and features end train.py in one line, or are skipped and counted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config

from mmvideomae.formats.feature_info import FeatureInfo
from tests.support.localizers import tiny_action_former

ROOT = Path(__file__).resolve().parents[2]
WIDTH, STEPS = 6, 40
Call = Callable[..., Any]


class Data:
    """Three annotated videos with features; ``bad`` is the one that a test spoils."""

    def __init__(self, root: Path) -> None:
        self.features = root / 'bad.npy'
        self.database: dict[str, Any] = {}
        rng = np.random.default_rng(0)
        frames = 4 * (STEPS - 1) + 16
        for name in ('good', 'bad', 'fine'):
            np.save(root / f'{name}.npy', rng.normal(size=(STEPS, WIDTH)).astype(np.float32))
            info = FeatureInfo(
                25.0, frames, frames / 25, 16, 4, 1, 0, WIDTH, 'tiny', '', 'pyav', {}
            )
            info.write(root / f'{name}.npy')
            self.segment(1.0, 3.0, name=name)

    def segment(self, start: float, end: float, label: str = 'run', name: str = 'bad') -> None:
        one = {'segment': [start, end], 'label': label}
        self.database[name] = {'subset': 'training', 'annotations': [one]}

    def empty(self) -> None:
        self.database['bad']['annotations'] = []

    def save(self, steps: int, width: int = WIDTH, value: float = 0.0) -> None:
        np.save(self.features, np.full((steps, width), value, np.float32))

    def stride(self) -> None:
        path = self.features.with_suffix('.json')
        path.write_text(path.read_text().replace('"stride": 4', '"stride": 8'))


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


@pytest.fixture
def train(data: Data, call_tool: Call, tmp_path: Path) -> Call:
    """Write what the data are now, and train an epoch."""

    def run(**dataset: Any) -> Any:
        bases = ROOT / 'configs' / '_base_'
        cfg = Config.fromfile(bases / 'default_runtime.py')
        cfg.merge_from_dict(
            Config.fromfile(bases / 'schedules' / 'adamw_localization.py').to_dict()
        )
        (tmp_path / 'segments.json').write_text(json.dumps({'database': data.database}))
        source = {
            'type': 'FeatureDataset',
            'ann_file': str(tmp_path / 'segments.json'),
            'feature_dir': str(tmp_path),
            'features': {'width': WIDTH, 'stride': 4},
            'classes': ['jump', 'run', 'sit'],
            'pipeline': [{'type': 'LoadFeatures'}, {'type': 'PackFeatures'}],
        }
        cfg.train_dataloader = {
            'batch_size': 3,
            'num_workers': 0,
            'collate_fn': {'type': 'pseudo_collate'},
            'sampler': {'type': 'EpochSampler', 'shuffle': True},
            'dataset': {**source, **dataset},
        }
        cfg.model = tiny_action_former(WIDTH)
        for key in ('val_cfg', 'test_cfg'):
            cfg.pop(key)
        cfg.train_cfg = {'type': 'EpochTrainLoop', 'max_epochs': 1}
        cfg.param_scheduler.warmup = 0
        cfg.experiment_name = tmp_path.name  # runs of one second would share their log
        cfg.dump(tmp_path / 'tiny.py')
        return call_tool('train.py', tmp_path / 'tiny.py', '--work-dir', tmp_path / 'run').code

    return run


WRONG = {
    'inverted': (lambda data: data.segment(3, 2), 'ends before it begins'),
    'beyond': (lambda data: data.segment(1, 60), 'lies beyond the video, which lasts 6.88 s'),
    'label': (lambda data: data.segment(1, 2, 'fly'), 'unknown label'),
    'empty': (lambda data: data.empty(), 'it has no segments'),
    'width': (lambda data: data.save(40, 7), 'width is 7, but width=6 is expected'),
    'missing': (lambda data: data.features.unlink(), 'they are missing'),
    'nan': (lambda data: data.save(40, value=float('nan')), '40 of 40 steps contain NaN'),
    'no steps': (lambda data: data.save(0), 'zero length'),
    'stride': (lambda data: data.stride(), 'stride=8, but stride=4 is expected'),
}
wrong = pytest.mark.parametrize(('spoil', 'told'), WRONG.values(), ids=list(WRONG))


def test_the_right_input_trains(train: Call, tmp_path: Path) -> None:
    assert train() == 0
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()


@wrong
def test_one_line_names_the_video(data: Data, train: Call, spoil: Call, told: str) -> None:
    spoil(data)
    said = train()
    assert isinstance(said, str) and said.startswith('train.py: ') and '\n' not in said
    assert "'bad'" in said and told in said


@wrong
def test_training_skips_and_counts_it_when_told(
    data: Data, train: Call, tmp_path: Path, spoil: Call, told: str
) -> None:
    spoil(data)
    assert train(on_bad_sample='skip') == 0
    log = next((tmp_path / 'run').glob('*/*.log')).read_text(encoding='utf-8')
    assert '1 of 3 videos are skipped' in log or '1 samples of 1 files' in log
    assert told in log
