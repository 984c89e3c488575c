"""V-JEPA 2's encoder equals that of transformers for any size, number of frames and tokens."""

from typing import Any

import pytest
import torch

from mmvideomae.checkpoints import to_ours
from mmvideomae.models import VJEPA2ViT
from tests.support.vjepa2 import close, our_encoder, their_config, their_model

TINY = {'arch': {'embed_dims': 32, 'depth': 2, 'num_heads': 2}, 'img_size': 32, 'patch_size': 8}


def tiny(**options: Any) -> VJEPA2ViT:
    return VJEPA2ViT(**{**TINY, 'num_frames': 4, **options}).eval()


def both(config: Any, **options: Any) -> tuple[VJEPA2ViT, torch.nn.Module]:
    theirs = their_model(config)
    ours = our_encoder(config, **options)
    weights = to_ours(theirs.state_dict()).state_dict
    ours.load_state_dict(
        {
            key.removeprefix('backbone.'): value
            for key, value in weights.items()
            if key.startswith('backbone.')
        }
    )
    return ours, theirs


@torch.no_grad()
def outputs(ours: VJEPA2ViT, theirs: torch.nn.Module, clips: torch.Tensor) -> tuple[Any, Any]:
    return ours(clips), theirs(clips.transpose(1, 2), skip_predictor=True).last_hidden_state


# Widths of heads: 16, 80 as in the huge encoder, and 64 as in the others.
@pytest.mark.parametrize(
    ('width', 'heads', 'patch'), [(32, 2, 8), (160, 2, 8), (768, 12, 16)], ids=str
)
def test_tokens_equal_those_of_transformers(width: int, heads: int, patch: int) -> None:
    pytest.importorskip('transformers', minversion='5.0')
    ours, theirs = both(their_config(width, heads, patch, crop=4 * patch))
    assert close(*outputs(ours, theirs, torch.randn(2, 3, 4, 4 * patch, 4 * patch)))


@pytest.mark.parametrize(('frames', 'crop'), [(1, 32), (2, 48), (8, 32), (6, 64)], ids=str)
def test_other_sizes_and_numbers_of_frames(frames: int, crop: int) -> None:
    """Ours is made for 4 frames of 32x32; theirs needs its square size in its configuration."""
    pytest.importorskip('transformers', minversion='5.0')
    _, theirs = both(their_config(crop=crop))
    ours, small = both(their_config())
    small.load_state_dict(theirs.state_dict())
    assert close(*outputs(ours, theirs, torch.randn(2, 3, frames, crop, crop)))


def test_frames_that_are_not_square_have_places_of_their_own() -> None:
    """A clip of 2x3 patches equals the same places of a clip of 4x4."""
    backbone = tiny()
    wide, clips = torch.randn(1, 3, 2, 16, 24), torch.zeros(1, 3, 2, 32, 32)
    clips[..., :16, :24] = wide
    places = torch.tensor([[0, 1, 2, 4, 5, 6]])
    torch.testing.assert_close(backbone(wide), backbone(clips, places))


@pytest.mark.parametrize(
    ('arch', 'count'), [('large', 303885312), ('huge', 631648000), ('giant', 1012173952)]
)
def test_presets_have_the_sizes_of_the_published_models(arch: str, count: int) -> None:
    """Counted from the table of the paper: patches, blocks with biases everywhere, two norms."""
    with torch.device('meta'):
        backbone = VJEPA2ViT(arch)
    width, depth, _, ratio = backbone.arch
    hidden = int(width * ratio)
    block = 4 * width * width + 4 * width + 2 * width * hidden + hidden + width + 4 * width
    assert depth * block + (3 * 2 * 16 * 16 + 1) * width + 2 * width == count
    assert sum(param.numel() for param in backbone.parameters()) == count


