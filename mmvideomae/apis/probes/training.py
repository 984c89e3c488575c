"""Train many classifiers on the same frozen features in one pass."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.apis.features.encoder import in_precision
from mmvideomae.apis.inference import OnProgress
from mmvideomae.apis.probes.settings import ProbeSettings
from mmvideomae.apis.probes.stacked import AttentiveProbe, StackedAttentiveProbes


class StackedAdamW:
    """AdamW of L models at once, each with its own rate and decay.

    Like torch's, but a parameter (L, ...) holds those of all models.  Biases and norms, vectors of
    each model, are not decayed.

    Args:
        parameters: With gradients after the backward pass of the models' summed losses.
        rates: (L,) learning rates.
        decays: (L,) weight decays.
    """

    def __init__(self, parameters: Iterable[Tensor], rates: Tensor, decays: Tensor) -> None:
        self.parameters, self.rates, self.decays = list(parameters), rates, decays
        self.betas, self.eps, self.steps = (0.9, 0.999), 1e-8, 0
        self._first = [torch.zeros_like(each) for each in self.parameters]
        self._second = [torch.zeros_like(each) for each in self.parameters]

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Update with rates multiplied by ``factor``, and clear the gradients."""
        self.steps += 1
        mean, spread = (1 - beta**self.steps for beta in self.betas)
        for each, first, second in zip(self.parameters, self._first, self._second, strict=True):
            shape = (-1, *[1] * (each.ndim - 1))
            rates = (factor * self.rates).view(shape)
            first.lerp_(each.grad, 1 - self.betas[0])
            second.mul_(self.betas[1]).addcmul_(each.grad, each.grad, value=1 - self.betas[1])
            if each.ndim > 2:
                each.mul_(1 - rates * self.decays.view(shape))
            each.sub_(rates / mean * first / ((second / spread).sqrt_().add_(self.eps)))
            each.grad = None


def train_linear(
    features: Tensor, labels: Tensor, num_classes: int, settings: ProbeSettings
) -> nn.Linear:
    """Features (n, D), labels (n,) -> a layer (D -> L * K) of L classifiers.

    SGD with momentum and without decay is linear in the gradients, so weighting the losses by
    the learning rates gives each classifier its own rate.
    """
    rates = features.new_tensor(settings.linear_rates) * settings.batch_size / 256
    with _seeded(settings.seed):
        layer = nn.Linear(features.shape[1], len(rates) * num_classes)
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)
    layer.to(features.device)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0, momentum=0.9)
    for ids, factor in _updates(len(features), settings.linear_epochs, settings):
        optimizer.param_groups[0]['lr'] = factor
        rows = torch.from_numpy(ids).to(features.device)
        scores = linear_scores(layer, features[rows], num_classes)
        optimizer.zero_grad()
        (_losses(scores, labels[rows]) * rates).sum().backward()
        optimizer.step()
    return layer


def linear_scores(layer: nn.Linear, features: Tensor, num_classes: int) -> Tensor:
    """Features (B, D) -> scores (L, B, K) of the classifiers in a layer of `train_linear`."""
    return layer(features).unflatten(1, (-1, num_classes)).transpose(0, 1)


def train_attentive(
    tokens: Callable[[np.ndarray], Tensor],
    labels: Tensor,
    num_classes: int,
    settings: ProbeSettings,
    progress: OnProgress | None = None,
) -> StackedAttentiveProbes:
    """Train an attentive classifier for each pair of `attentive_grid` on the same batches.

    Args:
        tokens: The tokens (B, N, D) of videos with these numbers, on the device of the labels.
        labels: (n,).
    """
    grid = attentive_grid(settings)
    width = tokens(np.arange(1)).shape[-1]
    with _seeded(settings.seed):
        probes = [
            AttentiveProbe(width, num_classes, settings.blocks, settings.heads).to(labels.device)
            for _ in grid
        ]
    stacked = StackedAttentiveProbes(probes)
    rates, decays = (torch.tensor(each, device=labels.device) for each in zip(*grid, strict=True))
    optimizer = StackedAdamW(stacked.parameters.values(), rates, decays)
    total = settings.epochs * -(-len(labels) // settings.batch_size)
    for step, (ids, factor) in enumerate(_updates(len(labels), settings.epochs, settings), 1):
        answers = labels[torch.from_numpy(ids).to(labels.device)]
        given = tokens(ids)
        with _mixed(given):
            stacked.backward(given, partial(_losses, labels=answers))
        optimizer.step(factor)
        if progress:
            progress(step, total)
    return stacked


def attentive_grid(settings: ProbeSettings) -> list[tuple[float, float]]:
    """Learning rate and weight decay of each attentive classifier."""
    return [(rate, decay) for rate in settings.rates for decay in settings.decays]


def stacked_scores(stacked: StackedAttentiveProbes, tokens: Tensor) -> Tensor:
    """Tokens (B, N, D) -> float32 scores (L, B, K); in bfloat16 on a GPU."""
    with torch.no_grad(), _mixed(tokens):
        return stacked(tokens).float()


def _mixed(tokens: Tensor) -> AbstractContextManager[object]:
    kind = 'bfloat16' if tokens.device.type == 'cuda' else 'float32'
    return in_precision(kind, tokens.device)


def _updates(
    count: int, epochs: int, settings: ProbeSettings
) -> Iterator[tuple[np.ndarray, float]]:
    """The videos of each update, in another order in each epoch, and the factor of the rates."""
    rng, size = np.random.default_rng(settings.seed), settings.batch_size
    firsts = range(0, count, size)
    steps = epochs * len(firsts)
    for epoch in range(epochs):
        order = rng.permutation(count)
        for number, first in enumerate(firsts, epoch * len(firsts)):
            # Half a cosine, from 1 to 0.
            yield order[first : first + size], 0.5 * (1 + math.cos(math.pi * number / steps))


def _losses(scores: Tensor, labels: Tensor) -> Tensor:
    """Scores (L, B, K), labels (B,) -> the mean cross-entropy of each classifier (L,)."""
    flat = scores.flatten(0, 1).float()
    losses = F.cross_entropy(flat, labels.repeat(len(scores)), reduction='none')
    return losses.view(len(scores), -1).mean(1)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch's generator of the CPU, and restore it on leaving."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
