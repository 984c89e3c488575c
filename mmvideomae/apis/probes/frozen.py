"""A frozen encoder and the labelled videos of its config, for probes."""

import inspect
import os
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from mmvideomae.apis.features.encoder import digest_of_weights, in_precision, settled_precision
from mmvideomae.apis.inference import built_model
from mmvideomae.apis.probes.feature_cache import Encoded
from mmvideomae.checkpoints import fit, load
from mmvideomae.configs import ConfigError, collate_of, dataset_of, pipeline_of, single_view
from mmvideomae.datasets.seeded_dataset import SeededDataset
from mmvideomae.evaluation.arrays import finite
from mmvideomae.registry import DATASETS, MODELS


class FrozenEncoder:
    """The backbone of a classification config, which gives the tokens of clips.

    Args:
        checkpoint: Weights of a classifier or of pre-training; None: the backbone's own.
        device: The default is a GPU if there is one, else the CPU.
        precision: As of `WindowEncoder`.

    Raises:
        ConfigError: The config describes no recognizer.
        CheckpointError: The weights do not fit the backbone.
    """

    def __init__(
        self,
        cfg: Config,
        checkpoint: str | os.PathLike[str] | None,
        device: str | torch.device | None = None,
        precision: str = 'auto',
    ) -> None:
        backbone = (cfg.get('model') or {}).get('backbone')
        if backbone is None or 'data_preprocessor' not in cfg.model:
            raise ConfigError(
                f'{cfg.filename or "the config"} has no model with a backbone and a '
                'data_preprocessor: give the config of a classifier'
            )
        init_default_scope(cfg.get('default_scope', 'mmvideomae'))
        self.cfg = deepcopy(cfg)
        self.cfg.model.pop('cls_head', None)
        kind = MODELS.get(backbone.type)
        if kind is not None and 'out_type' in inspect.signature(kind).parameters:
            self.cfg.model.backbone = {**backbone, 'out_type': 'tokens'}
        self.model = built_model(self.cfg)
        if checkpoint is None:
            self.model.init_weights()
        else:
            self._load(checkpoint)
        self.device = torch.device(device or get_device())
        self.model.to(self.device).eval().requires_grad_(False)
        self.precision = settled_precision(precision, self.device)
        self._collate = collate_of(cfg)

    def _load(self, checkpoint: str | os.PathLike[str]) -> None:
        name, done = os.fspath(checkpoint), load(checkpoint)
        fitted = fit(done.state_dict, self.model, name, True, None, done.num_heads)
        self.model.load_state_dict(fitted.state_dict, strict=False)
        for line in (*done.lines, *fitted.notes):
            print_log(f'{name}: {line}', logger='current')

    def made_from(self) -> dict[str, Any]:
        """All of the encoder that features depend on."""
        model = self.cfg.model.to_dict()
        return {
            'weights': digest_of_weights(self.model),
            'model': {key: model.get(key) for key in ('backbone', 'neck', 'data_preprocessor')},
            'precision': self.precision,
        }

    def encode(
        self, videos: 'LabelledVideos', ids: Sequence[int], with_tokens: bool
    ) -> Iterator[Encoded]:
        """The features of some videos, a batch at a time.

        Raises:
            NotFiniteError: Features are not finite numbers.
            ValueError: The backbone returns neither tokens nor vectors.
        """
        test = self.cfg.get('test_dataloader') or {}
        workers = min(test.get('num_workers', 0), len(ids))
        loader = DataLoader(
            Subset(videos.dataset, [videos.ids[number] for number in ids]),
            batch_size=test.get('batch_size', 1),
            num_workers=workers,
            collate_fn=self._collate,
        )
        for batch in loader:
            tokens = self._tokens(batch)
            lost = [each.metainfo.get('undecodable', False) for each in batch['data_samples']]
            tokens[torch.tensor(lost)] = 0
            means = finite(tokens.mean(2), 'features of the encoder', 'the encoder')
            means[lost] = np.nan
            kept = finite(tokens.half(), 'tokens of the encoder in float16', 'the encoder')
            yield Encoded(kept if with_tokens else None, means)

    @torch.no_grad()
    def _tokens(self, batch: dict[str, Any]) -> Tensor:
        """Tokens (B, V, N, D) of the V views of B videos, float32 on the CPU."""
        inputs = self.model.data_preprocessor(batch, False)['inputs']
        views, chunk = inputs.flatten(0, 1), (self.model.test_cfg or {}).get('max_testing_views')
        found = [self._tokens_of(part) for part in views.split(chunk or len(views))]
        return torch.cat(found).unflatten(0, inputs.shape[:2])

    def _tokens_of(self, views: Tensor) -> Tensor:
        if views.dtype == torch.uint8:
            views = self.model.data_preprocessor.normalise(views)
        with in_precision(self.precision, self.device):
            found = self.model.backbone(views)
        if not isinstance(found, Tensor) or found.ndim not in (2, 3, 5):
            raise ValueError(
                f'{type(self.model.backbone).__name__} returns neither a vector nor tokens'
            )
        if found.ndim == 5:
            found = found.flatten(2).transpose(1, 2)
        return (found if found.ndim == 3 else found[:, None]).float().cpu()


