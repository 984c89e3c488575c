"""Contract: what fine-tuning changed is saved alone, completed when read, and merged for others."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine import Config
from torch import Tensor, nn

from mmvideomae.apis import init_model
from mmvideomae.apis.convert_checkpoint import convert_checkpoint
from mmvideomae.checkpoints import (
    CheckpointError,
    load_state_dict,
    save_changes,
    with_merged_changes,
)
from mmvideomae.registry import MODELS
from tests.support.models import tiny_recognizer, tiny_videomae

CLIPS = torch.randn(2, 3, 4, 32, 32, generator=torch.Generator().manual_seed(0))


def config(peft: dict[str, Any] | None) -> Config:
    model = tiny_recognizer(5)
    model['backbone']['peft'] = peft
    return Config({'default_scope': 'mmvideomae', 'model': model})


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The weights of a pre-training."""
    torch.manual_seed(0)
    path = tmp_path / 'base.pth'
    torch.save({'state_dict': MODELS.build(tiny_videomae()).state_dict()}, path)
    return path


def tuned(base: Path, peft: dict[str, Any]) -> nn.Module:
    """A recognizer whose backbone has the base's weights and whose other weights have learnt."""
    model = init_model(config(peft), device='cpu')
    frozen = {key: value for key, value in load_state_dict(base).items() if 'backbone' in key}
    model.load_state_dict(frozen, strict=False)
    for values in model.parameters():
        if values.requires_grad:
            nn.init.normal_(values, std=0.2)
    return model


def scores(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return model.cls_head(model.backbone(CLIPS))


@pytest.mark.parametrize('peft', [{'type': 'LoRA', 'rank': 2}, {'type': 'AIM'}])
def test_a_small_file_works_like_a_whole_one(
    base: Path, tmp_path: Path, peft: dict[str, Any]
) -> None:
    model = tuned(base, peft)
    whole, small = tmp_path / 'whole.pth', tmp_path / 'small.pth'
    torch.save({'state_dict': model.state_dict()}, whole)
    report = convert_checkpoint(whole, small, base=str(base))
    assert report.written == [small]
    stored = torch.load(small)['state_dict']
    trained = {name for name, values in model.named_parameters() if values.requires_grad}
    assert trained <= stored.keys()
    assert not any(key.startswith('backbone.patch_embed') for key in stored)
    assert not any(key.endswith('mlp.fc1.weight') for key in stored)
    again = init_model(config(peft), small, 'cpu')
    torch.testing.assert_close(dict(again.state_dict()), dict(model.state_dict()))
    assert torch.equal(scores(again), scores(model))


def test_lora_is_merged_without_its_config(base: Path, tmp_path: Path) -> None:
    model = tuned(base, {'type': 'LoRA', 'rank': 2, 'alpha': 5, 'parts': ('q', 'k')})
    whole, small = tmp_path / 'whole.pth', tmp_path / 'small.pth'
    torch.save({'state_dict': model.state_dict()}, whole)
    convert_checkpoint(whole, small, base=str(base))
    for source in (whole, small):
        convert_checkpoint(source, tmp_path / 'merged.pth')
        plain = init_model(config(None), tmp_path / 'merged.pth', 'cpu')
        torch.testing.assert_close(scores(plain), scores(model), atol=1e-5, rtol=1e-5)
        convert_checkpoint(source, tmp_path / 'official.pth', to='videomae')
    plain = init_model(config(None), tmp_path / 'official.pth', 'cpu')
    torch.testing.assert_close(scores(plain), scores(model), atol=1e-5, rtol=1e-5)


def test_adapters_cannot_be_written_for_others(base: Path, tmp_path: Path) -> None:
    torch.save(tuned(base, {'type': 'STAdapter'}).state_dict(), tmp_path / 'whole.pth')
    with pytest.raises(CheckpointError, match='adapter_2'):
        convert_checkpoint(tmp_path / 'whole.pth', tmp_path / 'x.pth', to='videomae')


def test_the_base_may_move_but_not_change(base: Path, tmp_path: Path) -> None:
    weights = tuned(base, {'type': 'LoRA'}).state_dict()
    small = save_changes(weights, 'base.pth', load_state_dict(base), tmp_path / 'small.pth')
    assert load_state_dict(small).keys() == weights.keys()  # beside the file
    other = {key: value + 1 for key, value in load_state_dict(base).items()}
    torch.save(other, base)
    with pytest.raises(CheckpointError, match=r'small\.pth was made from other weights'):
        load_state_dict(small)
    base.unlink()
    with pytest.raises(CheckpointError, match=r'only what differs from base\.pth, which does not'):
        load_state_dict(small)


def test_what_would_not_be_smaller_is_refused(base: Path, tmp_path: Path) -> None:
    weights = load_state_dict(base)
    changed = {key: value + 1 for key, value in weights.items()}
    with pytest.raises(CheckpointError, match='nothing would be saved'):
        save_changes(changed, str(base), weights, tmp_path / 'small.pth')


def test_an_incomplete_change_is_refused(base: Path) -> None:
    weights = dict(tuned(base, {'type': 'LoRA'}).state_dict())
    del weights['backbone.blocks.1.attn.low_rank.b.v']
    with pytest.raises(CheckpointError, match=r'blocks\.1\.attn\.low_rank\.b\.v missing'):
        with_merged_changes(weights)
