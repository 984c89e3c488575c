"""Training steps of VIMPAC on the same codes and masks, with several layouts of attention."""

from dataclasses import asdict
from statistics import median
from typing import Any

import numpy as np
import torch

from mmvideomae.analysis.pretrain_contenders import Contender, StepTimes, Trainer
from mmvideomae.masking import BlockMask
from mmvideomae.models.pretrainers import VIMPAC
from mmvideomae.registry import MODELS

NUM_BLOCKS = 5


def layout_contender(
    layout: str,
    arch: dict[str, Any],
    grid: tuple[int, int, int],
    batch_size: int,
    attn_drop_rate: float,
    device: torch.device,
    dtype: str,
    compiled: bool,
) -> Contender:
    """The training step of masked prediction, without contrast, for one layout."""
    torch.manual_seed(0)
    backbone = {
        'type': 'FactorizedVideoTransformer',
        'arch': arch,
        'layout': layout,
        'grid_size': grid,
        'attn_drop_rate': attn_drop_rate,
    }
    model: VIMPAC = MODELS.build(
        {'type': 'VIMPAC', 'backbone': backbone, 'head': {'type': 'MaskedCodeHead'}}
    )
    trainer = Trainer(model, device, dtype, compiled)
    rng, masks = np.random.default_rng(0), BlockMask(grid, NUM_BLOCKS)
    mask = torch.from_numpy(np.stack([masks(rng).reshape(-1) for _ in range(batch_size)]))
    size = (batch_size, *grid)
    inputs = {
        'inputs': torch.randint(8192, size, generator=torch.Generator().manual_seed(0)),
        'encoder_mask': mask,
        'asked_ids': mask.flatten().nonzero()[:, 0],  # as in the data preprocessor
    }
    inputs = {key: value.to(device) for key, value in inputs.items()}
    return Contender(layout, trainer, lambda run: run(**inputs, mode='loss')['loss_masked'])


def compare_layouts(
    contenders: list[Contender], rounds: int, batch_size: int
) -> dict[str, dict[str, Any]]:
    """Alternate the contenders, after one step each to count operations and one for memory.

    Returns:
        For each layout, clips per second, seconds of the parts of a step, multiply-accumulates,
        memory, and the speed relative to the first: the median of the rounds' ratios.
    """
    macs = {contender.name: contender.count_step() for contender in contenders}
    memory = {contender.name: asdict(contender.measure_memory()) for contender in contenders}
    times: dict[str, list[StepTimes]] = {contender.name: [] for contender in contenders}
    for turn in range(rounds):
        first = turn % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            times[contender.name].append(contender.time_step())
    reference = times[contenders[0].name]
    return {
        name: {
            'clips_per_s': batch_size / median(step.step for step in steps),
            'times_the_first': median(
                other.step / step.step for other, step in zip(reference, steps, strict=True)
            ),
            'seconds': {
                part: median(getattr(step, part) for step in steps)
                for part in ('forward', 'backward', 'update')
            },
            'gmacs_per_clip': macs[name] / batch_size / 1e9,
            'memory': memory[name],
        }
        for name, steps in times.items()
    }
