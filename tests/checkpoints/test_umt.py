"""Weights with VideoMAE's official names and tubelets of one frame, as UMT's, are read as such."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mmvideomae.checkpoints import CheckpointError, convert, detect, load, to_ours
from mmvideomae.models import VideoMAEViT
from tests.support.weights import randomise


def encoder(**options: Any) -> VideoMAEViT:
    arch = {'embed_dims': 32, 'depth': 2, 'num_heads': 2}
    sizes = {'img_size': 32, 'patch_size': 16, 'num_frames': 8, 'tubelet_size': 1}
    return VideoMAEViT(**{'arch': arch, **sizes, 'out_type': 'avg', **options}).eval()


def official(model: VideoMAEViT) -> dict[str, torch.Tensor]:
    """A classifier's state dict; the encoder's names inside a block are the same as ours."""
    head = {'head.weight': torch.randn(5, 32), 'head.bias': torch.randn(5)}
    return {**model.state_dict(), **head}


def test_a_classifier_with_a_tubelet_of_one_frame_is_read_and_written(tmp_path: Path) -> None:
    model = encoder()
    randomise(model)
    state = official(model)
    assert state['patch_embed.proj.weight'].shape == (32, 3, 1, 16, 16)
    assert detect(state) == 'videomae'
    torch.save({'model': state}, tmp_path / 'umt.pth')
    done = load(tmp_path / 'umt.pth')
    assert done.format == 'videomae' and not done.dropped
    other = encoder()
    own = {k.removeprefix('backbone.'): v for k, v in done.state_dict.items() if 'backbone.' in k}
    other.load_state_dict(own, strict=True)
    clips = torch.randn(2, 3, 8, 32, 32)
    with torch.no_grad():
        assert torch.equal(other(clips), model(clips))
    back = convert(done.state_dict, 'videomae')
    assert back.keys() == state.keys() and all(torch.equal(back[k], state[k]) for k in back)


def test_incomplete_weights_are_refused() -> None:
    state = official(encoder())
    del state['blocks.1.attn.v_bias']
    with pytest.raises(CheckpointError, match=r'blocks\.1\.attn\.v_bias missing'):
        to_ours(state)
