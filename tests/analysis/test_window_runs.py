"""A window has the size that a config says, and a training step holds what must grow with it."""

from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmvideomae.analysis.window_runs import linear_bytes, window_memory, window_run
from mmvideomae.registry import MODELS
from tests.support.localizers import tiny_end_to_end

FRAMES, SIDE = 32, 16


def build(**changes: Any) -> Any:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        return MODELS.build(tiny_end_to_end(FRAMES, SIDE, **changes))


def config(*steps: dict[str, Any]) -> Config:
    return Config({'train_dataloader': {'dataset': {'pipeline': list(steps)}}})


def test_the_window_is_that_of_the_config() -> None:
    model = build()
    crop = {'type': 'ClipRandomResizedCrop', 'size': SIDE}
    assert window_run(model, config(crop))[0] == (FRAMES, SIDE, SIDE)
    assert window_run(model, config(crop), (16, 8, 8))[0] == (16, 8, 8)
    with pytest.raises(ValueError, match='--shape'):
        window_run(model, config({'type': 'OpenVideo'}))


def test_frames_tokens_and_the_adapters_hidden_values_must_grow() -> None:
    model = build()
    tokens = FRAMES // 2 * (SIDE // 8) ** 2
    blocks, hidden = model.backbone.blocks, model.backbone.blocks[0].adapter.down.out_features
    floats = (len(blocks) + 1) * tokens * 32 + len(blocks) * tokens * hidden
    assert linear_bytes(model, FRAMES, SIDE) == 3 * FRAMES * SIDE**2 + 4 * floats


def test_a_training_step_holds_what_must_grow_and_its_activations() -> None:
    torch.manual_seed(0)
    found = window_memory(build(), FRAMES, SIDE)
    assert found.linear == linear_bytes(build(), FRAMES, SIDE)
    assert 0 < found.kept < found.peak
    assert found.rest == found.peak - found.linear > 0
    assert found.model > 4 * sum(p.numel() for p in build().parameters())
