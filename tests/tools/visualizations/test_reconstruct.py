"""Contract: tools/visualizations/reconstruct.py writes the format of OUT, or ends in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from mmvideomae.apis import init_model
from tests.support.pretraining import tiny_pretrain_config
from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video


@pytest.fixture(scope='module')
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Config, checkpoint and video."""
    folder = tmp_path_factory.mktemp('reconstruct')
    cfg = tiny_pretrain_config(folder, folder)
    cfg.dump(folder / 'config.py')
    torch.save({'state_dict': init_model(cfg).state_dict()}, folder / 'x.pth')
    write_video(folder / 'v.mp4', moving_shapes(20, 48, 64))
    return folder / 'config.py', folder / 'x.pth', folder / 'v.mp4'


@pytest.fixture
def call(call_tool: CallTool) -> Any:
    return lambda *words: call_tool('visualizations/reconstruct.py', *words, '--device', 'cpu')


@pytest.mark.parametrize(('name', 'options', 'written'), [
    ('a.png', (), 'a.png'),
    ('a.gif', (), 'a.gif'),
    ('a.mp4', (), 'a.mp4'),
    ('b', ('--format', 'gif'), 'b.gif'),
    ('c.png', ('--format', 'png', '--layout', 'side_by_side', '--frames', 2), 'c.png'),
])  # fmt: skip
def test_kinds_of_output(
    call: Any, inputs: tuple[Path, ...], tmp_path: Path, name: str, options: tuple, written: str
) -> None:
    code, out, _ = call(*inputs, tmp_path / name, *options)
    assert code == 0 and str(tmp_path / written) in out
    assert (tmp_path / written).stat().st_size > 1000


def test_json_says_what_was_drawn(call: Any, inputs: tuple[Path, ...], tmp_path: Path) -> None:
    code, out, _ = call(*inputs, tmp_path / 'a.png', '--mask-ratios', 0.5, 0.75, '--json')
    summary = json.loads(out)
    assert code == 0 and [mask['masked_share'] for mask in summary['masks']] == [0.5, 0.75]
    assert 'ground-truth patch statistics' in summary['note']
    assert all(mask['loss'] > 0 for mask in summary['masks'])
    code, out, _ = call(*inputs, tmp_path / 'b.png', '--no-ground-truth-stats', '--json')
    assert 'no ground-truth statistics' in json.loads(out)['note']
    pictures = [Image.open(tmp_path / name).tobytes() for name in ('a.png', 'b.png')]
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize(('change', 'options', 'message'), [
    ({0: 'missing.py'}, (), 'missing.py'),
    ({1: 'missing.pth'}, (), 'missing.pth'),
    ({2: 'missing.mp4'}, (), 'no such file'),
    ({3: 'a.bmp'}, (), 'must end in'),
    ({3: 'a.png'}, ('--format', 'gif'), 'contradicts'),
    ({}, ('--mask-ratios', 1.5), 'ratio must lie in'),
    ({}, ('--start', 99), 'has no frame'),
    ({}, ('--cfg-options', 'model.neck.depth=3'), 'lacks neck.blocks.2'),
])  # fmt: skip
def test_bad_input_ends_in_one_line(
    call: Any,
    inputs: tuple[Path, ...],
    tmp_path: Path,
    change: dict[int, str],
    options: tuple,
    message: str,
) -> None:
    words = [*inputs, tmp_path / 'a.png']
    for place, name in change.items():
        words[place] = tmp_path / name
    code, out, err = call(*words, *options)
    assert code == 1 and message in err and err.count('\n') == 1 and not out
    assert not list(tmp_path.iterdir())
