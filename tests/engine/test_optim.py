"""Contract: few parameter groups with the papers' decay rules; mixed precision works on a CPU."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmvideomae.checkpoints import convert
from mmvideomae.configs import read_config
from mmvideomae.engine import AmpOptimWrapper, GroupedOptimWrapperConstructor
from mmvideomae.registry import MODELS
from tests.support.codes import tiny_code_encoder, tiny_vimpac
from tests.support.models import tiny_videomae, tiny_vit

ROOT = Path(__file__).parents[2]


def build(model: nn.Module, **paramwise: Any) -> OptimWrapper:
    cfg = {
        'type': 'OptimWrapper',
        'optimizer': {'type': 'AdamW', 'lr': 1e-3, 'weight_decay': 0.05},
    }
    return GroupedOptimWrapperConstructor(cfg, paramwise)(model)


def settings_of(model: nn.Module, **paramwise: Any) -> dict[str, tuple[float, float]]:
    """(weight decay, rate) of every parameter by name."""
    groups = build(model, **paramwise).optimizer.param_groups
    by_id = {id(p): (g['weight_decay'], g['lr']) for g in groups for p in g['params']}
    return {name: by_id[id(p)] for name, p in model.named_parameters() if p.requires_grad}


class Recognizer(nn.Module):
    """A backbone that knows its layers, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = MODELS.build(tiny_vit(out_type='avg'))
        self.cls_head = nn.Linear(32, 4)


def test_pretraining_has_two_groups_and_the_papers_exceptions() -> None:
    model = MODELS.build(tiny_videomae())
    settings = settings_of(model)
    assert len(set(settings.values())) == 2
    exempt = {name for name, (decay, _) in settings.items() if decay == 0}
    for name, parameter in model.named_parameters():
        expected = parameter.ndim == 1 or name.endswith(('mask_token', 'pos_embed', 'cls_token'))
        assert (name in exempt) == expected, name
    assert any(name.endswith('q_bias') for name in exempt)
    assert any(name.endswith('mask_token') for name in exempt)
    assert {rate for _, rate in settings.values()} == {1e-3}


@pytest.mark.parametrize('pre_norm', [False, True])
def test_vimpac_decays_what_the_released_code_decays(pre_norm: bool) -> None:
    model = MODELS.build(tiny_vimpac(backbone=tiny_code_encoder(pre_norm=pre_norm)))
    names = [name for name, value in model.named_parameters() if value.requires_grad]
    paramwise = read_config(ROOT / 'configs/_base_/schedules/adamw_vimpac.py').optim_wrapper
    settings = settings_of(model, **paramwise.paramwise_cfg)
    numbered = {
        name: torch.full_like(value, float(names.index(name))) if name in names else value
        for name, value in model.state_dict().items()
    }
    exempt = re.compile(r'\.bias|LayerNorm\.weight|\.ln\.weight|ln_(1|2|3|pre|post)\.weight')
    seen = set()
    for theirs, value in convert(numbered, 'vimpac').items():
        if theirs.endswith(('running_mean', 'running_var', 'num_batches_tracked')):
            continue
        ours = names[int(value.flatten()[0])]
        seen.add(ours)
        assert (settings[ours][0] == 0) == bool(exempt.search(theirs)), theirs
    assert seen == set(names)


def test_layer_decay_asks_the_backbone() -> None:
    model = Recognizer()
    settings = settings_of(model, layer_decay_rate=0.5)
    # depth 2: embeddings are layer 0 of 4, blocks 1 and 2, the final norm 3.
    for prefix, scale in {
        'backbone.patch_embed.': 1 / 8,
        'backbone.blocks.0.': 1 / 4,
        'backbone.blocks.1.': 1 / 2,
        'backbone.norm.': 1,
        'cls_head.': 1,
    }.items():
        rates = {rate for name, (_, rate) in settings.items() if name.startswith(prefix)}
        assert rates == {1e-3 * scale} or (not rates and prefix == 'backbone.norm.'), prefix
    decays = {decay for name, (decay, _) in settings.items() if name.startswith('cls_head.weight')}
    assert decays == {0.05}


def test_a_part_may_name_its_own_multiple_of_the_rate() -> None:
    class Probe(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])

        def get_lr_factor(self, name: str, prefix: str) -> float:
            return (0.1, 10.0)[int(name.removeprefix(prefix).split('.')[1])]

    model = Recognizer()
    model.cls_head = Probe()
    for options in ({}, {'layer_decay_rate': 0.5}):
        settings = settings_of(model, **options)
        assert settings['cls_head.layers.0.weight'] == (0.05, pytest.approx(1e-4))
        assert settings['cls_head.layers.1.bias'] == (0.0, pytest.approx(1e-2))
        assert settings['backbone.patch_embed.proj.weight'][1] in (1e-3, 1e-3 / 8)


