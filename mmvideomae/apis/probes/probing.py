"""Measure a frozen encoder: k-NN, linear and attentive probes on the same cached features."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from mmengine import Config
from mmengine.logging import print_log
from torch import Tensor

from mmvideomae.apis.inference import OnProgress
from mmvideomae.apis.probes.feature_cache import Encoded, FeatureCache, FeatureSet
from mmvideomae.apis.probes.frozen import FrozenEncoder, LabelledVideos
from mmvideomae.apis.probes.settings import CACHE, ProbeSettings
from mmvideomae.apis.probes.training import (
    attentive_grid,
    linear_scores,
    stacked_scores,
    train_attentive,
    train_linear,
)
from mmvideomae.configs import apply_options, read_config
from mmvideomae.errors import UserError
from mmvideomae.ops.neighbours import class_votes, nearest_neighbours, softmax_votes


class NoVideosError(UserError, ValueError):
    """No video of the training set can be decoded."""


@dataclass(frozen=True)
class ProbeResult:
    """The accuracy of one classifier.

    Attributes:
        probe: 'knn', 'linear' or 'attentive'.
        settings: Its own settings, such as its learning rate.
        top1, top5: Shares of the test videos, in [0, 1].
    """

    probe: str
    settings: dict[str, Any]
    top1: float
    top5: float

    @property
    def name(self) -> str:
        """Its settings in words."""
        return ', '.join(f'{key} {value}' for key, value in self.settings.items())


@dataclass(frozen=True)
class ProbeReport:
    """The accuracies of all classifiers on a frozen encoder.

    Attributes:
        results: All of them, k-NN first.
        videos: Numbers of training and test videos.
        skipped: Numbers of videos of each that could not be decoded.
        num_classes: K.
    """

    results: tuple[ProbeResult, ...]
    videos: tuple[int, int]
    skipped: tuple[int, int]
    num_classes: int

    def best(self) -> list[ProbeResult]:
        """The best classifier of each kind on the test set, as papers report it."""
        kinds = dict.fromkeys(each.probe for each in self.results)
        return [
            max((each for each in self.results if each.probe == kind), key=lambda each: each.top1)
            for kind in kinds
        ]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {'best': [asdict(each) for each in self.best()]}


def probe(
    config: str | os.PathLike[str] | Config,
    checkpoint: str | os.PathLike[str] | None = None,
    settings: ProbeSettings | None = None,
    device: str | torch.device | None = None,
    cfg_options: dict[str, Any] | None = None,
    cache: FeatureCache | None = None,
    all_views: bool = False,
    precision: str = 'auto',
    progress: Callable[[str], OnProgress] | None = None,
) -> ProbeReport:
    """Train classifiers on the frozen features of the training videos; test them on the test's.

    All videos are prepared as in the config's test, with one clip and one crop, and each is
    encoded once: features are stored, and found again if encoder, preparation and videos are
    the same.  Features of k-NN and linear classifiers are means of the tokens; for the latter,
    they are standardised by the training videos.

    Args:
        config: A classification config, for its backbone, data sets and test pipeline.
        checkpoint: Weights of a classifier or of pre-training; None: the backbone's own.
        settings: Default: all probes.
        cache: Where features are stored; default: 100 GB in `CACHE`.
        all_views: Test on all views of the test pipeline, and average their probabilities.
        precision: Of the encoder, as for `FeatureExtractor`.
        progress: Called with the name of a piece of work; returns what is told its progress.

    Raises:
        ConfigError: The config describes no classifier with labelled videos.
        CheckpointError: The weights do not fit.
        CacheFullError: The features need too much room.
        NoVideosError: No training video can be decoded.
    """
    settings, cache = settings or ProbeSettings(), cache or FeatureCache(CACHE, 10**11)
    cfg = config.copy() if isinstance(config, Config) else read_config(config)
    apply_options(cfg, cfg_options)
    encoder = FrozenEncoder(cfg, checkpoint, device, precision)
    train = LabelledVideos(cfg, 'train_dataloader')
    test = LabelledVideos(cfg, 'test_dataloader', all_views)
    told = progress or (lambda _: lambda done, total: None)
    with_tokens = 'attentive' in settings.probes
    sets = [
        _features(encoder, videos, cache, with_tokens, told(f'features of {name} videos'))
        for name, videos in (('training', train), ('test', test))
    ]
    prober = _Prober(encoder.device, settings, sets, (train, test))
    runs = {'knn': prober.knn, 'linear': prober.linear}
    results: list[ProbeResult] = []
    for kind in settings.probes:
        found = runs[kind]() if kind in runs else prober.attentive(told('attentive probes'))
        results += [prober.result(kind, own, scores) for own, scores in found]
    skipped = [int(np.isnan(each.means).any((1, 2)).sum()) for each in sets]
    return ProbeReport(
        tuple(results),
        (len(train.labels), len(test.labels)),
        (skipped[0], skipped[1]),
        prober.num_classes,
    )


def _features(
    encoder: FrozenEncoder,
    videos: LabelledVideos,
    cache: FeatureCache,
    with_tokens: bool,
    progress: OnProgress,
) -> FeatureSet:
    def encode(ids: Any) -> Iterator[Encoded]:
        done = 0
        for batch in encoder.encode(videos, ids, with_tokens):
            done += len(batch.means)
            progress(done, len(ids))
            yield batch

    made_from = {**encoder.made_from(), **videos.made_from()}
    return cache.features(made_from, len(videos.ids), with_tokens, encode)


class _Prober:
    """Trains and tests classifiers on the features of both sets."""

    def __init__(
        self,
        device: torch.device,
        settings: ProbeSettings,
        sets: list[FeatureSet],
        videos: tuple[LabelledVideos, LabelledVideos],
    ) -> None:
        self.settings, self.device = settings, device
        self.train, self.test = sets
        self.num_classes = max(each.num_classes for each in videos)
        lost = np.isnan(self.train.means).any((1, 2))
        self.ids = np.flatnonzero(~lost)
        if not len(self.ids):
            first = videos[0].names[videos[0].ids[0]][0]
            raise NoVideosError(
                f'no video of the training set can be decoded, such as {first!r}: check the data '
                'prefix, or find broken files with mmvideomae data scan-videos'
            )
        if lost.any():
            print_log(f'{lost.sum()} training videos cannot be decoded', logger='current')
        self.labels = torch.from_numpy(videos[0].labels[self.ids]).to(device)
        self.answers = videos[1].labels
        self.lost = np.isnan(self.test.means).any((1, 2))

    def knn(self) -> Iterator[tuple[dict[str, Any], Tensor]]:
        """Scores (n, V, K) of k-NN with equal votes, and with those of DINO."""
        bank, queries = self._means(self.train, self.ids)[:, 0], self._means(self.test)
        if self.device.type == 'mps':  # which has no float64
            bank, queries = bank.cpu(), queries.cpu()
        counts = sorted({min(each, len(bank)) for each in self.settings.neighbours})
        flat, distance = queries.flatten(0, 1), self.settings.distance
        alike, ids = nearest_neighbours(flat, bank, counts[-1], distance)
        labels, weights = (
            self.labels.to(ids.device)[ids],
            softmax_votes(alike, self.settings.temperature),
        )
        for count in counts:
            for votes, given in (('equal', None), ('softmax', weights[:, :count])):
                found = class_votes(labels[:, :count], self.num_classes, given)
                yield {'k': count, 'votes': votes}, found.unflatten(0, queries.shape[:2])

    def linear(self) -> Iterator[tuple[dict[str, Any], Tensor]]:
        """Probabilities (n, V, K) of a linear classifier for each learning rate."""
        known, asked = self._means(self.train, self.ids)[:, 0], self._means(self.test)
        spread, mean = torch.std_mean(known, 0, correction=0)
        scale = 1 / spread.clamp(min=1e-6)
        classes = self.num_classes
        layer = train_linear((known - mean) * scale, self.labels, classes, self.settings)
        with torch.no_grad():
            found = linear_scores(layer, ((asked - mean) * scale).flatten(0, 1), classes)
        for rate, scores in zip(self.settings.linear_rates, found.softmax(2), strict=True):
            yield {'rate': rate}, scores.unflatten(0, asked.shape[:2])

    def attentive(self, progress: OnProgress) -> Iterator[tuple[dict[str, Any], Tensor]]:
        """Probabilities (n, V, K) of an attentive classifier for each pair of the grid."""
        stacked = train_attentive(
            lambda ids: self.train.tokens(self.ids[ids])[:, 0].to(self.device).float(),
            self.labels,
            self.num_classes,
            self.settings,
            progress,
        )
        found, size = [], self.settings.batch_size
        for first in range(0, len(self.answers), size):
            ids = range(first, min(first + size, len(self.answers)))
            tokens = self.test.tokens(ids).to(self.device).float()
            scores = stacked_scores(stacked, tokens.flatten(0, 1)).softmax(2)
            found.append(scores.unflatten(1, tokens.shape[:2]).cpu())
        for (rate, decay), scores in zip(
            attentive_grid(self.settings), torch.cat(found, 1), strict=True
        ):
            yield {'rate': rate, 'decay': decay}, scores

    def result(self, kind: str, own: dict[str, Any], scores: Tensor) -> ProbeResult:
        """Accuracy of scores (n, V, K), averaged over views; of equal ones, the first class."""
        order = np.argsort(-scores.mean(1).cpu().numpy(), 1, kind='stable')[:, :5]
        right = (order == self.answers[:, None]) & ~self.lost[:, None]
        return ProbeResult(kind, own, float(right[:, 0].mean()), float(right.any(1).mean()))

    def _means(self, features: FeatureSet, ids: Any = slice(None)) -> Tensor:
        """(n, V, D) on the device; zeros for test videos that cannot be decoded."""
        return torch.from_numpy(np.nan_to_num(features.means[ids])).to(self.device)
