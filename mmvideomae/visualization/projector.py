"""Send features to the viewers of embeddings in TensorBoard and Weights & Biases."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import Tensor
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn import functional as F

from mmvideomae.registry import HOOKS
from mmvideomae.visualization.hook import inner_model, own_randomness

_STILL = 48  # pixels of the pictures of embeddings


@HOOKS.register_module()
class EmbeddingVisHook(Hook):
    """Log the encoder's features of some training clips, for viewers of embeddings.

    The clips are drawn once, when training begins, from videos spread evenly over the data set.
    The viewers show them by their classes, or else by their files.

    Args:
        times: How often in a run, evenly spread; the last time is after the last epoch.
        samples: The most clips.
        batch_size: Clips per forward pass.
        seed: Seed of the clips' times and crops.
        optional: Log why there are none, instead of raising an error.

    Raises:
        ValueError: A number is not positive; and when training begins, the model has no encoder of
            pixels, its weights are sharded, or samples are not clips of pixels of one size.
    """

    priority = 'LOW'

    def __init__(
        self,
        times: int = 10,
        samples: int = 64,
        batch_size: int = 8,
        seed: int = 0,
        optional: bool = False,
    ) -> None:
        if min(times, samples, batch_size) < 1:
            raise ValueError(
                f'EmbeddingVisHook needs positive numbers, got {times=}, {samples=}, {batch_size=}'
            )
        self.times, self.samples, self.batch_size = times, samples, batch_size
        self.seed, self.optional = seed, optional
        self._clips: Tensor | None = None  # uint8 (n, C, T, H, W)
        self._labels: list[str] = []

    def before_train(self, runner: Runner) -> None:
        """Read the clips."""
        fault = encoder_fault(runner.model)
        if not fault and is_main_process():
            with own_randomness(self.seed):
                fault = self._read(runner.train_dataloader.dataset)
        if fault and not self.optional:
            raise ValueError(f'EmbeddingVisHook cannot be used: {fault}')
        if fault:
            runner.logger.info(f'no embeddings are logged: {fault}')

    def _read(self, dataset: Any) -> str:
        """Read clips and labels; returns why there are none, or an empty text."""
        count = min(self.samples, len(dataset))
        names = (dataset.metainfo or {}).get('classes')
        clips: list[Tensor] = []
        self._labels = []
        for number in range(count):
            sample = dataset[number * len(dataset) // count]
            views = sample.get('inputs')
            if views is None or views.ndim != 5:  # codes, features, or windows of long videos
                return 'the training samples are not clips of pixels'
            clips.append(views[0].clone())  # without the other views
            self._labels.append(_label(sample['data_samples'], names) or f'clip {number}')
        if len({clip.shape for clip in clips}) > 1:
            return 'the training clips have several sizes'
        self._clips = torch.stack(clips).permute(0, 4, 1, 2, 3)
        return ''

    def after_train_epoch(self, runner: Runner) -> None:
        """Log their features now and then."""
        interval = max(1, runner.max_epochs // self.times)
        due = self.every_n_epochs(runner, interval) or self.is_last_train_epoch(runner)
        if self._clips is None or not due:
            return
        model, training = inner_model(runner.model), runner.model.training
        device = next(model.parameters()).device
        stride = getattr(getattr(model, 'target', None), 'stride', 1)
        batches = self._clips[:, :, ::stride].split(self.batch_size)
        runner.model.eval()
        with torch.no_grad():
            found = torch.cat([mean_tokens(model, clips.to(device)) for clips in batches])
        runner.model.train(training)
        pictures = small_pictures(self._clips)
        log_embeddings(runner.visualizer, 'clips', found, self._labels, pictures, runner.epoch + 1)


def log_embeddings(
    visualizer: Visualizer,
    name: str,
    features: Tensor,
    labels: list[str],
    pictures: Tensor,
    step: int,
) -> None:
    """Log features to those backends of a run that can show them; others get nothing.

    TensorBoard shows them in its projector, Weights & Biases as a table with a 2D projection.

    Args:
        name: Tag of these features.
        features: (n, D).
        labels: n names.
        pictures: A frame of each video, (n, C, H, W) in [0, 1].
    """
    for backend in visualizer._vis_backends.values():
        kind = type(backend).__name__
        if kind == 'TensorboardVisBackend':
            backend.experiment.add_embedding(features, labels, pictures, step, name)
        elif kind == 'WandbVisBackend':
            # Steps count its calls, and it drops what is logged at an earlier one.
            table = _table(features, labels)
            backend.experiment.log({f'embeddings/{name}': table, f'embedded_at/{name}': step})


def mean_tokens(model: Any, clips: Tensor) -> Tensor:
    """uint8 clips (B, C, T, H, W) -> means of the encoder's tokens (B, D), on the CPU."""
    found = model.backbone(model.data_preprocessor.normalise(clips))
    found = getattr(found, 'tokens', found)
    if found.ndim == 5:
        found = found.flatten(2).transpose(1, 2)
    return (found.mean(1) if found.ndim == 3 else found).float().cpu()


def small_pictures(clips: Tensor) -> Tensor:
    """uint8 clips (B, C, T, H, W) -> their first frames (B, C, h, w) in [0, 1], on the CPU."""
    return F.interpolate(clips[:, :, 0].float().cpu() / 255, (_STILL, _STILL), mode='area')


def encoder_fault(wrapped: Any) -> str:
    """Why a model has no features of pixels that `mean_tokens` can compute; empty if it has."""
    model = inner_model(wrapped)
    backbone = getattr(model, 'backbone', None)
    of_codes = hasattr(backbone, 'vocabulary')
    if backbone is None or of_codes or not hasattr(model.data_preprocessor, 'normalise'):
        return 'this model has no encoder of pixels'
    sharded = isinstance(wrapped, FullyShardedDataParallel)
    return 'its weights are sharded: use DDP' if sharded else ''


def _label(sample: Any, names: Any) -> str:
    if 'gt_label' not in sample or sample.gt_label.numel() != 1:
        return Path(sample.metainfo.get('filename', '')).name
    number = int(sample.gt_label)
    return names[number] if names else f'class {number}'


def _table(features: Tensor, labels: list[str]) -> Any:
    import wandb  # of the backend that asks for it

    columns = ['label', *(f'd{number}' for number in range(features.shape[1]))]
    rows = [[label, *row] for label, row in zip(labels, np.asarray(features).tolist(), strict=True)]
    return wandb.Table(columns=columns, data=rows)
