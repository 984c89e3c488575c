"""VIMPAC's transformer equals dense attention under a mask, and has the released sizes."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.models import FactorizedVideoTransformer
from mmvideomae.ops.code_archs import CODE_ARCHS
from mmvideomae.registry import MODELS
from tests.support.dense_codes import dense_attention, rows_of

LAYOUTS = ('T,H|W', 'T,H,W', 'T,HxW', 'TxHxW')
GRID = (3, 2, 4)


def tiny(**options: object) -> FactorizedVideoTransformer:
    torch.manual_seed(0)
    arch = {'embed_dims': 32, 'depth': 2, 'num_heads': 4}
    config = {'arch': arch, 'grid_size': GRID, 'num_codes': 50, 'out_type': 'all', **options}
    model = MODELS.build({'type': 'FactorizedVideoTransformer', **config})
    for parameter in model.parameters():  # so that biases, norms and scores matter
        torch.nn.init.normal_(parameter, std=0.3)
    return model.double().eval()


def some_codes(batch: int = 2, grid: tuple[int, int, int] = GRID) -> Tensor:
    return torch.randint(50, (batch, *grid), generator=torch.Generator().manual_seed(1))


def padded_codes() -> Tensor:
    """A complete clip, one whose last frame is PAD, and one with a hole in its middle."""
    codes = some_codes(3)
    codes[1, -1] = codes[2, 1, 0, 2] = 51
    return codes


def dense_forward(
    model: FactorizedVideoTransformer, codes: Tensor, layout: str, pre_norm: bool
) -> Tensor:
    """(B, 1 + N, D): the whole network from its parameters."""
    state = dict(model.named_parameters())

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ state[f'{name}.weight'].T + state[f'{name}.bias']

    def norm(x: Tensor, name: str) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        scaled = centred / (centred.square().mean(-1, keepdim=True) + 1e-12).sqrt()
        return scaled * state[f'{name}.weight'] + state[f'{name}.bias']

    t, h, w = (state[f'pos_embed.{axis}'] for axis in ('time', 'height', 'width'))
    places = (t[:, None, None, :] + h[None, :, None, :] + w[None, None, :, :]).flatten(0, 2)
    tokens = state['embedding.weight'][codes.flatten(1)] + places
    cls = (state['cls_embed'] + state['pos_embed.cls'])[None].repeat(len(codes), 1, 1)
    x = torch.cat([cls, tokens], 1)
    if not pre_norm:
        x = norm(x, 'ln_pre')
    for number in range(2):
        block = f'blocks.{number}'
        for step, parts in enumerate(layout.split(',')):
            inner = norm(x, f'{block}.attn_norms.{step}') if pre_norm else x
            found = []
            for part, axes in enumerate(parts.split('|')):
                heads = 4 // len(parts.split('|'))
                qkv = linear(inner, f'{block}.attns.{step}.qkv.{part}')
                q, k, v = (y.unflatten(2, (heads, -1)).transpose(1, 2) for y in qkv.chunk(3, -1))
                out = dense_attention(q, k, v, rows_of(GRID, axes), codes == 51)
                found.append(out.transpose(1, 2).flatten(2))
            x = x + linear(torch.cat(found, -1), f'{block}.attns.{step}.proj')
            x = x if pre_norm else norm(x, f'{block}.attn_norms.{step}')
        inner = norm(x, f'{block}.mlp_norm') if pre_norm else x
        x = x + linear(F.gelu(linear(inner, f'{block}.mlp.fc1')), f'{block}.mlp.fc2')
        x = x if pre_norm else norm(x, f'{block}.mlp_norm')
    return norm(x, 'ln_post') if pre_norm else x


def gradients(model: torch.nn.Module, out: Tensor) -> Iterator[Tensor]:
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    return iter(torch.autograd.grad((out * weights).sum(), list(model.parameters())))


@pytest.mark.parametrize('pre_norm', [False, True], ids=['post_norm', 'pre_norm'])
@pytest.mark.parametrize('halved', [False, True], ids=['whole', 'halved'])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_equals_dense_attention_under_a_mask(layout: str, halved: bool, pre_norm: bool) -> None:
    arch = {'embed_dims': 32, 'depth': 2, 'num_heads': 4}
    if halved:
        arch |= {'attn_ratio': 0.5, 'mlp_ratio': 2.0}
    model = tiny(arch=arch, layout=layout, pre_norm=pre_norm)
    for codes in (some_codes(), padded_codes()):
        out = torch.cat([model(codes).cls[:, None], model(codes).tokens], 1)
        expected = dense_forward(model, codes, layout, pre_norm)
        torch.testing.assert_close(out, expected, rtol=0, atol=1e-9)
        for ours, dense in zip(gradients(model, out), gradients(model, expected), strict=True):
            torch.testing.assert_close(ours, dense, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_what_stands_in_a_padded_frame_does_not_matter(layout: str) -> None:
    model, codes = tiny(layout=layout), padded_codes()[1:2]
    features = model(codes)
    model.embedding.weight.data[51] += torch.randn(32)
    changed = model(codes)
    seen = 2 * GRID[1] * GRID[2]
    torch.testing.assert_close(features.tokens[:, :seen], changed.tokens[:, :seen])
    assert not torch.allclose(features.tokens[:, seen:], changed.tokens[:, seen:])


def test_a_clip_of_padding_alone_has_finite_features_and_gradients() -> None:
    model = tiny()
    features = model(torch.full((1, *GRID), 51))
    features.tokens.sum().backward()
    assert features.cls.isfinite().all() and features.tokens.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_a_batch_may_be_said_to_be_padded_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    model, whole, padded = tiny(), some_codes(), padded_codes()
    masks = []
    fused = F.scaled_dot_product_attention

    def spy(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
        masks.append(mask)
        return fused(q, k, v, mask, dropout)

    monkeypatch.setattr(F, 'scaled_dot_product_attention', spy)
    found = model(whole).tokens
    assert len(masks) == 6 and all(mask is None for mask in masks)
    torch.testing.assert_close(model(whole, padded=True).tokens, found)
    assert all(mask is not None for mask in masks[6:])
    torch.testing.assert_close(model(padded).tokens, model(padded, padded=True).tokens)
    assert not torch.allclose(model(padded).tokens, model(padded, padded=False).tokens)


def test_rows_beyond_what_a_kernel_takes_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    model, codes = tiny(), padded_codes()
    expected = model(codes), model(codes, padded=False)
    monkeypatch.setattr('mmvideomae.ops.axis_attention.MAX_ROWS', 5)
    torch.testing.assert_close((model(codes), model(codes, padded=False)), expected)


@pytest.mark.parametrize(
    ('arch', 'layout', 'count'),
    [
        ('small', 'T,H|W', 29_442_048),
        ('small', 'T,HxW', 29_442_048),
        ('small', 'TxHxW', 23_132_160),
        ('small', 'T,H,W', 35_751_936),
        ('small-wide', 'T,H|W', 63_037_440),
        ('small-deep', 'T,H|W', 54_666_240),
        ('base', 'T,H|W', 119_748_096),
        ('large-half', 'T,H|W', 210_106_368),
    ],
)
def test_presets_have_the_published_sizes(arch: str, layout: str, count: int) -> None:
    with torch.device('meta'):
        model = FactorizedVideoTransformer(arch, layout)
    assert sum(parameter.numel() for parameter in model.parameters()) == count
    dims = {attn.proj.in_features // attn.num_heads for attn in model.blocks[0].attns}
    assert dims == {32 if arch == 'large-half' else 64}


def test_initial_weights() -> None:
    torch.manual_seed(0)
    arch = {'embed_dims': 256, 'depth': 3, 'num_heads': 4}
    model = FactorizedVideoTransformer(arch, grid_size=(64, 64, 64), num_codes=500)
    deviations = {name: p.std().item() for name, p in model.named_parameters() if p.ndim > 1}
    thirds = {f'pos_embed.{axis}' for axis in ('time', 'height', 'width')}
    for name, deviation in deviations.items():
        expected = 0.02 / math.sqrt(3) if name in thirds else 0.02
        assert deviation == pytest.approx(expected, rel=0.15 if 'cls' in name else 0.05), name
    norms = {name for name, p in model.named_parameters() if p.ndim == 1 and (p == 1).all()}
    zeros = {name for name, p in model.named_parameters() if p.ndim == 1 and not p.any()}
    assert len(norms) == 1 + 3 * 3 and len(norms) + len(zeros) + len(deviations) == len(
        list(model.parameters())
    )


def test_residual_branches_of_a_pre_norm_start_small() -> None:
    torch.manual_seed(0)
    arch = {'embed_dims': 128, 'depth': 3, 'num_heads': 4}
    model = FactorizedVideoTransformer(arch, 'T,H,W', pre_norm=True)
    assert isinstance(model.ln_pre, torch.nn.Identity) and model.ln_post.eps == 1e-12
    block = model.blocks[1]
    for layer in (block.mlp.fc2, *(attn.proj for attn in block.attns)):
        assert layer.weight.std().item() == pytest.approx(0.02 / math.sqrt(12), rel=0.05)
    assert block.mlp.fc1.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_output_types() -> None:
    codes = some_codes()
    features = tiny()(codes)
    assert features.cls.shape == (2, 32) and features.tokens.shape == (2, 24, 32)
    torch.testing.assert_close(tiny(out_type='cls')(codes), features.cls)
    torch.testing.assert_close(tiny(out_type='tokens')(codes), features.tokens)
    featmap = tiny(out_type='featmap')(codes)
    torch.testing.assert_close(featmap[:, :, 2, 1, 3], features.tokens[:, (2 * 2 + 1) * 4 + 3])
    with pytest.raises(ValueError, match="'avg'"):
        tiny(out_type='avg')


def test_other_grids_interpolate_each_axis_or_are_refused() -> None:
    codes = some_codes(1, (5, 4, 8))
    with pytest.raises(ValueError, match=r'5x4x8 codes, but the positions 3x2x4: set grid_size'):
        tiny()(codes)
    model, larger = tiny(interpolate=True), tiny(grid_size=(5, 4, 8))
    state = dict(model.state_dict())
    for axis, size in zip(('time', 'height', 'width'), (5, 4, 8), strict=True):
        name = f'pos_embed.{axis}'
        state[name] = F.interpolate(state[name].T[None], size=size, mode='linear')[0].T
    larger.load_state_dict(state)
    torch.testing.assert_close(model(codes), larger(codes), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match='2x4 codes'):
        model(some_codes()[:, 0])


def test_heads_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match='divide'):
        tiny(arch={'embed_dims': 32, 'depth': 1, 'num_heads': 3})
    with pytest.raises(ValueError, match='unknown arch'):
        tiny(arch='tiny')
    with pytest.raises(ValueError, match="unknown layout 'HxT'"):
        tiny(layout='HxT')


def test_dropout_acts_on_hidden_states_and_on_probabilities() -> None:
    codes = some_codes()
    for rates in ({'drop_rate': 0.5, 'attn_drop_rate': 0.0}, {'drop_rate': 0.0}):
        model = tiny(**rates).train()
        assert not torch.equal(model(codes).tokens, model(codes).tokens)
    still = tiny(drop_rate=0.0, attn_drop_rate=0.0).train()
    assert torch.equal(still(codes).tokens, still.eval()(codes).tokens)


def test_checkpointing_changes_nothing_but_memory() -> None:
    codes, found = padded_codes(), []
    for with_cp in (False, True):
        model = tiny(with_cp=with_cp).train()
        torch.manual_seed(3)
        found.append([*gradients(model, model(codes).tokens)])
    for plain, recomputed in zip(*found, strict=True):
        torch.testing.assert_close(plain, recomputed, rtol=0, atol=0)


def test_a_frozen_encoder_neither_learns_nor_drops() -> None:
    model, codes = tiny(frozen=True).train(), some_codes()
    assert torch.equal(model(codes).tokens, model(codes).tokens)
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_stays_close(dtype: torch.dtype) -> None:
    model, codes = tiny().float(), padded_codes()
    exact = model(codes).tokens
    with torch.autocast('cpu', dtype=dtype):
        rough = model(codes).tokens
    assert (rough - exact).abs().mean() < 0.05 * exact.abs().mean()


def test_every_parameter_has_a_layer_depth_in_order() -> None:
    model = tiny()
    depths = {
        name: model.get_layer_depth(f'backbone.{name}', prefix='backbone.')[0]
        for name, _ in model.named_parameters()
    }
    assert depths['embedding.weight'] == depths['pos_embed.time'] == depths['ln_pre.bias'] == 0
    assert depths['blocks.1.attns.0.qkv.0.bias'] == 2
    assert tiny(pre_norm=True).get_layer_depth('ln_post.weight') == (3, 4)


def test_archs_have_heads_of_64_channels() -> None:
    assert all(arch.embed_dims == 64 * arch.num_heads for arch in CODE_ARCHS.values())


@pytest.mark.slow
def test_a_compiled_layer_is_one_graph_of_the_same_values_and_gradients() -> None:
    """One graph: nothing waits for the device where the caller knows of padding."""
    model = tiny(arch={'embed_dims': 32, 'depth': 1, 'num_heads': 4})
    compiled = torch.compile(model, backend='aot_eager', fullgraph=True)
    codes = padded_codes()
    found, expected = compiled(codes, padded=True).tokens, model(codes).tokens
    torch.testing.assert_close(found, expected)
    pairs = zip(gradients(model, found), gradients(model, expected), strict=True)
    for ours, plain in pairs:
        torch.testing.assert_close(ours, plain)
