"""Contract: tools/test.py evaluates a checkpoint on the config's test set and can dump it."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit
from tests.support.videos import make_broken_video

ROOT = Path(__file__).resolve().parents[2]
Call = Callable[..., Any]


@pytest.fixture
def classifier(tmp_path: Path, video_folder: Path) -> tuple[Path, Path]:
    """Config and checkpoint of a tiny classifier whose head always answers class 1."""
    videos = sorted(video_folder.iterdir())
    labels = [1, 1, 1, 0, 1, 1, 0, 1]
    lines = [f'{path.name},{label}' for path, label in zip(videos, labels, strict=True)]
    (tmp_path / 'test.csv').write_text('\n'.join(lines))
    model = {
        'type': 'Recognizer3D',
        'backbone': tiny_vit(out_type='avg'),
        'cls_head': {
            'type': 'TimeSformerHead',
            'num_classes': 3,
            'in_channels': 32,
            'average_clips': 'prob',
        },
        'data_preprocessor': {
            'type': 'ActionDataPreprocessor',
            'mean': [123.675, 116.28, 103.53],
            'std': [58.395, 57.12, 57.375],
            'format_shape': 'NCTHW',
        },
    }
    cfg = Config.fromfile(ROOT / 'configs' / '_base_' / 'default_runtime.py')
    cfg.merge_from_dict(
        {
            'model': model,
            'test_dataloader': {
                'batch_size': 2,
                'num_workers': 0,
                'sampler': {'type': 'DefaultSampler', 'shuffle': False},
                'dataset': {
                    'type': 'VideoListDataset',
                    'sources': [
                        {
                            'ann_file': str(tmp_path / 'test.csv'),
                            'data_prefix': str(video_folder),
                        }
                    ],
                    'labelled': True,
                    'test_mode': True,
                    'pipeline': [
                        {'type': 'OpenVideo'},
                        {'type': 'SampleClip', 'clip_len': 4, 'stride': 2},
                        {'type': 'ReadFrames'},
                        {'type': 'Resize', 'scale': (32, 32), 'keep_ratio': False},
                        {'type': 'FormatShape', 'input_format': 'NCTHW'},
                        {'type': 'PackActionInputs'},
                    ],
                },
            },
            'test_evaluator': {'type': 'AccMetric'},
            'test_cfg': {'type': 'TestLoop'},
        }
    )
    cfg.dump(tmp_path / 'classifier.py')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        built = MODELS.build(model)
    with torch.no_grad():
        built.cls_head.fc_cls.weight.zero_()
        built.cls_head.fc_cls.bias.copy_(torch.tensor([0.0, 5.0, 0.0]))
    torch.save({'state_dict': built.state_dict()}, tmp_path / 'weights.pth')
    return tmp_path / 'classifier.py', tmp_path / 'weights.pth'


def test_evaluates_and_dumps(
    classifier: tuple[Path, Path], call_tool: Call, tmp_path: Path
) -> None:
    dump = tmp_path / 'predictions.pkl'
    arguments = [*classifier, '--work-dir', tmp_path / 'run', '--dump', dump]
    assert call_tool('test.py', *arguments).code == 0
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert 'acc/top1: 0.7500' in log
    predictions = pickle.loads(dump.read_bytes())
    assert [int(p['pred_label']) for p in predictions] == [1] * 8


def test_json_is_all_of_stdout(
    classifier: tuple[Path, Path], call_tool: Call, tmp_path: Path
) -> None:
    done = call_tool('test.py', *classifier, '--work-dir', tmp_path / 'run', '--json')
    assert done.code == 0 and done.summary['acc/top1'] == 0.75


def test_shows_the_wrong_clips(
    classifier: tuple[Path, Path], call_tool: Call, tmp_path: Path
) -> None:
    page = tmp_path / 'wrong'
    arguments = [*classifier, '--work-dir', tmp_path / 'run', '--page', page]
    assert call_tool('test.py', *arguments, '--page-clips', 1).code == 0
    text = (page / 'index.html').read_text()
    assert '2 of 8 clips are wrong (25.0 %). This page shows 1 of them' in text
    assert 'class 0 predicted as class 1: 2' in text
    assert [path.name for path in (page / 'clips').iterdir()] == ['00000.mp4']


@pytest.mark.slow
def test_two_processes_count_every_video_once(
    classifier: tuple[Path, Path],
    call_tool: Call,
    run_tool: Call,
    environ: dict[str, str],
    free_port: int,
    tmp_path: Path,
) -> None:
    """Of seven videos one is given to both processes, so that they have equally many."""
    config, weights = classifier
    lines = (tmp_path / 'test.csv').read_text().splitlines()
    (tmp_path / 'test.csv').write_text('\n'.join(lines[:7]))
    state = torch.load(weights)
    state['state_dict']['cls_head.fc_cls.weight'].normal_(std=3)
    torch.save(state, weights)
    one, two = tmp_path / 'one.pkl', tmp_path / 'two.pkl'
    assert (
        call_tool('test.py', config, weights, '--work-dir', tmp_path / 'a', '--dump', one).code == 0
    )
    environ['PORT'] = str(free_port)
    options = ['--cfg-options', 'env_cfg.dist_cfg.backend=gloo']
    words = ['--work-dir', tmp_path / 'b', '--dump', two, *options]
    done = run_tool('dist_test.sh', config, weights, 2, *words)
    assert done.returncode == 0, done.stderr[-2000:]
    alone, shared = (pickle.loads(path.read_bytes()) for path in (one, two))
    assert len(alone) == len(shared) == 7
    for first, second in zip(alone, shared, strict=True):
        # Other batches: other sums.
        torch.testing.assert_close(first['pred_score'], second['pred_score'], rtol=1e-3, atol=1e-4)
        assert first['gt_label'] == second['gt_label']
    accuracies = [
        next((tmp_path / name).glob('*/*.json')).read_text().strip() for name in ('a', 'b')
    ]
    first, second = ({k: v for k, v in json.loads(a).items() if 'acc' in k} for a in accuracies)
    assert first == second and set(first) == {'acc/top1', 'acc/top5', 'acc/mean1'}


@pytest.mark.parametrize('num_workers', [0, 1])
def test_a_broken_video_is_one_clear_error(
    num_workers: int,
    classifier: tuple[Path, Path],
    call_tool: Call,
    video_folder: Path,
    tmp_path: Path,
) -> None:
    broken = make_broken_video('truncated', tmp_path / 'broken.mp4')
    with (tmp_path / 'test.csv').open('a') as file:
        file.write(f'\n{broken},1')
    options = [f'test_dataloader.num_workers={num_workers}']
    arguments = [*classifier, '--work-dir', tmp_path / 'run', '--cfg-options', *options]
    said = call_tool('test.py', *arguments).code
    assert said.startswith('test.py: ') and str(broken) in said
    assert '\n' not in said


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nowhere.py', '{weights}'], 'config not found: nowhere.py'),
        (['{config}', 'nowhere.pth'], 'checkpoint not found: nowhere.pth'),
        (['{config}', '{weights}', '--dump', 'out.json'], '--dump writes a pickle'),
        (
            ['{config}', '{weights}', '--page', 'w', '--cfg-options', 'test_evaluator.type=Other'],
            '--page shows the wrong clips of a classifier, and the test of',
        ),
        (['{config}', '{weights}', '--page', 'w', '--page-clips', '0'], '--page-clips must'),
        (['{config}', '{weights}', '--page', '{config}'], ''),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], message: str, classifier: tuple[Path, Path], call_tool: Call
) -> None:
    config, weights = classifier
    said = call_tool('test.py', *(w.format(config=config, weights=weights) for w in arguments)).code
    assert said.startswith(f'test.py: {message}')
    assert '\n' not in said


def test_a_config_without_a_test_set_is_refused(
    pretrain_config: Callable[..., Path], classifier: tuple[Path, Path], call_tool: Call
) -> None:
    assert 'has no test set' in call_tool('test.py', pretrain_config(), classifier[1]).code


def test_help_is_in_words(call_tool: Call) -> None:
    done = call_tool('test.py', '--help')
    assert done.code == 0 and 'predictions' in done.out
