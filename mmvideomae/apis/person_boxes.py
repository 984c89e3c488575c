"""Find people in pictures and in frames of videos with a detector of mmdet."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine import Config
from mmengine.dataset import Compose
from mmengine.device import get_device
from mmengine.hub import get_config
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint
from torch import nn

from mmvideomae.apis.key_frames import Stream, key_frame_record, open_place
from mmvideomae.configs import read_config
from mmvideomae.formats.box_annotations import KeyFrame, key_frame
from mmvideomae.registry import require_detection
from mmvideomae.video.streams import read_once

PERSON = 'person'
"""The name of the category in COCO, and therefore in nearly all detectors of mmdet."""
Progress = Callable[[int, int], None]
"""Called with the number of finished key frames and the total."""


@dataclass(frozen=True, eq=False)
class DetectedPeople(Mapping[float, np.ndarray]):
    """The people at moments of one video: a mapping from seconds to boxes.

    Attributes:
        video_id: Its name.
        boxes: float32 (n, 5) for each moment, by descending score: x1, y1, x2, y2 relative to
            the frame, and the score.
    """

    video_id: str
    boxes: dict[float, np.ndarray]

    def __getitem__(self, second: float) -> np.ndarray:
        return self.boxes[second]

    def __iter__(self) -> Iterator[float]:
        return iter(self.boxes)

    def __len__(self) -> int:
        return len(self.boxes)

    def proposals(self) -> dict[KeyFrame, np.ndarray]:
        """For ``write_proposals``."""
        return {key_frame(self.video_id, second): boxes for second, boxes in self.items()}


class PersonDetector:
    """A detector of mmdet, restricted to people.

    Args:
        model: A config file of mmdet, the name of one that comes with it
            (``mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py``), a config, or a model from
            ``mmdet.apis.init_detector``.
        checkpoint: Weights, with a config; a file or an address.
        device: The default is the GPU if there is one, else the CPU.
        category: Name of the category among the detector's classes.
        min_score: Boxes with lower scores are left out.
        batch_size: Pictures in a forward pass.

    Raises:
        DetectionMissingError: mmdet or the full mmcv is not installed.
        ValueError: The detector has no such category, the config is not one of mmdet or has no
            weights, the weights are those of another model, or a number is out of range.
        FileNotFoundError: The config or the checkpoint does not exist.
    """

    def __init__(
        self,
        model: nn.Module | Config | str | os.PathLike[str],
        checkpoint: str | os.PathLike[str] | None = None,
        device: str | torch.device | None = None,
        category: str = PERSON,
        min_score: float = 0.05,
        batch_size: int = 4,
    ) -> None:
        if batch_size < 1 or not 0 <= min_score <= 1:
            raise ValueError(
                f'batch_size must be positive and min_score in [0, 1], got {batch_size} and '
                f'{min_score}'
            )
        require_detection('a person detector')
        if not isinstance(model, nn.Module):
            model = _build(model, checkpoint, device)
        elif checkpoint is not None:
            raise ValueError('a checkpoint needs a config, not a built model')
        classes = _classes_of(model)
        if category not in classes:
            known = ', '.join(classes[:10]) + (', ...' if len(classes) > 10 else '')
            raise ValueError(f'the detector has no category {category!r}, only {known}')
        self.model, self.label = model.eval(), classes.index(category)
        self.category, self.min_score, self.batch_size = category, min_score, batch_size
        self._pipeline = _pipeline_of(model.cfg)

    def __call__(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Find people in pictures (H, W, 3) uint8 RGB, each of any size.

        Returns:
            float32 (n, 5) for each, by descending score: x1, y1, x2, y2 relative to the frame,
            and the score.
        """
        found: list[np.ndarray] = []
        for first in range(0, len(pictures), self.batch_size):
            part = pictures[first : first + self.batch_size]
            # Detectors of mmdet expect BGR, which their preprocessors convert.
            samples = [self._pipeline({'img': p[..., ::-1].copy(), 'img_id': 0}) for p in part]
            batch = {key: [each[key] for each in samples] for key in samples[0]}
            with torch.inference_mode():
                outputs = self.model.test_step(batch)
            found += [
                self._people(output.pred_instances, picture.shape[:2])
                for output, picture in zip(outputs, part, strict=True)
            ]
        return found

    def _people(self, found: Any, size: tuple[int, int]) -> np.ndarray:
        """Boxes in pixels with labels and scores -> those of people as shares (n, 5)."""
        chosen = (found.labels == self.label) & (found.scores >= self.min_score)
        boxes = found.bboxes[chosen].float().cpu().numpy()
        scores = found.scores[chosen].float().cpu().numpy()
        height, width = size
        shares = (boxes / (width, height, width, height)).clip(0, 1).astype(np.float32)
        rows = np.concatenate([shares, scores[:, None]], 1).astype(np.float32)
        rows = rows[(rows[:, 2:4] > rows[:, :2]).all(1)]
        return rows[np.argsort(-rows[:, 4], kind='stable')]