class LabelledVideos:
    """The videos of a loader of a config, prepared as in its test.

    Args:
        loader: 'train_dataloader' or 'test_dataloader'.
        all_views: All views of the test, instead of one clip and one crop.

    Attributes:
        labels: (n,) int64.
        ids: Videos in the data set; of equal entries of a training list, only the first.

    Raises:
        ConfigError: There is no such data set, or it has no labels.
    """

    def __init__(self, cfg: Config, loader: str, all_views: bool = False) -> None:
        steps = pipeline_of(cfg, 'a classifier')
        self.steps = steps if all_views else single_view(steps)
        self.loader, name = loader, cfg.filename or 'the config'
        options = dict(dataset_of(cfg, loader))
        if not options:
            raise ConfigError(f'{name} has no {loader}, whose videos a probe needs')
        options |= {'pipeline': self.steps, 'test_mode': True}
        kind = DATASETS.get(options['type'])
        if isinstance(kind, type) and issubclass(kind, SeededDataset):
            # A video that cannot be decoded is left out of training and wrong in the test.
            options['on_decode_error'] = 'count_wrong'
        self.dataset: Any = DATASETS.build(options)
        records = [self.dataset.get_data_info(number) for number in range(len(self.dataset))]
        if not records or any(record.get('label') is None for record in records):
            raise ConfigError(f'{name}: the videos of {loader} have no labels: set labelled=True')
        if getattr(self.dataset, 'multi_class', False):
            raise ConfigError(
                f'{name}: a probe needs one label a clip, but {loader} has multi_class=True'
            )
        self.names = [_identity(record) for record in records]
        self.ids = list(range(len(records)))
        if loader == 'train_dataloader':
            firsts = {str(self.names[number]): number for number in reversed(self.ids)}
            self.ids = sorted(firsts.values())
        self.labels = np.array([records[number]['label'] for number in self.ids], np.int64)
        self.num_classes = getattr(self.dataset, 'num_classes', None) or int(self.labels.max()) + 1

    def made_from(self) -> dict[str, Any]:
        """All of the videos that features depend on."""
        return {'steps': self.steps, 'videos': [self.names[number] for number in self.ids]}


def _identity(record: dict[str, Any]) -> list[Any]:
    """The frames of a record: its file, with size and time of change if it is local."""
    name = str(record.get('filename') or record.get('frame_dir'))
    path = Path(name)
    status = path.stat() if '://' not in name and path.exists() else None
    change = (status.st_size, status.st_mtime_ns) if status else ()
    return [name, record.get('start_index'), record.get('total_frames'), *change]
