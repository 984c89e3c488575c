"""Log pictures of the reconstruction during pre-training."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmvideomae.registry import HOOKS
from mmvideomae.visualization.attention import draw_attention, received_attention
from mmvideomae.visualization.figure import LAYOUTS, Figure, draw_picture
from mmvideomae.visualization.reconstruction import (
    STATISTICS,
    Reconstruction,
    assemble,
    to_bytes,
    tokenized,
)


@HOOKS.register_module()
class ReconstructionVisHook(Hook):
    """Log original, masked and reconstructed frames of one training clip through the visualizer.

    If codes are predicted, the model's tokenizer decodes them and the clip's own codes; in the
    training of a tokenizer, nothing is masked.

    The clip and its mask are drawn once, when training begins, and do not change, so the
    pictures can be compared.  The random states of the training process are restored, so
    training is not affected.

    Args:
        interval: Number of epochs or iterations between two pictures.
        by_epoch: Whether ``interval`` counts epochs.
        sample: Index into the training dataset.
        num_frames: Number of frames to show.
        layout: See ``visualization.figure.draw_picture``.
        statistics: See ``visualization.reconstruction.assemble``.
        seed: Seed of the clip's crop and mask.
        attention: Also log the attention that the tokens of the clip receive, see
            `received_attention`, if the encoder has any.
        optional: Log that there is nothing to draw, instead of raising an error.
    """

    priority = 'LOW'

    def __init__(
        self,
        interval: int = 1,
        by_epoch: bool = True,
        sample: int = 0,
        num_frames: int = 8,
        layout: str = 'stacked',
        statistics: str = 'ground_truth',
        seed: int = 0,
        attention: bool = False,
        optional: bool = False,
    ) -> None:
        if interval < 1 or sample < 0:
            raise ValueError(f'interval {interval} must be >= 1 and sample {sample} >= 0')
        if layout not in LAYOUTS or statistics not in STATISTICS:
            raise ValueError(
                f'layout {layout!r} must be one of {LAYOUTS}, statistics {statistics!r} '
                f'one of {STATISTICS}'
            )
        self.interval, self.by_epoch, self.sample, self.seed = interval, by_epoch, sample, seed
        self.num_frames, self.layout, self.statistics = num_frames, layout, statistics
        self.attention, self.optional = attention, optional
        self._batch: dict[str, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Read the clip.

        Raises:
            ValueError: Samples have no mask, and the model is not a tokenizer.
        """
        model = inner_model(runner.model)
        drawable = hasattr(getattr(model, 'target', None), 'draw') or hasattr(model, 'tokenizer')
        if self.optional and not drawable:
            runner.logger.info('no reconstructions are drawn: this model has none')
            return
        with own_randomness(self.seed):
            sample = runner.train_dataloader.dataset[self.sample]
        if 'encoder_mask' not in sample and not hasattr(inner_model(runner.model), 'tokenizer'):
            raise ValueError('ReconstructionVisHook needs samples with an encoder_mask')
        # Take one of the repeats.
        views = {key: value[:1] for key, value in sample.items() if key != 'data_samples'}
        self._batch = {**default_collate([views]), 'data_samples': [sample['data_samples']]}

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw at the end of every ``interval``-th epoch and of the last."""
        due = self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner)
        if self.by_epoch and due:
            self._draw(runner, runner.epoch + 1)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Draw after every ``interval``-th iteration."""
        if not self.by_epoch and self.every_n_train_iters(runner, self.interval):
            self._draw(runner, runner.iter + 1)

    def _draw(self, runner: Runner, step: int) -> None:
        if not self._batch:
            return
        wrapped = runner.model
        model = inner_model(wrapped)
        batch = {key: value for key, value in self._batch.items() if key != 'data_samples'}
        was_training = wrapped.training
        wrapped.eval()
        # All processes take part, because sharded weights are gathered for the forward pass.
        with torch.no_grad():
            given = model.data_preprocessor(batch)
            output = wrapped(**given, mode='predict')
            received = None
            # Parts of a model whose weights are sharded cannot run alone.
            if self.attention and not isinstance(wrapped, FullyShardedDataParallel):
                received = received_attention(model, given['inputs'])
        wrapped.train(was_training)
        if not is_main_process():
            return
        clip, view = self._view(model, given['inputs'], output)
        samples = self._batch['data_samples']
        unit = 'epoch' if self.by_epoch else 'iteration'
        figure = Figure(clip, [view], _seconds(samples[0], len(clip)), f'{unit} {step}')
        picture = draw_picture(figure, self.layout, self.num_frames)
        runner.visualizer.add_image('reconstruction', picture, step=step)
        if received is not None:
            times = figure.seconds
            drawn = draw_attention(clip, received, times, f'{unit} {step}', self.num_frames)
            runner.visualizer.add_image('attention', drawn, step=step)

    def _view(
        self, model: nn.Module, inputs: Tensor, output: Any
    ) -> tuple[np.ndarray, Reconstruction]:
        """The clip, (T, H, W, 3) uint8, and its view; a clip from files of codes is decoded."""
        if 'inputs' in self._batch:
            clip = self._batch['inputs'][0, 0].numpy()
        else:
            clip = to_bytes(model.target.to_pixels(inputs[0]).permute(0, 2, 3, 1).cpu().numpy())
        if 'encoder_mask' not in self._batch:
            return clip, tokenized(output.frames, float(output.loss))
        return clip, assemble(
            clip,
            self._batch['encoder_mask'][0, 0].numpy(),
            output.pred[0],
            output.token_ids[0],
            model.target,
            self.statistics,
            float(output.loss),
            None if inputs.is_floating_point() else inputs[0],
        )


def inner_model(model: nn.Module) -> Any:
    """The model inside a wrapper such as `DistributedDataParallel`; any other model itself."""
    return model.module if is_model_wrapper(model) else model


def _seconds(sample: Any, count: int) -> np.ndarray:
    """Times of the frames in their video, if the sample has them."""
    info = sample.metainfo
    if 'frame_seconds' in info:
        return np.asarray(info['frame_seconds'])
    return np.arange(count) / 25


@contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and torch, and restore their states on leaving."""
    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed)
        torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])