def find_people(
    detector: PersonDetector,
    place: Mapping[str, Any],
    video_id: str,
    seconds: Sequence[float] | Callable[[Stream], Sequence[float]],
    progress: Progress | None = None,
) -> DetectedPeople:
    """Find the people at moments of a video, decoding it once.

    Args:
        place: The result of ``VideoPlaces.find``: ``filename`` and, if it has them,
            ``start_second``, ``filename_tmpl``, ``start_index`` and ``fps``.
        seconds: Key frames on the time line that begins at ``start_second``, or a function that
            chooses them from the open video.

    Raises:
        VideoReadError: The video cannot be read.
        AnnotationError: A moment lies outside the video.
    """
    start = place.get('start_second', 0.0)
    found: dict[float, np.ndarray] = {}
    stream = open_place(place)
    with stream:
        moments = sorted(set(seconds(stream) if callable(seconds) else seconds))
        numbers = [
            np.array([key_frame_record(stream, video_id, second, start)['key_frame']])
            for second in moments
        ]
        waiting: list[np.ndarray] = []
        for number, reader in zip(numbers, read_once(stream, numbers), strict=True):
            waiting.append(reader.read(number)[0])
            done = len(found) + len(waiting)
            if len(waiting) == detector.batch_size or done == len(moments):
                found.update(zip(moments[len(found) : done], detector(waiting), strict=True))
                waiting = []
                if progress:
                    progress(done, len(moments))
    return DetectedPeople(video_id, found)


def _build(
    config: Config | str | os.PathLike[str],
    checkpoint: str | os.PathLike[str] | None,
    device: str | torch.device | None,
) -> nn.Module:
    from mmdet.apis import init_detector  # installed with the detection extra only

    if not isinstance(config, Config):
        config = _read_config(os.fspath(config))
    name = config.filename or 'the config'
    if config.get('model') is None or config.get('test_dataloader') is None:
        raise ValueError(
            f'{name} has no model and test_dataloader: give the config of an mmdet detector'
        )
    if checkpoint is None:
        raise ValueError(f'{name} needs the weights of the person detector (people_checkpoint)')
    weights = os.fspath(checkpoint)
    if '://' not in weights and not os.path.isfile(weights):
        raise FileNotFoundError(f'{weights}: the checkpoint of the person detector does not exist')
    with DefaultScope.overwrite_default_scope('mmdet'), warnings.catch_warnings(record=True):
        try:
            model = init_detector(config, None, device=str(device or get_device()))
        except KeyError as error:
            raise ValueError(f'{name} is not the config of an mmdet detector: {error}') from None
    _load_weights(model, weights)
    return model


def _read_config(name: str) -> Config:
    """A config file, or one that comes with mmdet."""
    if '::' in name:
        try:
            return get_config(name)
        except (ValueError, OSError):
            raise FileNotFoundError(
                f'{name}: the config does not exist; for one that comes with mmdet, use a name '
                'such as mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
            ) from None
    return read_config(name)


def _load_weights(model: nn.Module, path: str) -> None:
    """Load a checkpoint and the names of its categories.

    mmdet's own loading only logs which weights a checkpoint lacks, and leaves them random.

    Raises:
        ValueError: The checkpoint is not one of this model.
    """
    parameters = dict(model.named_parameters())
    for parameter in parameters.values():
        nn.init.constant_(parameter, torch.nan)
    content = load_checkpoint(model, path, map_location='cpu', logger='silent')
    absent = [name for name, each in parameters.items() if each.isnan().any()]
    if absent:
        raise ValueError(
            f'{path} is not a checkpoint of this person detector: {len(absent)} of its '
            f'{len(parameters)} weights are missing or have another shape, such as {absent[0]}'
        )
    meta = content.get('meta') or {}
    told = meta.get('dataset_meta') or {'classes': meta.get('CLASSES')}  # mmdet 3; older
    if names := {key.lower(): value for key, value in told.items()}.get('classes'):
        model.dataset_meta['classes'] = names


def _classes_of(model: nn.Module) -> list[str]:
    """Names of the categories: those of the config, else those in the checkpoint."""
    told = (model.cfg.test_dataloader.dataset.get('metainfo') or {}).get('classes')
    names = told or model.dataset_meta['classes']
    return [names] if isinstance(names, str) else list(names)


def _pipeline_of(cfg: Config) -> Compose:
    """The test pipeline of a detector, for pictures in memory."""
    from mmdet.utils import get_test_pipeline_cfg

    steps = [dict(step) for step in get_test_pipeline_cfg(cfg)]
    steps[0] = {'type': 'mmdet.LoadImageFromNDArray'}
    with DefaultScope.overwrite_default_scope('mmdet'):
        try:
            return Compose(steps)
        except KeyError as error:
            raise ValueError(
                f'{cfg.filename or "the config"} is not the config of an mmdet detector: {error}'
            ) from None
