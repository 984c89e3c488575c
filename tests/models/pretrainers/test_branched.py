"""Contract: each branch predicts its target at its tokens, from one pass of each network.

The losses of MVD, AMD and UMT equal restatements that share only the networks themselves.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import Tensor

from mmvideomae.models import BranchedPretrainer
from mmvideomae.ops.tokens import patchify
from mmvideomae.registry import MODELS
from tests.support.latent import TEACHER_WIDTH, teacher_vit
from tests.support.models import GRID, tiny_vit
from tests.support.weights import randomise

EVERY = torch.arange(32).expand(2, -1)


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def decoder(width: int = 16) -> dict[str, Any]:
    shape = {'embed_dims': width, 'depth': 1, 'num_heads': 2, 'grid_size': GRID}
    return {'type': 'MAEDecoder', 'in_dims': 32, **shape}


def linear(width: int, loss: str | float, in_dims: int = 16) -> dict[str, Any]:
    return {'type': 'ReconstructionHead', 'in_dims': in_dims, 'out_dims': width, 'loss': loss}


def video(**changes: Any) -> dict[str, Any]:
    return {'type': 'LatentTarget', 'teacher': teacher_vit(), 'normalise': 'none', **changes}


def build(targets: dict[str, Any], branches: dict[str, Any], **options: Any) -> BranchedPretrainer:
    config = {'type': 'BranchedPretrainer', 'backbone': tiny_vit(), **options}
    model = MODELS.build({**config, 'targets': targets, 'branches': branches})
    randomise(model, 1)
    for number, target in enumerate(model.targets.values()):
        if hasattr(target, 'network'):
            randomise(target.network, 7 + number)
    return model.eval()


def clips() -> Tensor:
    return torch.randn(2, 3, 4, 32, 32, generator=torch.Generator().manual_seed(1))


def visible(share: int = 4) -> Tensor:
    """Ids of tubes of ``share`` places of 16, others for each clip; those of fewer are included."""
    generator = torch.Generator().manual_seed(2)
    rows = [torch.randperm(16, generator=generator)[:share].sort().values for _ in range(2)]
    return torch.stack([torch.cat([row, row + 16]) for row in rows])


def mask_of(ids: Tensor) -> Tensor:
    return torch.ones(2, 32, dtype=torch.bool).scatter(1, ids, False)


def rows(tokens: Tensor, ids: Tensor) -> Tensor:
    return torch.stack([one[which] for one, which in zip(tokens, ids, strict=True)])


def block_outputs(network: Any, inputs: Tensor, ids: Tensor = EVERY) -> list[Tensor]:
    x, outputs = network.patch_embed(inputs, ids) + network.pos_embed[0][ids], []
    for block in network.blocks:
        x = block(x)
        outputs.append(x)
    return outputs


def predicted(model: BranchedPretrainer, name: str, ids: Tensor) -> Tensor:
    branch, seen = model.branches[name], visible()
    tokens = model.backbone(clips(), seen)
    return branch.head.proj(branch.neck(tokens, seen, ids, GRID))


def test_two_teachers_have_a_decoder_each() -> None:
    """MVD: hidden tokens, smooth L1, a video and an image teacher."""
    image = {'type': 'LatentTarget', 'teacher': {'type': 'TinyImageNetwork'}, 'per_frame': True}
    targets = {
        'video': video(layers=(-1,)),
        'image': {**image, 'frame_stride': 2, 'normalise': 'none'},
    }
    branch = {'neck': decoder(), 'head': linear(TEACHER_WIDTH, 'smooth_l1')}
    branches = {
        'video': {**branch, 'target': 'video'},
        'image': {**branch, 'target': 'image', 'weight': 0.5},
    }
    model = build(targets, branches)
    inputs, seen = clips(), visible()
    losses = model(inputs, visible_ids=seen, mode='loss')
    hidden = torch.stack([mask.nonzero()[:, 0] for mask in mask_of(seen)])
    networks = {name: target.network for name, target in model.targets.items()}
    with torch.no_grad():
        maps = [networks['image'](inputs[:, :, frame]) for frame in (0, 2)]
    raw = {
        'video': block_outputs(networks['video'], inputs)[-1].detach(),
        'image': torch.cat([each.flatten(2).transpose(1, 2) for each in maps], 1),
    }
    for name, weight in (('video', 1.0), ('image', 0.5)):
        error = (predicted(model, name, hidden) - rows(raw[name], hidden)).abs()
        expected = torch.where(error < 1, error**2 / 2, error - 0.5).mean()
        torch.testing.assert_close(losses[f'loss_{name}'], weight * expected)
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    masked = model(inputs, encoder_mask=mask_of(seen), mode='loss')
    assert all(torch.equal(value, masked[name]) for name, value in losses.items())


def test_a_teacher_that_sees_more_is_aligned_and_completed() -> None:
    """AMD: pixels, layers of both networks at common tokens, and what only the teacher saw."""
    targets = {'pixels': {'type': 'PixelTarget'}, 'teacher': video(layers=(1, 3))}
    aligned = {'type': 'LayerHead', 'in_dims': 32, 'layer_dims': TEACHER_WIDTH, 'num_layers': 2}
    branches = {
        'pixels': {'target': 'pixels', 'neck': decoder(), 'head': linear(384, 'mse')},
        'align': {
            'target': 'teacher',
            'neck': {'type': 'VisibleTokens', 'positions': False},
            'head': aligned,
            'tokens': 'visible',
            'layers': (1, 2),
        },
        'complete': {
            'target': 'teacher',
            'neck': decoder(24),
            'head': linear(2 * TEACHER_WIDTH, 'mse', 24),
            'tokens': 'teacher_only',
        },
    }
    model = build(targets, branches)
    inputs, seen, teacher_ids = clips(), visible(), visible(8)
    passes = []
    model.targets['teacher'].network.register_forward_pre_hook(lambda *args: passes.append(args))
    losses = model(inputs, mask_of(seen), teacher_mask=mask_of(teacher_ids), mode='loss')
    assert len(passes) == 1
    with torch.no_grad():
        outputs = block_outputs(model.targets['teacher'].network, inputs, teacher_ids)
        features = torch.zeros(2, 32, 2 * TEACHER_WIDTH)
        for row, ids, values in zip(
            features, teacher_ids, torch.cat([outputs[0], outputs[2]], 2), strict=True
        ):
            row[ids] = values
    hidden = torch.stack([mask.nonzero()[:, 0] for mask in mask_of(seen)])
    cubes = patchify(inputs, 2, 8, hidden).unflatten(2, (-1, 3))
    pixels = model.data_preprocessor.to_unit_range(cubes.flatten(2)).unflatten(2, (-1, 3))
    deviation, mean = torch.std_mean(pixels, 2, keepdim=True)
    pixels = ((pixels - mean) / (deviation + 1e-6)).flatten(2)
    expected = (predicted(model, 'pixels', hidden) - pixels).square().mean()
    torch.testing.assert_close(losses['loss_pixels'], expected)
    student = block_outputs(model.backbone, inputs, seen)
    heads = model.branches['align'].head.layers
    pred = torch.cat([heads[0].proj(student[0]), heads[1].proj(student[1])], 2)
    expected = (pred - rows(features, seen)).square().mean()
    torch.testing.assert_close(losses['loss_align'], expected)
    only = mask_of(seen) & ~mask_of(teacher_ids)
    only = torch.stack([row.nonzero()[:, 0] for row in only])
    expected = (predicted(model, 'complete', only) - rows(features, only)).square().mean()
    torch.testing.assert_close(losses['loss_complete'], expected)
    model.backbone.zero_grad()
    losses['loss_complete'].backward()
    assert model.backbone.blocks[0].mlp.fc1.weight.grad is not None


def unmasked_student() -> dict[str, Any]:
    """UMT: two layers, l2 and angles, at visible tokens chosen by the teacher's attention."""
    head = {'type': 'LayerHead', 'in_dims': 32, 'layer_dims': TEACHER_WIDTH, 'num_layers': 2}
    branch = {
        'target': 'clip',
        'neck': {'type': 'VisibleTokens', 'embed_dims': 32, 'grid_size': GRID},
        'head': {**head, 'loss': 'cosine', 'norm': True},
        'tokens': 'visible',
        'layers': (1, 2),
        'through': ('norm',),
    }
    target = video(layers=(2, 3), through=('norm',), normalise='l2')
    masker = {'type': 'AttentionMasker', 'target': 'clip', 'ratio': 0.75}
    return {'targets': {'clip': target}, 'branches': {'clip': branch}, 'masker': masker}


