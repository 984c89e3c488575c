"""Three ways to compute the test views of a video and its class: together or one by one."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine import Config
from mmengine.dataset import default_collate
from torch import Tensor, nn

from mmvideomae.analysis.choices import ARCHITECTURES
from mmvideomae.analysis.measurement import watch_allocation
from mmvideomae.apis import init_model
from mmvideomae.registry import MODELS, TRANSFORMS

CLASSES = 400
CPU = torch.device('cpu')


class Views:
    """The views of one video, read together or separately."""

    def __init__(self, video: str, args: argparse.Namespace) -> None:
        self._video = video
        self._sampling = dict(
            type='SampleDenseClips',
            clip_len=args.clip_len,
            stride=args.stride,
            num_clips=args.clips,
            test_mode=True,
        )
        self._rule = TRANSFORMS.build(dict(type='CropViews', size=args.size, num_crops=args.crops))
        self._open = TRANSFORMS.build(dict(type='OpenVideo', backend=args.backend))
        self._sample = TRANSFORMS.build(self._sampling)
        self._read = TRANSFORMS.build(dict(type='ReadFrames'))
        self._pack = TRANSFORMS.build(dict(type='PackClips'))
        self._pipeline = Compose([self._open, self._sample, self._read, self._rule, self._pack])
        self.count = args.clips * args.crops

    def together(self) -> dict[str, Any]:
        """All views from the test pipeline: inputs uint8 (V, T, H, W, 3)."""
        return self._pipeline({'filename': self._video})

    def separately(self, view: int) -> dict[str, Any]:
        """One view, from the frames of its clip only: inputs uint8 (1, T, H, W, 3)."""
        clip, crop = divmod(view, self._rule.num_crops)
        results = self._sample(self._open({'filename': self._video}))
        results['frame_inds'] = results['frame_inds'].reshape(results['num_clips'], -1)[clip]
        return self._finish(self._read(results), crop, slice(None))

    def released(self, view: int) -> dict[str, Any]:
        """One view, cropped from the frames of all clips."""
        clip, crop = divmod(view, self._rule.num_crops)
        results = self._sample(self._open({'filename': self._video}))
        wanted = results['frame_inds'].reshape(results['num_clips'], -1)[clip]
        strided = np.arange(0, results['total_frames'], results['frame_interval'])
        results['frame_inds'] = strided + results['start_index']
        return self._finish(self._read(results), crop, np.searchsorted(strided, wanted))

    def _finish(
        self, results: dict[str, Any], crop: int, kept: np.ndarray | slice
    ) -> dict[str, Any]:
        """Resize the frames read, keep those of the clip and pack one crop of them."""
        imgs = results['imgs']
        height, width = self._rule.resized_shape(*imgs.shape[1:3])
        start = self._rule.starts(max(height, width))[crop]
        window = slice(start, start + self._rule.size)
        clip = np.stack([cv2.resize(frame, (width, height)) for frame in imgs])[kept]
        clip = clip[:, :, window] if width > height else clip[:, window]
        return self._pack({**results, 'imgs': clip, 'num_clips': 1})


def build_model(name: str, args: argparse.Namespace) -> nn.Module:
    """A recognizer with random weights on the CPU, testing ``--chunk`` views at a time."""
    backbone = dict(
        type='VideoMAEViT',
        arch=ARCHITECTURES[name],
        img_size=args.size,
        patch_size=16,
        num_frames=args.clip_len,
        out_type='avg',
    )
    width = MODELS.build(backbone).embed_dims
    model = dict(
        type='Recognizer3D',
        backbone=backbone,
        cls_head=dict(
            type='LinearHead', num_classes=CLASSES, in_channels=width, average_clips='prob'
        ),
        data_preprocessor=dict(type='ClassificationDataPreprocessor'),
        test_cfg=dict(max_testing_views=args.chunk),
    )
    return init_model(Config(dict(model=model)), device=CPU)


@torch.inference_mode()
def classify(model: nn.Module, batch: dict[str, Any]) -> Tensor:
    """A batch of one video, inputs (1, V, T, H, W, 3) -> mean probabilities (K,)."""
    return model.test_step(batch)[0].pred_score


def all_together(views: Views, model: nn.Module | None) -> Tensor:
    """Pixels of all views, or the probabilities of the video."""
    sample = views.together()
    return sample['inputs'] if model is None else classify(model, default_collate([sample]))


def one_by_one(
    views: Views, model: nn.Module | None, view: Callable[[int], dict[str, Any]]
) -> Tensor:
    """The same, with one item per view."""
    parts = []
    for number in range(views.count):
        sample = view(number)
        batch = default_collate([sample])
        parts.append(sample['inputs'] if model is None else classify(model, batch)[None])
    return torch.cat(parts) if model is None else torch.cat(parts).mean(dim=0)


def ways(views: Views, model: nn.Module | None) -> dict[str, Callable[[], Tensor]]:
    """The three ways, keyed by name."""
    return {
        'together': partial(all_together, views, model),
        'separately': partial(one_by_one, views, model, views.separately),
        'released': partial(one_by_one, views, model, views.released),
    }


def memory(views: Views, model: nn.Module, chunks: list[int]) -> list[dict[str, Any]]:
    """Peak allocation of the forward pass in MiB, for all views and for twice as many."""
    sample = views.together()
    double = {**sample, 'inputs': torch.cat([sample['inputs']] * 2)}
    batches = [default_collate([part]) for part in (sample, double)]
    rows = []
    for chunk in chunks:
        model.test_cfg['max_testing_views'] = chunk
        once, twice = (
            watch_allocation(partial(classify, model, batch), CPU)[1].peak / 2**20
            for batch in batches
        )
        rows.append({'chunk': chunk, 'peak_mib': once, 'peak_mib_of_twice_the_views': twice})
    return rows
