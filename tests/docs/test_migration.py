"""Contract: configs, lists and weights of mmaction2 work as docs/migration.md says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmvideomae.apis import init_model
from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video

PAGE = (Path(__file__).resolve().parents[2] / 'docs' / 'migration.md').read_text(encoding='utf-8')
NORMALISED = {'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375]}
MODEL = {
    'type': 'Recognizer3D',
    'backbone': {
        'type': 'VisionTransformer',
        'img_size': 32,
        'patch_size': 8,
        'embed_dims': 32,
        'depth': 2,
        'num_heads': 2,
        'num_frames': 4,
        'norm_cfg': {'type': 'LN', 'eps': 1e-6},
    },
    'cls_head': {
        'type': 'TimeSformerHead',
        'num_classes': 3,
        'in_channels': 32,
        'average_clips': 'prob',
    },
    'data_preprocessor': {'type': 'ActionDataPreprocessor', 'format_shape': 'NCTHW', **NORMALISED},
}
PIPELINE = [
    {'type': 'DecordInit'},
    {'type': 'SampleFrames', 'clip_len': 4, 'frame_interval': 2, 'num_clips': 1, 'test_mode': True},
    {'type': 'DecordDecode'},
    {'type': 'Resize', 'scale': (-1, 32)},
    {'type': 'ThreeCrop', 'crop_size': 32},
    {'type': 'FormatShape', 'input_format': 'NCTHW'},
    {'type': 'PackActionInputs'},
]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A config as mmaction2 has them, its weights in theirs.pth, and a list of one video.

    Its default scope ends with the test.
    """
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / 'a.mp4', moving_shapes(12, 48, 64), fps=10)
    (tmp_path / 'list.txt').write_text('a.mp4 2\n')
    dataset = {
        'type': 'VideoDataset',
        'ann_file': 'list.txt',
        'data_prefix': {'video': '.'},
        'pipeline': PIPELINE,
        'test_mode': True,
    }
    cfg = Config(
        {
            'default_scope': 'mmaction',
            'model': MODEL,
            'test_dataloader': {
                'batch_size': 1,
                'num_workers': 0,
                'sampler': {'type': 'DefaultSampler', 'shuffle': False},
                'dataset': dataset,
            },
            'test_evaluator': {'type': 'AccMetric'},
            'test_cfg': {'type': 'TestLoop'},
        }
    )
    cfg.dump(tmp_path / 'theirs.py')
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        torch.save({'state_dict': init_model(cfg).state_dict()}, tmp_path / 'theirs.pth')
        yield tmp_path / 'theirs.py'


def test_a_config_of_mmaction2_is_tested_by_our_command(config: Path, call_tool: CallTool) -> None:
    assert 'mmvideomae test MMACTION2_CONFIG CHECKPOINT' in PAGE
    done = call_tool('test.py', config, 'theirs.pth', '--dump', 'scores.pkl')
    assert done.code == 0 and Path('scores.pkl').is_file()


def test_its_weights_are_converted_there_and_back(config: Path, call_tool: CallTool) -> None:
    commands = re.findall(r'^mmvideomae convert (.+)$', PAGE, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        words = command.replace('mmaction2.pth ours', 'theirs.pth ours').split()
        assert call_tool('misc/convert_checkpoint.py', *words).code == 0
    before, after = (
        torch.load(name, weights_only=True)['state_dict']
        for name in ('theirs.pth', 'mmaction2.pth')
    )
    for key, value in before.items():
        if key != 'backbone.pos_embed':  # the sinusoid, which is computed
            torch.testing.assert_close(after[key], value)
