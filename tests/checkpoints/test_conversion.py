"""Conversions are exact, and unmappable tensors are named."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from mmvideomae.checkpoints import (
    LAYOUTS,
    CheckpointError,
    architecture_of,
    detect,
    to_ours,
)
from mmvideomae.checkpoints.names import canonical_order
from tests.support.weight_files import (
    hugging_face,
    image_mae,
    mae_st,
    mmaction2,
    mmpretrain,
    official_finetuned,
    official_pretrained,
)


@settings(max_examples=25)
@given(tubelet=st.integers(1, 6), seed=st.integers(0, 99), gray=st.booleans())
def test_a_static_clip_is_embedded_as_its_image(tubelet: int, seed: int, gray: bool) -> None:
    """V1 section 4: an image's patch embedding, inflated, gives identical activations."""
    generator = torch.Generator().manual_seed(seed)
    channels = 1 if gray else 3
    kernel = torch.randn(8, channels, 4, 4, generator=generator, dtype=torch.float64)
    bias = torch.randn(8, generator=generator, dtype=torch.float64)
    image = torch.randn(2, channels, 12, 8, generator=generator, dtype=torch.float64)
    file = {
        'patch_embed.proj.weight': kernel,
        'patch_embed.proj.bias': bias,
        'blocks.0.attn.qkv.weight': torch.randn(24, 8),
    }
    for layer in ('norm1', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2'):
        file |= {f'blocks.0.{layer}.{leaf}': torch.ones(1) for leaf in ('weight', 'bias')}
    done = to_ours(file, tubelet)
    weight = done.state_dict['backbone.patch_embed.proj.weight']
    assert weight.shape == (8, channels, tubelet, 4, 4)
    clip = image[:, :, None].expand(-1, -1, 2 * tubelet, -1, -1)
    video = F.conv3d(
        clip, weight, done.state_dict['backbone.patch_embed.proj.bias'], weight.shape[2:]
    )
    still = F.conv2d(image, kernel, bias, kernel.shape[2:])
    for slot in range(2):
        torch.testing.assert_close(video[:, :, slot], still)


def test_static_clips_through_a_whole_network(zoo: Any) -> None:
    """With an ImageMAE file, every slot of a repeated image carries the image's tokens."""
    model = zoo.classifier()
    done = to_ours(image_mae(model.state_dict()))
    model.load_state_dict(done.state_dict)
    frame = zoo.clips()[:, :, :1]
    tokens = model.backbone.patch_embed(frame.expand(-1, -1, 4, -1, -1)).unflatten(1, (2, 16))
    torch.testing.assert_close(tokens[:, 0], tokens[:, 1], rtol=0, atol=0)


def test_the_bias_of_keys_is_of_no_consequence() -> None:
    """Softmax attention over keys with and without a bias, in float64."""
    q, k, v = torch.randn(3, 2, 4, 9, 8, dtype=torch.float64)
    bias = torch.randn(8, dtype=torch.float64)
    pairs = [F.scaled_dot_product_attention(q, keys, v) for keys in (k, k + bias)]
    torch.testing.assert_close(*pairs, rtol=0, atol=1e-12)


def test_no_tensor_is_lost_between_file_and_ours(zoo: Any) -> None:
    """The numbers in a file equal ours plus those listed as dropped, for every format."""
    state, pretrained = zoo.classifier().state_dict(), zoo.pretrainer().state_dict()
    learned = zoo.classifier(learnable_pos=True).state_dict()
    for file in (
        official_finetuned(state),
        official_pretrained(pretrained),
        hugging_face(state, 4),
        hugging_face(pretrained, 5),
        mmaction2(state, torch.randn(1, 32, 32)),
        mae_st(learned, 2),
        image_mae(state),
        mmpretrain(state),
    ):
        done = to_ours(file)
        found = sum(value.numel() for value in file.values())
        kept = sum(value.numel() for value in done.state_dict.values())
        dropped = sum(torch.Size(item.shape).numel() for item in done.dropped)
        name = 'backbone.patch_embed.proj.weight'
        if done.format in ('image-mae', 'mmpretrain'):
            kept -= done.state_dict[name].numel() // 2
        if done.format == 'mae-st':  # separable positions became a table
            kept -= done.state_dict['backbone.pos_embed'].numel() - 18 * 32
        assert found == kept + dropped, done.format


def test_stored_positions_are_dropped_only_if_they_are_the_sinusoid(zoo: Any) -> None:
    model = zoo.classifier()
    sinusoid = model.backbone.pos_embed
    file = mmaction2(model.state_dict(), sinusoid.half())
    done = to_ours(file)
    assert [item.key for item in done.dropped] == ['backbone.pos_embed']
    learned = to_ours(mmaction2(model.state_dict(), sinusoid + 0.01))
    assert not learned.dropped
    assert torch.equal(learned.state_dict['backbone.pos_embed'], sinusoid + 0.01)
    assert any('learnable_pos=True' in note for note in learned.notes)
    official = {**official_finetuned(model.state_dict()), 'pos_embed': sinusoid}
    assert [item.key for item in to_ours(official).dropped] == ['backbone.pos_embed']


def test_decoders_and_tokens_of_other_methods_are_listed(zoo: Any) -> None:
    learned = zoo.classifier(learnable_pos=True).state_dict()
    decoder = {
        'mask_token': torch.ones(1, 1, 8),
        'decoder_embed.weight': torch.ones(8, 32),
        'decoder_pos_embed_spatial': torch.ones(1, 16, 8),
        'decoder_blocks.0.norm1.weight': torch.ones(8),
    }
    for file, carried in (
        ({**mae_st(learned, 2), **decoder}, {'cls_token', 'pos_embed_class'}),
        ({**image_mae(learned), **decoder}, {'cls_token', 'pos_embed'}),
    ):
        done = to_ours(file)
        keys = {item.key for item in done.dropped if not item.key.endswith('k.bias')}
        assert keys == carried | decoder.keys()
        assert all(item.reason for item in done.dropped)
        assert len(done.lines) < 7  # one line for each reason
    index = {**official_finetuned(learned), 'blocks.0.attn.relative_position_index': torch.ones(3)}
    assert [item.key for item in to_ours(index).dropped] == [
        'blocks.0.attn.relative_position_index'
    ]


def test_mae_st_ends_in_the_norm_that_its_use_says(zoo: Any) -> None:
    learned = zoo.classifier(learnable_pos=True).state_dict()
    file = mae_st(learned, 2)
    assert 'backbone.fc_norm.weight' in to_ours(file).state_dict
    del file['head.weight'], file['head.bias']
    assert 'backbone.norm.weight' in to_ours(file).state_dict
    # One table, the first row of which is the class token's.
    table = learned['backbone.pos_embed']
    del file['pos_embed_spatial'], file['pos_embed_temporal']
    file['pos_embed'] = torch.cat([torch.ones(1, 1, 32), table], dim=1)
    assert torch.equal(to_ours(file).state_dict['backbone.pos_embed'], table)


def test_what_cannot_be_mapped_is_named(zoo: Any) -> None:
    state = zoo.classifier().state_dict()
    official = official_finetuned(state)
    for extra in ('blocks.0.more.weight', 'temporal_embed', 'blocks.1.attn.qkv.scale', 'norm.gain'):
        with pytest.raises(CheckpointError, match=f'official VideoMAE.* cannot map {extra}'):
            to_ours({**official, extra: torch.ones(1)})
    for key in ('blocks.1.attn.q_bias', 'blocks.0.mlp.fc1.weight', 'fc_norm.weight'):
        part = {name: value for name, value in official.items() if name != key}
        with pytest.raises(CheckpointError, match=rf'incomplete: backbone\.{key} missing'):
            to_ours(part)
    with pytest.raises(CheckpointError, match='two tensors for backbone'):
        to_ours({**official, 'encoder.fc_norm.weight': torch.ones(32)})
    theirs = hugging_face(state, 5)
    del theirs['videomae.encoder.layer.1.attention.attention.key.weight']
    with pytest.raises(CheckpointError, match=r'blocks\.1 has .*q\.weight.* but not all'):
        to_ours(theirs)
    with pytest.raises(CheckpointError, match=r'unknown format: .* conv1\.weight'):
        detect({'conv1.weight': torch.ones(1), 'fc.bias': torch.ones(1)})


def test_layouts_read_the_names_they_write() -> None:
    samples = [
        'backbone.patch_embed.proj.bias',
        'backbone.blocks.11.attn.proj.weight',
        'backbone.blocks.0.mlp.fc2.bias',
        'backbone.fc_norm.weight',
        'cls_head.fc_cls.weight',
    ]
    # Of other networks, tested in modules of their own.
    others = {'dalle', 'tokenizer', 'vimpac', 'vjepa2', 'vjepa2-hf'}
    for name, layout in LAYOUTS.items():
        for key in () if name in others else samples:
            theirs = layout.their_key(key)
            assert theirs is not None, (name, key)
            assert layout.our_key(theirs) == key, (name, key)


def test_order_is_that_of_our_models(zoo: Any) -> None:
    for model in (
        zoo.pretrainer(init_values=0.1),
        zoo.classifier(init_values=0.1, learnable_pos=True),
        zoo.small(),
    ):
        keys = list(model.state_dict())
        shuffled = [keys[i] for i in torch.randperm(len(keys)).tolist()]
        assert sorted(shuffled, key=canonical_order) == keys


def test_architecture_is_read_off_the_shapes(zoo: Any) -> None:
    small = architecture_of(zoo.small().state_dict())
    assert (small.width, small.depth, small.hidden, small.num_classes) == (384, 12, 1536, 7)
    assert (small.patch_size, small.tubelet_size, small.in_channels) == (16, 2, 3)
    tiny = architecture_of(zoo.pretrainer().state_dict())
    assert (tiny.decoder_width, tiny.decoder_depth, tiny.decoder_hidden) == (16, 2, 64)
    assert tiny.num_classes is None and small.decoder_width is None
    assert tiny.differences(tiny) == []
    assert 'width 384 against 32' in small.differences(tiny)
    assert architecture_of({'conv.weight': torch.ones(1)}) is None