def test_frozen_parameters_are_left_out() -> None:
    model = Recognizer()
    model.backbone.requires_grad_(False)
    optimizer = build(model).optimizer
    assert sum(len(group['params']) for group in optimizer.param_groups) == 2


def test_names_are_those_of_the_unwrapped_model() -> None:
    class Wrapper(nn.Module):
        def __init__(self, model: nn.Module) -> None:
            super().__init__()
            self.module = model

    plain = settings_of(Recognizer(), layer_decay_rate=0.5)
    wrapped = settings_of(Wrapper(Recognizer()), layer_decay_rate=0.5)
    assert {f'module.{name}': value for name, value in plain.items()} == wrapped


def test_optimizer_equals_one_group_per_parameter() -> None:
    """Grouping changes no result: the same step as one parameter per group."""
    torch.manual_seed(0)
    grouped, single = MODELS.build(tiny_videomae()), MODELS.build(tiny_videomae())
    single.load_state_dict(grouped.state_dict())
    settings = settings_of(single)
    per_parameter = torch.optim.AdamW(
        [
            {'params': [p], 'weight_decay': settings[name][0]}
            for name, p in single.named_parameters()
        ],
        lr=1e-3,
    )
    wrapper = build(grouped)
    for step in range(3):
        for left, right in zip(grouped.parameters(), single.parameters(), strict=True):
            left.grad = torch.full_like(left, 0.1 * (step + 1))
            right.grad = left.grad.clone()
        wrapper.step()
        per_parameter.step()
    for left, right in zip(grouped.parameters(), single.parameters(), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ('paramwise', 'named'),
    [
        ({'layer_decay': 0.7}, 'layer_decay'),
        ({'layer_decay_rate': 1.5}, '1.5'),
        ({'layer_decay_rate': 0.0}, '0.0'),
    ],
)
def test_refuses_what_it_does_not_know(paramwise: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        build(Recognizer(), **paramwise)


def test_layer_decay_needs_a_part_that_knows_its_layers() -> None:
    with pytest.raises(ValueError, match='get_layer_depth'):
        build(nn.Linear(2, 2), layer_decay_rate=0.7)


def amp_wrapper(**options: Any) -> tuple[nn.Linear, AmpOptimWrapper]:
    layer = nn.Linear(3, 1)
    return layer, AmpOptimWrapper(torch.optim.SGD(layer.parameters(), lr=0.1), **options)


needs_cpu_only = pytest.mark.skipif(torch.cuda.is_available(), reason='a CPU default is tested')


@needs_cpu_only
@pytest.mark.parametrize(
    ('dtype', 'computed'),
    [
        (None, torch.float32),  # bfloat16 is slow on most CPUs
        ('bfloat16', torch.bfloat16),
        (torch.bfloat16, torch.bfloat16),
    ],
)
def test_trains_on_a_cpu(dtype: str | torch.dtype | None, computed: torch.dtype) -> None:
    layer, wrapper = amp_wrapper(dtype=dtype, clip_grad={'max_norm': 1.0})
    before = layer.weight.clone()
    with wrapper.optim_context(layer):
        output = layer(torch.ones(2, 3))
        assert output.dtype == computed
    wrapper.update_params(output.float().sum())
    assert layer.weight.dtype == torch.float32
    assert not torch.equal(layer.weight, before)
    assert wrapper.loss_scaler.get_scale() == 1.0


@needs_cpu_only
def test_state_is_restored_without_a_scaler() -> None:
    _, wrapper = amp_wrapper()
    _, other = amp_wrapper()
    other.load_state_dict(wrapper.state_dict())
    assert other.loss_scaler.get_scale() == 1.0


@needs_cpu_only
def test_float16_on_a_cpu_is_an_error() -> None:
    with pytest.raises(ValueError, match='bfloat16'):
        amp_wrapper(dtype='float16')


@pytest.mark.parametrize('dtype', ['float8', 'float64', torch.int8])
def test_refuses_types_that_autocast_does_not_know(dtype: Any) -> None:
    with pytest.raises(ValueError, match='dtype must be'):
        amp_wrapper(dtype=dtype)


def test_refuses_an_unknown_loss_scale() -> None:
    with pytest.raises(ValueError, match='loss_scale'):
        amp_wrapper(loss_scale='static')
