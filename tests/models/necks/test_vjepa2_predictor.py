"""V-JEPA 2's predictor equals that of transformers, whatever tokens are seen and asked."""

import pytest
import torch

from mmvideomae.checkpoints import to_ours
from mmvideomae.models import VJEPA2Predictor
from tests.support.vjepa2 import OurPretrainer, close, their_config, their_model


@pytest.mark.parametrize('crop', [32, 48])
@pytest.mark.parametrize('frames', [4, 8])
def test_predictions_equal_those_of_transformers(crop: int, frames: int) -> None:
    pytest.importorskip('transformers', minversion='5.0')
    config = their_config(crop=crop)
    theirs, ours = their_model(config), OurPretrainer(config, mask_index=1)
    ours.load_state_dict(to_ours(theirs.state_dict()).state_dict)
    clips = torch.randn(2, 3, frames, crop, crop)
    grid = (frames // 2, crop // 8, crop // 8)
    count = grid[0] * grid[1] * grid[2]
    orders = torch.stack([torch.randperm(count) for _ in range(2)])
    seen, asked = orders[:, :7].sort(1)[0], orders[:, 7:20]  # their order is free
    with torch.no_grad():
        output = theirs(clips.transpose(1, 2), [seen], [asked])
        # Theirs encodes all tokens and then selects; training encodes the visible ones.
        tokens = ours.backbone(clips).gather(1, seen[..., None].expand(-1, -1, 32))
        found = ours.head(ours.neck(tokens, seen, asked, grid))
    assert close(found, output.predictor_output.last_hidden_state)


def test_seen_and_asked_positions_matter_but_not_their_order() -> None:
    torch.manual_seed(0)
    neck = VJEPA2Predictor(16, 12, depth=2, num_heads=2, num_mask_tokens=2).eval()
    torch.nn.init.normal_(neck.mask_token)
    for block in neck.blocks:
        torch.nn.init.normal_(block.attn.qkv.weight, std=0.3)
    tokens, seen = torch.randn(1, 3, 16), torch.tensor([[2, 5, 7]])
    asked, order = torch.tensor([[0, 6]]), torch.tensor([2, 0, 1])
    found = neck(tokens, seen, asked, (2, 2, 2))
    assert found.shape == (1, 2, 12)
    torch.testing.assert_close(neck(tokens[:, order], seen[:, order], asked, (2, 2, 2)), found)
    torch.testing.assert_close(neck(tokens, seen, asked.flip(1), (2, 2, 2)), found.flip(1))
    assert not torch.allclose(neck(tokens, seen[:, order], asked, (2, 2, 2)), found)


def test_only_the_chosen_mask_token_is_used_and_all_start_at_zero() -> None:
    neck = VJEPA2Predictor(16, 12, depth=1, num_heads=2, num_mask_tokens=3, mask_index=2)
    assert neck.mask_token.shape == (3, 1, 12) and not neck.mask_token.any()
    ids = torch.tensor([[0]])
    neck(torch.randn(1, 1, 16), ids, ids + 1, (1, 2, 2))[..., 0].sum().backward()
    used = neck.mask_token.grad.flatten(1).abs().sum(1) > 0
    assert used.tolist() == [False, False, True]
    with pytest.raises(ValueError, match='no mask token 3, only 3'):
        VJEPA2Predictor(num_mask_tokens=3, mask_index=3)
    with pytest.raises(ValueError, match='at least one block, not 0'):
        VJEPA2Predictor(depth=0)
