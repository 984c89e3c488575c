"""The backbone has the released sizes, accepts any clip, and uses only visible tokens."""

import pytest
import torch

from mmvideomae.models import VideoMAEViT
from tests.support.models import tiny_vit


def tiny(**options: object) -> VideoMAEViT:
    config = {**tiny_vit(), **options}
    config.pop('type')
    return VideoMAEViT(**config).eval()


@pytest.mark.parametrize(
    ('arch', 'patch', 'millions'),
    [
        ('small', 16, 21.880),
        ('base', 16, 86.227),
        ('large', 16, 303.861),
        ('huge', 16, 631.607),
        ('giant', 14, 1011.611),
    ],
)
def test_presets_have_the_published_sizes(arch: str, patch: int, millions: float) -> None:
    with torch.device('meta'):
        backbone = VideoMAEViT(arch, patch_size=patch)
    count = sum(parameter.numel() for parameter in backbone.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=5e-4)


def test_output_types() -> None:
    clips = torch.randn(2, 3, 4, 32, 32)
    assert tiny()(clips).shape == (2, 32, 32)
    assert tiny(out_type='avg')(clips).shape == (2, 32)
    featmap = tiny(out_type='featmap')(clips)
    assert featmap.shape == (2, 32, 2, 4, 4)
    with pytest.raises(ValueError, match="'cls'"):
        tiny(out_type='cls')


def test_feature_map_holds_the_tokens_at_their_places() -> None:
    torch.manual_seed(0)
    tokens, featmap = tiny(), tiny(out_type='featmap')
    featmap.load_state_dict(tokens.state_dict())
    clips = torch.randn(1, 3, 4, 32, 32)
    assert torch.equal(featmap(clips)[0, :, 1, 2, 3], tokens(clips)[0, (1 * 4 + 2) * 4 + 3])


def test_hidden_pixels_do_not_matter() -> None:
    backbone = tiny()
    visible = torch.tensor([[0, 9, 31]])
    clips = torch.zeros(1, 3, 4, 32, 32)
    noise = clips + torch.randn_like(clips)
    for slot, row, column in ((0, 0, 0), (0, 2, 1), (1, 3, 3)):
        place = (..., slice(slot * 2, slot * 2 + 2), slice(row * 8, row * 8 + 8))
        noise[(*place, slice(column * 8, column * 8 + 8))] = 0
    assert torch.equal(backbone(clips, visible), backbone(noise, visible))


def test_all_ids_in_order_equal_no_ids() -> None:
    backbone = tiny()
    clips = torch.randn(2, 3, 4, 32, 32)
    everything = torch.arange(32).expand(2, -1)
    torch.testing.assert_close(backbone(clips, everything), backbone(clips))


@pytest.mark.parametrize('learnable', [False, True])
@pytest.mark.parametrize('shape', [(8, 32, 32), (4, 48, 32), (6, 40, 64)])
def test_any_frames_and_resolution(learnable: bool, shape: tuple[int, int, int]) -> None:
    backbone = tiny(learnable_pos=learnable)
    tokens = shape[0] // 2 * (shape[1] // 8) * (shape[2] // 8)
    assert backbone(torch.randn(1, 3, *shape)).shape == (1, tokens, 32)


def test_fixed_positions_are_not_in_the_state_dict_and_learnt_ones_are() -> None:
    assert 'pos_embed' not in tiny().state_dict()
    assert 'pos_embed' in dict(tiny(learnable_pos=True).named_parameters())


def test_moving_one_model_leaves_the_next_untouched() -> None:
    tiny().pos_embed.zero_()
    assert tiny().pos_embed.any()


def test_a_clip_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match='3 frames of 32x30'):
        tiny()(torch.zeros(1, 3, 3, 32, 30))
    with pytest.raises(ValueError, match='unknown arch'):
        VideoMAEViT('tiny')


def test_every_parameter_has_a_layer_depth_in_order() -> None:
    backbone = tiny(learnable_pos=True)
    depths = {
        name: backbone.get_layer_depth(f'backbone.{name}', prefix='backbone.')
        for name, _ in backbone.named_parameters()
    }
    assert {layers for _, layers in depths.values()} == {4}
    assert depths['pos_embed'][0] == depths['patch_embed.proj.weight'][0] == 0
    assert depths['blocks.0.attn.q_bias'][0] == 1
    assert depths['blocks.1.mlp.fc2.weight'][0] == 2
    assert depths['norm.weight'][0] == 3


def test_drop_path_grows_linearly_with_depth() -> None:
    backbone = VideoMAEViT({'embed_dims': 32, 'depth': 3, 'num_heads': 2}, drop_path_rate=0.2)
    rates = [getattr(block.drop_path, 'drop_prob', 0.0) for block in backbone.blocks]
    assert rates == pytest.approx([0.0, 0.1, 0.2])
