"""The converter says what a file is, writes the requested format and refuses in one line."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmvideomae.apis.convert_checkpoint import convert_checkpoint
from mmvideomae.checkpoints import CheckpointError, load_state_dict
from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae
from tests.support.tools import CallTool
from tests.support.weight_files import PRETRAINERS
from tests.support.weights import randomise

TOOL = 'misc/convert_checkpoint.py'


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    init_default_scope('mmvideomae')
    model = MODELS.build(tiny_videomae())
    randomise(model)
    return model.state_dict()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / 'tiny.py'
    Config({'default_scope': 'mmvideomae', 'model': tiny_videomae()}).dump(path)
    return path


def test_official_to_ours_to_hugging_face(
    weights: dict[str, torch.Tensor],
    config: Path,
    call_tool: CallTool,
    tmp_path: Path,
) -> None:
    source = PRETRAINERS['official'](weights, tmp_path)
    ours, folder = tmp_path / 'new' / 'ours.pth', tmp_path / 'hf'
    text = call_tool(TOOL, source, ours).out
    assert 'official VideoMAE, V1 or V2' in text and 'width 32, depth 2' in text
    assert f'wrote {ours}' in text
    facts = call_tool(TOOL, ours, folder, '--to', 'hf', '--config', config, '--json').summary
    assert (facts['format'], facts['to'], facts['tensors']) == ('ours', 'hf', len(weights))
    assert facts['parameters'] == sum(value.numel() for value in weights.values())
    assert facts['architecture']['decoder_width'] == 16 and facts['dropped'] == []
    assert facts['written'] == [str(folder / 'model.safetensors'), str(folder / 'config.json')]
    settings = json.loads((folder / 'config.json').read_text())
    heads = (settings['num_attention_heads'], settings['decoder_num_attention_heads'])
    assert heads == (2, 2) and settings['image_size'] == 32 and settings['num_frames'] == 4
    back = load_state_dict(folder)
    assert all(torch.equal(back[key], value) for key, value in weights.items())


def test_mistakes_end_in_one_line(call_tool: CallTool, tmp_path: Path) -> None:
    (tmp_path / 'text.pth').write_text('hello')
    message = call_tool(TOOL, tmp_path / 'text.pth', tmp_path / 'out.pth').err
    assert message.startswith('convert_checkpoint.py: ') and message.count('\n') == 1
    assert 'text.pth is not a readable weight file' in message
    assert not (tmp_path / 'out.pth').exists()


def test_incomplete_weights_are_not_written(
    weights: dict[str, torch.Tensor], call_tool: CallTool, tmp_path: Path
) -> None:
    target = tmp_path / 'out.pth'
    gone = {key: value for key, value in weights.items() if not key.endswith('q_bias')}
    pieces = {key: torch.empty(0) for key in weights}
    for state, said in ((gone, 'blocks.0.attn.q_bias'), (pieces, 'zero_to_fp32.py')):
        torch.save({'module': state}, tmp_path / 'part.pth')
        message = call_tool(TOOL, tmp_path / 'part.pth', target).err
        assert said in message and message.count('\n') == 1 and not target.exists()


def test_heads_that_weights_do_not_tell_are_not_lost(
    config: Path, call_tool: CallTool, tmp_path: Path
) -> None:
    """Without a config nobody would know of them any more; with one it has to have them."""
    cfg = Config.fromfile(config)
    cfg.model.backbone.arch = {'embed_dims': 192, 'depth': 1, 'num_heads': 4}
    cfg.model.neck.in_dims = 192
    cfg.dump(tmp_path / 'four.py')
    cfg.model.backbone.arch.num_heads = 3
    cfg.dump(tmp_path / 'three.py')
    init_default_scope('mmvideomae')
    state = MODELS.build(Config.fromfile(tmp_path / 'four.py').model).state_dict()
    torch.save({'state_dict': state}, tmp_path / 'ours.pth')
    folder, target = tmp_path / 'hf', tmp_path / 'out.pth'
    four, three = ('--config', tmp_path / 'four.py'), ('--config', tmp_path / 'three.py')
    assert call_tool(TOOL, tmp_path / 'ours.pth', folder, '--to', 'hf', *four).code == 0
    assert 'this width has 3: correct config.json' in call_tool(TOOL, folder, target).err
    assert 'backbone of the model has 3' in call_tool(TOOL, folder, target, *three).err
    assert not target.exists()
    assert call_tool(TOOL, folder, target, *four).code == 0


def test_trust_is_asked_for_and_given(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    from datetime import timezone

    source, target = tmp_path / 'code.pth', tmp_path / 'out.pth'
    torch.save({'model': weights, 'when': timezone.utc}, source)
    with pytest.raises(CheckpointError, match=r'datetime\.timezone.*--trust'):
        convert_checkpoint(source, target)
    convert_checkpoint(source, target, trust=True)
    assert load_state_dict(target).keys() == weights.keys()


def test_targets_and_configs_that_do_not_fit(
    weights: dict[str, torch.Tensor], config: Path, tmp_path: Path
) -> None:
    source = tmp_path / 'x.pth'
    torch.save(weights, source)
    with pytest.raises(CheckpointError, match='would replace its own source'):
        convert_checkpoint(source, source)
    with pytest.raises(CheckpointError, match="is a folder: a checkpoint of 'ours' is a file"):
        convert_checkpoint(source, tmp_path)
    (tmp_path / 'file').touch()
    with pytest.raises(CheckpointError, match="is a file: a checkpoint of 'hf' is a folder"):
        convert_checkpoint(source, tmp_path / 'file', 'hf')
    with pytest.raises(CheckpointError, match='width of 32: give its config'):
        convert_checkpoint(source, tmp_path / 'hf', 'hf')
    assert not (tmp_path / 'hf').exists()
    with pytest.raises(CheckpointError, match="cannot write 'onnx'"):
        convert_checkpoint(source, tmp_path / 'y', 'onnx')
    other = Config({'default_scope': 'mmvideomae', 'model': tiny_videomae()})
    other.model.neck.depth = 1
    other.dump(tmp_path / 'other.py')
    with pytest.raises(CheckpointError, match=r'x\.pth does not fit VideoMAE.*neck\.blocks\.1'):
        convert_checkpoint(source, tmp_path / 'hf', 'hf', config=tmp_path / 'other.py')
    with pytest.raises(FileNotFoundError, match=r'none\.py'):
        convert_checkpoint(source, tmp_path / 'hf', 'hf', config=tmp_path / 'none.py')
    (tmp_path / 'empty.py').write_text('a = 1\n')
    with pytest.raises(CheckpointError, match='has no model'):
        convert_checkpoint(source, tmp_path / 'hf', 'hf', config=tmp_path / 'empty.py')


def test_help_explains(call_tool: CallTool) -> None:
    text = call_tool(TOOL, '--help').out
    assert 'MAE-ST' in text and '--trust' in text