def test_visible_tokens_learn_angles_of_layers() -> None:
    model = build(**unmasked_student())
    inputs, seen = clips(), visible()
    loss = model(inputs, visible_ids=seen, mode='loss')['loss_clip']
    network, head = model.targets['clip'].network, model.branches['clip'].head
    with torch.no_grad():
        teacher = [rows(network.norm(x), seen) for x in block_outputs(network, inputs)[1:]]
    errors = []
    for number, tokens in enumerate(block_outputs(model.backbone, inputs, seen)):
        positions = model.backbone.pos_embed[0][seen]
        pred = head.norms[number](head.layers[number].proj(model.backbone.norm(tokens) + positions))
        cosine = torch.nn.functional.cosine_similarity(pred, teacher[number], dim=-1)
        errors.append((2 - 2 * cosine).mean())
    torch.testing.assert_close(loss, (errors[0] + errors[1]) / 2)


def test_attention_chooses_the_visible_tokens_in_one_pass_of_the_teacher() -> None:
    model = build(**unmasked_student())
    passes = []
    model.targets['clip'].network.register_forward_pre_hook(lambda *args: passes.append(args))
    torch.manual_seed(3)
    output = model(clips(), mode='predict')
    assert len(passes) == 1 and output.token_ids.shape == (2, 8)
    assert all(((ids // 16).bincount() == 4).all() for ids in output.token_ids)
    assert (output.token_ids.diff() > 0).all()
    again = model(clips(), visible_ids=output.token_ids, mode='loss')
    torch.testing.assert_close(again['loss_clip'], output.loss)


@torch.no_grad()
def test_attention_is_that_of_the_last_block() -> None:
    target = build(**unmasked_student()).targets['clip']
    features, attention = target.look(clips(), lambda values: values)
    network = target.network
    block = network.blocks[-1]
    x = block.norm1(block_outputs(network, clips())[-2])
    weight = block.attn.qkv.weight
    q, k = x @ weight[:24].T + block.attn.q_bias, x @ weight[24:48].T
    heads = [
        (q[..., part] @ k[..., part].mT / 12**0.5).softmax(-1)
        for part in (slice(12), slice(12, 24))
    ]
    torch.testing.assert_close(attention, (heads[0] + heads[1]).mean(1) / 2)
    assert features.shape == (2, 32, 2 * TEACHER_WIDTH)


def test_tokens_with_more_attention_are_visible_more_often() -> None:
    masker = MODELS.build({'type': 'AttentionMasker', 'target': 'clip', 'ratio': 0.75})
    attention = torch.full((200, 8), 0.02)
    attention[:, [1, 6]] = 0.4  # one place in each slot
    torch.manual_seed(0)
    counts = masker(attention, (2, 2, 2)).flatten().bincount(minlength=8)
    assert counts.sum() == 400 and counts[1] > 150 and counts[6] > 150
    assert (counts[[0, 2, 3, 4, 5, 7]] < 40).all()


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        ({'target': 'image'}, r"predicts 'image', but the targets are \['clip'\]"),
        ({'tokens': 'masked'}, "unknown tokens 'masked'"),
        ({'head': linear(24, 'mse', 32)}, "target 'clip' has 48 values per token, but .* 24"),
    ],
)
def test_refuses_settings_in_one_line(change: dict[str, Any], told: str) -> None:
    config = unmasked_student()
    config['branches'] = {'clip': {**config['branches']['clip'], **change}}
    with pytest.raises(ValueError, match=told):
        build(**config)


def test_refuses_batches_without_masks() -> None:
    config = unmasked_student()
    with pytest.raises(ValueError, match='needs an encoder_mask, visible_ids or a masker'):
        build(config['targets'], config['branches'])(clips(), mode='loss')
    branch = {**config['branches']['clip'], 'tokens': 'teacher_only'}
    with pytest.raises(ValueError, match='needs a teacher_mask: use NestedTubeMask'):
        build(config['targets'], {'clip': branch})(clips(), visible_ids=visible(), mode='loss')
