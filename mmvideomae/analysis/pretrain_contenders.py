"""Training steps of our pretrainer and Hugging Face's on the same clips and masks."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from mmvideomae.analysis.choices import CONTRAST, DTYPES, OURS, SHAPES, THEIRS
from mmvideomae.analysis.hf_reference import build_reference
from mmvideomae.analysis.measurement import saved_for_backward, timed, watch_allocation
from mmvideomae.analysis.operation_counter import operation_counter, product_macs
from mmvideomae.masking import RunningCellMask, TubeMask
from mmvideomae.models.pretrainers import VideoMAE
from mmvideomae.ops.tokens import mask_to_ids
from mmvideomae.registry import MODELS

MASKED, UNDECODED = 0.9, 0.5
"""Shares of tokens hidden from the encoder (tube) and dropped by the decoder (running cell)."""


def build_pretrainer(arch: str, img_size: int, frames: int) -> VideoMAE:
    """Our pretrainer with one of ``SHAPES`` and random weights, in training mode."""
    shape = SHAPES[arch]
    preset: str | dict[str, int] = shape.arch if isinstance(shape.arch, str) else arch
    if not isinstance(shape.arch, str):
        preset = dict(zip(('embed_dims', 'depth', 'num_heads'), shape.arch, strict=True))
    backbone = {
        'type': 'VideoMAEViT',
        'arch': preset,
        'img_size': img_size,
        'num_frames': frames,
        'patch_size': shape.patch_size,
    }
    side = img_size // shape.patch_size
    neck = {
        'type': 'MAEDecoder',
        'in_dims': shape.embed_dims,
        'embed_dims': shape.decoder_dims,
        'depth': 4,
        'num_heads': shape.decoder_heads,
        'mlp_ratio': shape.mlp_ratio,
        'grid_size': (frames // 2, side, side),
    }
    head = {
        'type': 'PixelReconstructionHead',
        'in_dims': shape.decoder_dims,
        'patch_size': shape.patch_size,
    }
    return MODELS.build({'type': 'VideoMAE', 'backbone': backbone, 'neck': neck, 'head': head})


@dataclass(frozen=True)
class TrainingBatch:
    """Clips (B, C, T, H, W) and their masks (B, N), True = dropped."""

    clips: Tensor
    encoder_mask: Tensor
    decoder_mask: Tensor


def make_batch(model: VideoMAE, batch_size: int, seed: int = 0) -> TrainingBatch:
    """Random clips, each with a tube mask of 90 % and a running-cell mask of 50 %."""
    rng = np.random.default_rng(seed)
    grid = model.backbone.grid_size
    masks = [
        torch.from_numpy(np.stack([generator(rng).reshape(-1) for _ in range(batch_size)]))
        for generator in (TubeMask(grid, MASKED), RunningCellMask(grid, UNDECODED))
    ]
    patch = model.backbone.patch_size
    size = (grid[0] * model.backbone.tubelet_size, grid[1] * patch, grid[2] * patch)
    clips = torch.randn(batch_size, 3, *size, generator=torch.Generator().manual_seed(seed))
    return TrainingBatch(clips, *masks)


class Trainer:
    """A model with AdamW as in pre-training (betas 0.9 and 0.95, decay 0.05)."""

    def __init__(self, model: nn.Module, device: torch.device, dtype: str, compiled: bool) -> None:
        self.model = model.to(device).train()
        self.run: Callable[..., Any] = torch.compile(model) if compiled else model
        self.device, self.dtype = device, getattr(torch, DTYPES[dtype])
        self.optimizer = AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.05)
        self.scaler = torch.amp.GradScaler(device.type, enabled=dtype == 'fp16')

    def autocast(self) -> AbstractContextManager[None]:
        enabled = self.dtype != torch.float32
        return torch.autocast(self.device.type, self.dtype if enabled else None, enabled=enabled)

    def backward(self, loss: Tensor) -> None:
        self.scaler.scale(loss).backward()

    def update(self) -> None:
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        if hasattr(self.model, 'after_update'):  # a moving average follows
            self.model.after_update(0.5)


@dataclass(frozen=True)
class StepTimes:
    """Seconds of one training step."""

    forward: float
    backward: float
    update: float

    @property
    def step(self) -> float:
        return self.forward + self.backward + self.update


@dataclass(frozen=True)
class StepMemory:
    """Memory in bytes of one training step of a model with its optimizer's state."""

    saved: int
    """Tensors that autograd keeps for the backward pass."""
    retained: int
    """The allocator's use at the end of the forward pass minus that at the start."""
    peak: int
    """Weights, optimizer state and the peak in addition to them during the step."""