@pytest.mark.parametrize(
    ('arch', 'heads', 'ratio'), [('large', 16, 4.0), ('huge', 16, 4.0), ('giant', 22, 48 / 11)]
)
def test_published_sizes_equal_those_of_transformers(arch: str, heads: int, ratio: float) -> None:
    pytest.importorskip('transformers', minversion='5.0')
    from transformers import VJEPA2Model

    with torch.device('meta'):
        ours = VJEPA2ViT(arch)
        config = their_config(
            ours.embed_dims, heads, 16, 256, num_hidden_layers=ours.arch.depth, mlp_ratio=ratio
        )
        theirs = VJEPA2Model(config).encoder
    counts = [sum(param.numel() for param in model.parameters()) for model in (ours, theirs)]
    assert counts[0] == counts[1] and ours.arch.num_heads == heads


def test_output_types_agree() -> None:
    torch.manual_seed(0)
    tokens, clips = tiny(), torch.randn(2, 3, 4, 32, 32)
    average, featmap = tiny(out_type='avg'), tiny(out_type='featmap')
    for other in (average, featmap):
        other.load_state_dict(tokens.state_dict())
    torch.testing.assert_close(average(clips), tokens(clips).mean(1))
    assert torch.equal(featmap(clips)[0, :, 1, 2, 3], tokens(clips)[0, (1 * 4 + 2) * 4 + 3])
    with pytest.raises(ValueError, match='omit visible_ids'):
        featmap(clips, torch.tensor([[0], [1]]))
    with pytest.raises(ValueError, match="'cls'"):
        tiny(out_type='cls')


def test_images_are_repeated_to_a_tubelet() -> None:
    backbone, images = tiny(), torch.randn(2, 3, 32, 32)
    repeated = backbone(images[:, :, None].expand(-1, -1, 2, -1, -1))
    assert torch.equal(backbone(images), repeated)
    assert torch.equal(backbone(images[:, :, None]), repeated)


def test_visible_tokens_keep_their_places_and_hidden_pixels_do_not_matter() -> None:
    backbone, clips = tiny(), torch.randn(2, 3, 4, 32, 32)
    everything = torch.arange(32).expand(2, -1)
    torch.testing.assert_close(backbone(clips, everything), backbone(clips))
    some = torch.tensor([[3, 9, 31], [0, 16, 17]])
    found = backbone(clips, some)
    torch.testing.assert_close(backbone(clips, some.flip(1)), found.flip(1))
    hidden = clips.clone()
    hidden[0, :, :2, 16:] = 0  # rows 2 and 3 of the first slot: tokens 8 to 15, with 9 among them
    hidden[0, :, :2, 16:24, 8:16] = clips[0, :, :2, 16:24, 8:16]
    assert torch.equal(backbone(hidden, some), found)


@pytest.mark.parametrize('with_cp', [False, True])
def test_gradients_do_not_depend_on_checkpointing_and_freezing_stops_them(with_cp: bool) -> None:
    torch.manual_seed(0)
    backbone = tiny(with_cp=with_cp, drop_path_rate=0.5).train()
    clips = torch.randn(2, 3, 4, 32, 32)
    torch.manual_seed(1)
    backbone(clips).square().sum().backward()
    torch.manual_seed(0)
    plain = tiny(drop_path_rate=0.5).train()
    torch.manual_seed(1)
    plain(clips).square().sum().backward()
    for mine, other in zip(backbone.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)
    frozen = tiny(frozen=True, drop_path_rate=0.5).train()
    assert not frozen.training and not any(param.requires_grad for param in frozen.parameters())


def test_layers_are_in_order_and_the_first_weights_follow_the_rule() -> None:
    backbone = VJEPA2ViT({'embed_dims': 192, 'depth': 2, 'num_heads': 3}, img_size=32)
    names = ('patch_embed.proj.weight', 'blocks.1.norm1.weight', 'norm.bias')
    assert [backbone.get_layer_depth(name) for name in names] == [(0, 4), (2, 4), (3, 4)]
    first, second = (block.attn.proj.weight.std().item() for block in backbone.blocks)
    assert [first, second] == pytest.approx([0.02 / 2**0.5, 0.02 / 2], rel=0.05)
    assert backbone.patch_embed.proj.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert not backbone.blocks[0].attn.qkv.bias.any()
