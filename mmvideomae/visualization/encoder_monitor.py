"""Watch what the encoder knows during pre-training."""

import glob
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmvideomae.ops.feature_rank import direction_accuracy, effective_rank, moving_still
from mmvideomae.ops.neighbours import class_votes, nearest_neighbours, softmax_votes
from mmvideomae.registry import DATASETS, HOOKS
from mmvideomae.visualization.canvas import FAINT, GRID, INK, bare, new_figure, to_picture
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.hook import inner_model
from mmvideomae.visualization.projector import (
    encoder_fault,
    log_embeddings,
    mean_tokens,
    small_pictures,
)

_TEMPERATURE = 0.07
_TITLES = {
    'monitor/knn': 'accuracy of k-NN',
    'monitor/rank': 'effective rank',
    'monitor/motion': 'motion recognised',
}
Measurements = list[dict[str, float]]
"""The measurements of a run: their epochs as ``step``, and the values of `_TITLES`."""


@HOOKS.register_module()
class EncoderMonitorHook(Hook):
    """Measure the encoder on labelled videos every few epochs, without training anything.

    Before the first epoch, every ``interval`` epochs and after the last, it logs

    - ``monitor/knn``: the accuracy of k-NN among the videos, each classified by the others, by
      DINO's votes;
    - ``monitor/rank``: the effective rank of their features, see `effective_rank`;
    - ``monitor/motion``: the share of stills whose direction of motion is recognised, see
      `direction_accuracy`; the stills are the first frames of the videos.

    and draws them into ``monitor.png`` in the work directory, with the range of earlier runs behind
    them.  Features are means of the tokens; TensorBoard and Weights & Biases, if used, get them as
    embeddings.  Values are comparable on the same videos only; ``mmvideomae probe`` gives results.

    Args:
        dataset: Config of a labelled data set whose pipeline packs clips of pixels.
        reference: Pattern of the ``scalars.json`` files of earlier runs that were watched by this
            hook, as ``work_dirs/earlier_*/*/vis_data/scalars.json``.
        interval: Number of epochs between two measurements.
        samples: The most videos, spread evenly over the data set.
        neighbours: k.
        batch_size: Videos per forward pass.

    Raises:
        ValueError: A number is too small, the model's inputs are not pixels, or its weights are
            sharded; clips have several labels; no file matches ``reference``, or one holds no
            measurements.
    """

    priority = 'LOW'

    def __init__(
        self,
        dataset: Mapping[str, Any],
        reference: str | None = None,
        interval: int = 5,
        samples: int = 256,
        neighbours: int = 20,
        batch_size: int = 8,
    ) -> None:
        if min(interval, neighbours, batch_size) < 1 or samples < 2:
            raise ValueError(
                f'EncoderMonitorHook needs two samples and positive numbers, got {interval=}, '
                f'{samples=}, {neighbours=}, {batch_size=}'
            )
        self.interval, self.samples = interval, samples
        self.neighbours, self.batch_size = neighbours, batch_size
        self._earlier = [] if reference is None else earlier_runs(reference)
        self._dataset = DATASETS.build({'test_mode': True, 'labelled': True, **dataset})
        if getattr(self._dataset, 'multi_class', False):
            raise ValueError('EncoderMonitorHook needs one label a clip, not multi_class=True')

    def before_train(self, runner: Runner) -> None:
        """Measure the encoder with which the run begins."""
        if fault := encoder_fault(runner.model):
            raise ValueError(f'EncoderMonitorHook cannot be used: {fault}')
        if runner.epoch == 0:
            self._measure(runner, 0)

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure it now and then."""
        if self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner):
            self._measure(runner, runner.epoch + 1)

    def _measure(self, runner: Runner, epoch: int) -> None:
        if not is_main_process():
            return
        model, training = runner.model, runner.model.training
        model.eval()
        with torch.no_grad():
            features, moving, labels, stills = self._encode(inner_model(runner.model))
        model.train(training)
        alike, ids = nearest_neighbours(features, features, self.neighbours, itself=False)
        votes = class_votes(labels[ids], int(labels.max()) + 1, softmax_votes(alike, _TEMPERATURE))
        found = {
            'monitor/knn': float((votes.argmax(1) == labels).float().mean()),
            'monitor/rank': effective_rank(features),
            'monitor/motion': direction_accuracy(moving),
        }
        runner.visualizer.add_scalars(found, step=epoch)
        names = (self._dataset.metainfo or {}).get('classes')
        known = [names[label] if names else f'class {label}' for label in labels.tolist()]
        log_embeddings(runner.visualizer, 'encoder', features, known, stills, epoch)
        # The message hub is saved in checkpoints: a resumed run goes on with its curve.
        curve = [
            *runner.message_hub.runtime_info.get('encoder_monitor', ()),
            {'step': epoch} | found,
        ]
        runner.message_hub.update_info('encoder_monitor', curve)
        picture = draw_monitor(curve, self._earlier, runner.max_epochs)
        save_picture(Path(runner.work_dir) / 'monitor.png', picture)
        told = ', '.join(f'{name} {value:.4g}' for name, value in found.items())
        runner.logger.info(f'encoder after {epoch} epochs: {told}')

    def _encode(self, model: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features (n, D), those of moving stills (n, 4, D), labels (n,) and first frames.

        Frames are (n, C, h, w) in [0, 1], small; all are on the CPU.
        """
        count = min(self.samples, len(self._dataset))
        numbers = np.linspace(0, len(self._dataset) - 1, count).round().astype(int).tolist()
        features, moving, labels, stills = [], [], [], []
        device = next(model.parameters()).device
        for first in range(0, count, self.batch_size):
            samples = [self._dataset[number] for number in numbers[first : first + self.batch_size]]
            labels += [int(sample['data_samples'].gt_label) for sample in samples]
            packed = default_collate([{'inputs': sample['inputs'][:1]} for sample in samples])
            clips = packed['inputs'][:, 0].permute(0, 4, 1, 2, 3).to(device)  # (B, C, T, H, W)
            features.append(mean_tokens(model, clips))
            stills.append(small_pictures(clips))
            step = max(1, clips.shape[-1] // 32)
            for clip in clips:
                still = moving_still(clip[:, 0], clip.shape[1], step)
                moving.append(mean_tokens(model, still))
        return torch.cat(features), torch.stack(moving), torch.tensor(labels), torch.cat(stills)


def earlier_runs(pattern: str) -> list[Measurements]:
    """The measurements in every file that matches a pattern.

    Raises:
        ValueError: No file matches, or one is not of this hook.
    """
    paths = sorted(glob.glob(pattern, recursive=True))
    if not paths:
        raise ValueError(f'no file matches the reference {pattern!r} of EncoderMonitorHook')
    curves = []
    for path in paths:
        try:
            lines = [json.loads(line) for line in Path(path).read_text('utf-8').splitlines()]
            curves.append([line for line in lines if 'monitor/knn' in line])
        except ValueError as error:
            raise ValueError(f'{path} is not a scalars.json: {error}') from None
        if not curves[-1] or not curves[-1][-1]['step']:
            raise ValueError(f'{path} has no measurements of EncoderMonitorHook')
    return curves


def band(
    curves: Sequence[Measurements], key: str, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest value of runs at shares (n,) of their training -> two arrays (n,).

    Between two measurements, a run's values lie on a line.
    """
    values = []
    for curve in curves:
        steps = np.array([each['step'] for each in curve])
        values.append(np.interp(shares * steps[-1], steps, [each[key] for each in curve]))
    return np.min(values, 0), np.max(values, 0)


def draw_monitor(curve: Measurements, earlier: Sequence[Measurements], epochs: int) -> np.ndarray:
    """Draw a run of so many epochs over the range of earlier ones -> (H, W, 3) uint8."""
    figure = new_figure(10.5, 3.2)
    shares = np.linspace(0, 1, 101)
    for axes, (key, title) in zip(figure.subplots(1, len(_TITLES)), _TITLES.items(), strict=True):
        if earlier:
            low, high = band(earlier, key, shares)
            runs = f'{len(earlier)} earlier run{"s" * (len(earlier) > 1)}'
            axes.fill_between(shares * epochs, low, high, color=GRID, label=runs)
            axes.plot(shares * epochs, (low + high) / 2, color=FAINT, linewidth=0.8)
        steps = [each['step'] for each in curve]
        axes.plot(steps, [each[key] for each in curve], marker='o', markersize=4, label='this run')
        axes.set_title(title, color=INK)
        axes.set_xlim(0, epochs)
        axes.set_xlabel('epochs', color=INK)
        axes.set_ylim(bottom=0)
        axes.grid(axis='y', color=GRID, linewidth=0.5)
        bare(axes)
        axes.legend(frameon=False, fontsize=8)
    return to_picture(figure)