class Contender:
    """One way to train: a name, a trainer, and the loss of one batch.

    Args:
        loss: (model) -> scalar loss; called with the compiled model if there is one.
    """

    def __init__(
        self, name: str, trainer: Trainer, loss: Callable[[Callable[..., Any]], Tensor]
    ) -> None:
        self.name, self.trainer, self._loss = name, trainer, loss

    def forward(self) -> Tensor:
        with self.trainer.autocast():
            return self._loss(self.trainer.run)

    def time_step(self) -> StepTimes:
        """Time forward, backward and the optimizer's update (gradients set to None)."""
        device = self.trainer.device
        loss, forward = timed(self.forward, device)
        _, backward = timed(lambda: self.trainer.backward(loss), device)
        _, update = timed(self.trainer.update, device)
        return StepTimes(forward, backward, update)

    def count_step(self) -> int:
        """Multiply-accumulates of the matrix products of one step, uncompiled."""
        with operation_counter() as counter:
            with self.trainer.autocast():
                loss = self._loss(self.trainer.model)
            self.trainer.backward(loss)
        self.trainer.update()
        return product_macs(counter.get_flop_counts()['Global'])

    def measure_memory(self) -> StepMemory:
        """Measure the memory of one step; there must have been a step before."""
        trainer = self.trainer
        (loss, saved), before = watch_allocation(
            lambda: saved_for_backward(self.forward, trainer.model), trainer.device
        )

        def finish(held: list[Tensor]) -> None:
            trainer.backward(held.pop())
            trainer.update()

        held = [loss]
        del loss
        _, after = watch_allocation(lambda: finish(held), trainer.device)
        peak = max(before.peak, before.left + after.peak)
        return StepMemory(saved, before.left, self._state_bytes() + peak)

    def _state_bytes(self) -> int:
        states = [
            value for state in self.trainer.optimizer.state.values() for value in state.values()
        ]
        tensors = [*self.trainer.model.parameters(), *self.trainer.model.buffers(), *states]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def our_contenders(
    names: set[str],
    model: VideoMAE,
    batch: TrainingBatch,
    device: torch.device,
    dtype: str,
    compiled: bool,
) -> list[Contender]:
    """Dual masking and encoder-only masking, with one model and optimizer."""
    trainer = Trainer(model, device, dtype, compiled)

    def loss_under(decoder_mask: Tensor | None) -> Callable[[Callable[..., Any]], Tensor]:
        query_ids = mask_to_ids(batch.encoder_mask if decoder_mask is None else ~decoder_mask)
        # As from a data worker, including token ids.
        inputs = {
            'inputs': batch.clips,
            'encoder_mask': batch.encoder_mask,
            'decoder_mask': decoder_mask,
            'visible_ids': mask_to_ids(batch.encoder_mask, value=False),
            'query_ids': query_ids,
        }
        inputs = {key: value.to(device) for key, value in inputs.items() if value is not None}
        return lambda run: run(**inputs, mode='loss')['loss']

    masks = {'dual': batch.decoder_mask, 'encoder-only': None}
    return [Contender(name, trainer, loss_under(masks[name])) for name in OURS if name in names]


def contrast_contenders(
    names: set[str],
    model: VideoMAE,
    batch: TrainingBatch,
    device: torch.device,
    dtype: str,
    compiled: bool,
) -> list[Contender]:
    """MoCo v3 with the same encoder on two views of every clip; a step counts the clips once."""
    if not names.intersection(CONTRAST):
        return []
    backbone = copy.deepcopy(model.backbone)
    backbone.out_type = 'avg'
    contrast = MODELS.build(
        {
            'type': 'MoCoV3',
            'backbone': backbone,
            'projector': {'type': 'NormalizedMLP'},
            'predictor': {'type': 'NormalizedMLP', 'num_layers': 2},
            'momentum': {'start': 0.99},
        }
    )
    contrast.begin_training()
    views = batch.clips.repeat_interleave(2, 0).to(device)
    trainer = Trainer(contrast, device, dtype, compiled)
    return [Contender('mocov3', trainer, lambda run: run(views, mode='loss')['loss'])]


def their_contenders(
    names: set[str],
    model: VideoMAE,
    batch: TrainingBatch,
    device: torch.device,
    dtype: str,
    compiled: bool,
) -> list[Contender]:
    """Hugging Face's pretrainer with encoder-only masking and eager or fused attention.

    Raises:
        ImportError: transformers is not installed.
    """
    # Hugging Face takes (B, T, C, H, W); permuted beforehand, as in its processor.
    clips = batch.clips.transpose(1, 2).contiguous().to(device)
    encoder_mask = batch.encoder_mask.to(device)
    contenders = []
    for name in THEIRS:
        if name in names:
            reference = build_reference(model, attention=name.removeprefix('hf-'))
            trainer = Trainer(reference, device, dtype, compiled)
            contenders.append(
                Contender(name, trainer, lambda run: run(clips, bool_masked_pos=encoder_mask).loss)
            )
    return contenders
