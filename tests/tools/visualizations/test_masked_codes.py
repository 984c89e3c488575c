"""Contract: masked_codes.py draws every video with its masks and reports what copying restores."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from PIL import Image

from mmvideomae.apis import init_model
from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video

MODEL = {
    'type': 'TokenizerTrainer',
    'tokenizer': {'type': 'VQVAE', 'num_codes': 8, 'widths': (4, 4, 4), 'code_dims': 4},
}


@pytest.fixture(scope='module')
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Config, checkpoint and folder of videos."""
    folder = tmp_path_factory.mktemp('masked')
    cfg = Config({'default_scope': 'mmvideomae', 'model': MODEL})
    cfg.dump(folder / 'config.py')
    torch.save({'state_dict': init_model(cfg, device='cpu').state_dict()}, folder / 'x.pth')
    for name in ('a', 'deep/b'):
        write_video(folder / 'videos' / f'{name}.mp4', moving_shapes(20, 48, 64))
    return folder / 'config.py', folder / 'x.pth', folder / 'videos'


@pytest.fixture
def call(call_tool: CallTool) -> Any:
    return lambda *words: call_tool('visualizations/masked_codes.py', *words, '--device', 'cpu')


def test_pictures_and_figures(call: Any, inputs: tuple[Path, ...], tmp_path: Path) -> None:
    config, checkpoint, videos = inputs
    options = ['--checkpoint', checkpoint, '--fps', 8, '--size', 32, '--frames', 3]
    code, out, _ = call(config, videos, tmp_path / 'out', *options, '--json')
    told = json.loads(out)
    assert code == 0 and [Path(each['video']).stem for each in told['videos']] == ['a', 'b']
    assert (tmp_path / 'out/deep/b.png').stat().st_size > 5000
    assert [(row['mask'], row['ratio']) for row in told['mean']] == [
        (kind, ratio) for ratio in (0.15, 0.45) for kind in ('block', 'i.i.d.')
    ]
    rows = [video['masks'][0]['accuracy']['spatial'] for video in told['videos']]
    assert told['mean'][0]['accuracy']['spatial'] == pytest.approx(np.mean(rows), abs=1e-4)
    assert all(0 < value <= 60 for row in told['mean'] for value in row['psnr'].values())
    once = ['--limit', 1, '--mask-ratios', 0.3]
    code, out, _ = call(config, videos, tmp_path / 'one', *options, *once)
    assert code == 0 and '1 pictures' in out and 'spatio-temporal copy' in out
    sides = [Image.open(tmp_path / name / 'a.png').size for name in ('out', 'one')]
    assert sides[0][0] == sides[1][0] and sides[0][1] > 1.5 * sides[1][1]  # 14 rows against 8


def test_wrong_input_is_one_line(call: Any, inputs: tuple[Path, ...], tmp_path: Path) -> None:
    config, checkpoint, videos = inputs
    for options, message in (
        (['--checkpoint', checkpoint, '--size', 20], 'size 20 is not a multiple of 8'),
        (['--checkpoint', checkpoint, '--size', 32, '--mask-ratios', 1.5], 'ratio'),
        (['--checkpoint', checkpoint, '--frames', 0], 'too few'),
        ([], 'has random weights: give a checkpoint'),
    ):
        code, _, said = call(config, videos, tmp_path, *options)
        assert code == 1 and message in said and 'Traceback' not in said
