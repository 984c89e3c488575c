"""Contract: the data sets of windows have the published ones, and make samples from their layout.

The table restates AdaTAD's recipes independently of the configs.
"""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmvideomae.ops.frame_windows import FrameWindows
from mmvideomae.registry import DATASETS, METRICS
from tests.support.leaves import CONFIGS, steps
from tests.support.videos import moving_shapes, write_video

BASES = CONFIGS / '_base_' / 'datasets'


class Recipe(NamedTuple):
    """What the code of AdaTAD says."""

    stride: int | str
    batch: int
    kept: float
    classes: int
    subsets: tuple[str, str]
    file: str
    annotation: str
    merged: tuple[float, int, float] | None
    frames: int = 768
    fps: float | None = None
    overlap: float = 0.5
    pixels: int = 160


RECIPES = {
    'thumos14_windows': Recipe(
        4, 2, 0.75, 20, ('validation', 'test'), '{}.mp4', 'annotations/thumos14.json',
        (0.7, 2000, 0.7),
    ),
    'multithumos_windows': Recipe(
        4, 2, 0.75, 65, ('training', 'validation'), '{}.mp4', 'annotation.json', (0.5, 8000, 0.7),
    ),
    'charades_windows': Recipe(
        4, 16, 0.5, 157, ('training', 'validation'), '{}.mp4', 'annotation.json', (0.3, 1000, 0.7),
        512, 30.0,
    ),
    **{
        f'epic100_{kind}_windows': Recipe(
            2, 2, 0.3, classes, ('training', 'validation'), '{}.mp4', 'annotation.json',
            (0.4, 2000, 0.75), 6144, 30.0,
        )
        for kind, classes in (('verb', 97), ('noun', 300))
    },
    'ego4d_mq_windows': Recipe(
        2, 2, 0.3, 110, ('training', 'validation'), '{}.mp4', 'annotation.json', (2.0, 2000, 0.95),
        7200, None, 0.0, 192,
    ),
    'activitynet_windows': Recipe(
        'even', 16, 0.5, 200, ('training', 'validation'), 'v_{}.mp4',
        'activity_net.v1-3.min.json', None,
    ),
}  # fmt: skip
recipes = pytest.mark.parametrize(('name', 'recipe'), RECIPES.items(), ids=list(RECIPES))


@pytest.fixture(autouse=True)
def scope() -> Any:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def read(name: str) -> Config:
    return Config.fromfile(BASES / f'{name}.py')


@recipes
def test_windows_and_augmentation_are_the_published_ones(name: str, recipe: Recipe) -> None:
    cfg = read(name)
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    windows = FrameWindows(**train.windows)
    assert windows == FrameWindows(**test.windows) and windows.overlap == recipe.overlap
    assert (windows.frames, windows.stride) == (recipe.frames, recipe.stride)
    assert windows.fps == recipe.fps
    assert cfg.train_dataloader.batch_size == recipe.batch
    assert (train.subsets, test.subsets) == recipe.subsets
    learned = steps(cfg)
    assert list(learned) == [
        *('OpenVideo', 'SampleWindow', 'ReadFrames', 'ClipRandomResizedCrop', 'ClipFlip'),
        *('ClipRandAugment', 'ClipColorViews', 'PackWindow'),
    ]
    assert learned['SampleWindow'].get('trunc_thresh', 0.5) == recipe.kept
    sizes = learned['ReadFrames'].short_side, learned['ClipRandomResizedCrop'].size
    assert sizes == ({160: 182, 192: 220}[recipe.pixels], recipe.pixels)
    assert (learned['ClipRandAugment'].num_ops, learned['ClipRandAugment'].magnitude) == (2, 9)
    jitter = learned['ClipColorViews']
    assert tuple(jitter.strength) == (0.5, 0.5, 0.5, 0.1)
    assert (jitter.grey, jitter.blur[0], jitter.solarise[0]) == (0, 0, 0)
    merge = METRICS.build(cfg.test_evaluator).merge
    assert recipe.merged == (merge and (merge.sigma, merge.max_segments, merge.voting_thresh))


@recipes
def test_samples_are_made_from_the_layout_of_the_readme(
    name: str, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cfg = read(name)
    folder = tmp_path / cfg.train_dataloader.dataset.videos.folder
    database = {}
    for number, subset in enumerate(recipe.subsets):
        file = folder / recipe.file.format(f'x{number}')
        write_video(file, moving_shapes(24, 48, 64), fps=8)
        labels = [f'class {n:03}' for n in range(recipe.classes)]
        rows = [{'segment': [0.5, 2.5], 'label': label} for label in labels]
        database[f'x{number}'] = {'subset': subset, 'duration': 3.0, 'annotations': rows}
    place = Path(cfg.train_dataloader.dataset.ann_file)
    assert place.as_posix().endswith(recipe.annotation)
    annotation = tmp_path / place
    annotation.parent.mkdir(parents=True, exist_ok=True)
    annotation.write_text(json.dumps({'database': database}))
    if listed := cfg.train_dataloader.dataset.get('classes'):
        names = [f'class {n:03}' for n in range(recipe.classes)]
        (tmp_path / listed).write_text('\n'.join(names))
    even = recipe.stride == 'even'
    frames = 6 if even else math.ceil(3 * (recipe.fps or 8) / recipe.stride)
    for loader in ('train', 'test'):
        dataset = dict(cfg[f'{loader}_dataloader'].dataset, serialize_data=False)
        if even:  # tiny here, else 768 frames of a video of 24
            dataset['windows'] = dict(dataset['windows'], frames=frames)
        built = DATASETS.build(dataset)
        assert len(built) == 1
        item = built[0]
        assert item['inputs'].shape[1:] == (recipe.pixels, recipe.pixels, 3)
        least = round(0.9 * frames) if loader == 'train' else frames
        assert least <= len(item['inputs']) <= frames
        truth = item['data_samples'].gt_instances
        assert len(truth) == recipe.classes
        # ActivityNet is localized without classes.
        assert (int(truth.labels.max()) > 0) is not even
