"""Notice when the features of the encoder become the same for all clips."""

import math
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmvideomae.engine.distributed import unwrapped
from mmvideomae.engine.hooks.batch import batch_length
from mmvideomae.ops.feature_rank import effective_rank
from mmvideomae.registry import HOOKS

_START = 'features_at_start'  # in the message hub, so that a resumed run remembers it


@HOOKS.register_module()
class FeatureCollapseHook(Hook):
    """Log how much the encoder's features differ between clips, and warn once if they collapse.

    A student that learns from its own moving average can satisfy it by giving all clips the same
    features; the loss then falls although nothing is learned.  At the end of every ``interval``
    iterations, the encoder sees some whole training clips, without gradients and in evaluation
    mode, and two values of their mean tokens, relative to the mean of their batch, are logged:

    - ``feature_spread``: their root mean square length, as a share of that of the tokens
      themselves.  It falls to 0 if all clips have the same features.
    - ``feature_rank``: the effective rank, the exponential of the entropy of the singular values
      (RankMe, but of centred features).  It falls to 1 if features vary in one direction only.

    Both depend on the data and on ``clips``, so compare only runs that share them.  Training is
    not disturbed: it gives the same weights without the hook.

    Args:
        interval: Iterations between two measurements.
        clips: Number of clips of each process, in as many successive batches as needed.
        share: The hook warns when the spread, or the rank above 1, is less than this share of the
            first measurement.
    """

    def __init__(self, interval: int = 200, clips: int = 64, share: float = 0.1) -> None:
        self.interval, self.clips, self.share = interval, clips, share
        self._features: list[Tensor] = []
        self._warned = False

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Encode a batch if the next measurement needs it; measure if it is the last of these."""
        size = batch_length(data_batch, runner.train_dataloader.batch_size or 1)
        batches = min(math.ceil(self.clips / size), self.interval)
        if runner.iter % self.interval >= self.interval - batches:
            self._features.append(_mean_tokens(runner.model, data_batch))
        if not self.every_n_train_iters(runner, self.interval):
            return
        features = [part for part in self._features if len(part) > 1]
        self._features = []
        if features:
            self._compare(runner, *spread_and_rank(features))

    def _compare(self, runner: Runner, spread: float, rank: float) -> None:
        """Log values, and warn if they are far below those at the start."""
        hub = runner.message_hub
        hub.update_scalar('train/feature_spread', spread)
        hub.update_scalar('train/feature_rank', rank)
        start = hub.runtime_info.get(_START)
        if start is None:
            hub.update_info(_START, [spread, rank])
            return
        fell = spread < self.share * start[0] or rank - 1 < self.share * (start[1] - 1)
        if fell and not self._warned:
            self._warned = True
            runner.logger.warning(
                'The features of different clips have become almost the same: their spread fell '
                f'from {start[0]:.2g} to {spread:.2g}, and their effective rank went from '
                f'{start[1]:.1f} to {rank:.1f}. The model no longer tells videos apart. Start '
                "again with a larger momentum of the teacher, a normalised target (normalise='"
                "layer'), a lower learning rate or less weight decay."
            )


@torch.no_grad()
def _mean_tokens(model: Any, data_batch: Any) -> Tensor:
    """The mean tokens (B, D) of the clips of a batch, float32."""
    inner = unwrapped(model)
    training = model.training
    model.eval()
    # Through the wrapper, which gathers sharded weights.
    output = model(inner.data_preprocessor(dict(data_batch))['inputs'], mode='tensor')
    model.train(training)
    tokens = getattr(output, 'tokens', output).float()
    if tokens.ndim == 2:
        return tokens
    return tokens.mean(1) if tokens.ndim == 3 else tokens.flatten(2).mean(2)


def spread_and_rank(features: list[Tensor]) -> tuple[float, float]:
    """Spread and effective rank of the features of batches, (B, D) each, with B at least 2."""
    centred = torch.cat(
        [(part - part.mean(0)) * (len(part) / (len(part) - 1)) ** 0.5 for part in features]
    )
    length = torch.cat(features).square().sum(1).mean().sqrt()
    spread = centred.square().sum(1).mean().sqrt() / length.clamp(min=1e-12)
    return float(spread), effective_rank(centred)
