"""Every config resolves, builds and, shrunken, trains one step on synthetic video.

What a leaf chooses stays as it is: masks, repeats, targets, losses, checkpointing, optimizer and
loop. Only widths, depths, picture size and the videos are replaced.
"""

import copy
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmcv.cnn.bricks import DropPath
from mmengine import registry as mmengine_registries
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope, Registry
from mmengine.runner import Runner

from mmvideomae import registry as registries
from mmvideomae.models.backbones.vit_videomae import resolve_arch
from tests.support.videos import moving_shapes, write_video

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)
BASES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' in p.parts)
PRETRAIN = [p for p in LEAVES if 'pretrain' in p.parts]
RECOGNITION = [p for p in LEAVES if 'recognition' in p.parts]
# On features, not videos: test_localization_configs.py trains them.
LOCALIZATION = [p for p in LEAVES if p.stem.startswith('actionformer_')]
# On boxes of key frames: test_detection_configs.py trains them.
DETECTION = [p for p in LEAVES if 'detection' in p.parts or p.stem.startswith('detector_')]
# The others differ from one of these in numbers alone, which test_recognition_configs.py reads.
CLASSIFIERS = [
    p
    for p in RECOGNITION
    for pattern in (
        'videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py',
        'videomae_*_kinetics400_scratch.py',
        'videomae_vit-large-*_320px.py',
        'videomae_vit-base-p16_64xb6-1x1x16-30e_sthv2.py',
        'videomae_*_linear-probe.py',
        'videomae_*_8xb16-16x4x1-100e_ucf101.py',
        'videomae_*_8xb16-16x2x1-50e_hmdb51.py',
        'videomae_*_diving48_from-kinetics400.py',
        'videomae_*_custom.py',
        'videomaev2_*_sthv2-rawframes.py',
        'videomaev2_vit-giant-*_sthv1.py',
        'videomaev2_vit-giant-*-35e_kinetics710.py',
        'videomaev2_vit-giant-*_kinetics400_from-kinetics710.py',
        'videomaev2_vit-giant-*_kinetics600_from-kinetics710-266px.py',
        'videomaev2_vit-base-*_kinetics710_distilled.py',
        'videomaev2_vit-small-*_sthv2_distilled.py',
    )
    if p.match(pattern)
]
FRAMES = 24
"""Length of the synthetic videos: shorter than most clips, as real ones can be."""
SIDE = 4
"""Patches along a side of the shrunken pictures."""


def _by_path(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        'path', paths, ids=lambda p: p.relative_to(CONFIGS).with_suffix('').as_posix()
    )


@functools.cache
def _loaded(path: Path) -> Config:
    return Config.fromfile(path)


def load(path: Path) -> Config:
    """A config of one's own; parsing is what takes the time."""
    return copy.deepcopy(_loaded(path))


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos; `frame_folders` adds folders with their frames."""
    root = tmp_path_factory.mktemp('videos')
    for seed in range(2):
        write_video(root / f'{seed}.mp4', moving_shapes(FRAMES, 72, 96, seed=seed))
    return root


def frame_folders(root: Path, template: str) -> Path:
    """The same clips as folders of numbered pictures, made once per template."""
    folder = root / f'frames_{template.partition("{")[0]}'
    if not folder.exists():
        for seed in range(2):
            (folder / str(seed)).mkdir(parents=True)
            for number, frame in enumerate(moving_shapes(FRAMES, 72, 96, seed=seed), 1):
                name = folder / str(seed) / template.format(number)
                cv2.imwrite(str(name), np.ascontiguousarray(frame[..., ::-1]))
    return folder


def synthetic_source(source: ConfigDict, root: Path, count: int) -> ConfigDict:
    """A source of the same kind (list or folder, videos or frames) of `count` synthetic videos."""
    source = copy.deepcopy(source)
    if 'folder' in source:
        source.folder = str(root)
        return source
    template = source.get('filename_tmpl')
    if template is None:
        columns, folder, names = 'path label', root, [f'{i}.mp4' for i in range(count)]
    else:
        columns, folder = 'path start total', frame_folders(root, template)
        names = [str(i) for i in range(count)]
    values = {'start': '1', 'total': str(FRAMES), 'label': '0'}
    numbers = [values[name] for name in source.get('columns', columns).split()[1:]]
    listed = folder / f'{"_".join(source.get("columns", columns).split())}_{count}.txt'
    listed.write_text(''.join(' '.join([name, *numbers]) + '\n' for name in names))
    source.update(ann_file=str(listed), data_prefix=str(folder))
    if 'segment_frames' in source:
        source.segment_frames = FRAMES // 2
    return source


def use_videos(loader: ConfigDict, videos: Path) -> None:
    """Synthetic sources, read in this process, all their samples in one batch."""
    loader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    dataset = loader.dataset
    dataset.pop('classes', None)
    count = 2 if len(dataset.sources) == 1 else 1
    dataset.sources = [synthetic_source(source, videos, count) for source in dataset.sources]
    # mmengine collects garbage after serializing, which takes a second in a large process.
    dataset.serialize_data = False
    loader.batch_size = len(registries.DATASETS.build(dataset))


def shrink_pictures(pipeline: list[ConfigDict], size: int) -> None:
    for step in [s for outer in pipeline for s in [outer, *outer.get('transforms', [])]]:
        if step.type in ('ClipMultiScaleCrop', 'ClipRandomResizedCrop', 'CropViews'):
            step.size = size
        elif step.type == 'GenerateMasks':
            step.grid_size = (step.grid_size[0], SIDE, SIDE)


def shrink_model(model: ConfigDict) -> int:
    """Two narrow blocks on each side; returns the size of the pictures for it."""
    backbone, neck, head = model.backbone, model.neck, model.head
    ratio = resolve_arch(backbone.arch).mlp_ratio
    backbone.arch = ConfigDict(embed_dims=32, depth=2, num_heads=2, mlp_ratio=ratio)
    backbone.img_size = SIDE * backbone.patch_size
    neck.update(in_dims=32, embed_dims=16, depth=min(neck.depth, 2), num_heads=2)
    neck.grid_size = (neck.grid_size[0], SIDE, SIDE)
    head.in_dims = 16
    return backbone.img_size


def shrink_recognizer(model: ConfigDict) -> int:
    """Two narrow blocks, of the teacher too; returns the size of the pictures for it."""
    for part in [model, *([model.teacher] if 'teacher' in model else [])]:
        ratio = resolve_arch(part.backbone.arch).mlp_ratio
        part.backbone.arch = ConfigDict(embed_dims=32, depth=2, num_heads=2, mlp_ratio=ratio)
        part.backbone.img_size = SIDE * part.backbone.patch_size
        part.cls_head.in_channels = 32
        if 'teacher' in part:
            # Pictures that the patches of both divide.
            part.teacher_checkpoint, part.teacher.backbone.patch_size = None, 16
    return model.backbone.img_size


def shrink(path: Path, videos: Path) -> Config:
    """The config at `path`, small enough for a step in a fraction of a second; demos are."""
    cfg = load(path)
    loaders = [f'{name}_dataloader' for name in ('train', 'val', 'test')]
    if path in PRETRAIN:
        shrink_pictures(cfg.train_dataloader.dataset.pipeline, shrink_model(cfg.model))
    elif path in RECOGNITION:
        size = shrink_recognizer(cfg.model)
        if 'px' in path.stem:
            # Larger than the clips of the position table, as in the recipe.
            size += cfg.model.backbone.patch_size
        for name in loaders:
            shrink_pictures(cfg[name].dataset.pipeline, size)
    for name in loaders:
        if name in cfg:
            use_videos(cfg[name], videos)
    # One step has to update the weights.
    cfg.optim_wrapper.pop('accumulative_counts', None)
    return cfg


@_by_path(
    [p for p in LEAVES if p not in {*RECOGNITION, *LOCALIZATION, *DETECTION} or p in CLASSIFIERS]
)
def test_a_shrunken_config_trains_one_step(path: Path, videos: Path) -> None:
    """A batch of the real pipeline, the real optimizer: a finite loss moves every parameter."""
    cfg = shrink(path, videos)
    torch.manual_seed(0)
    model = registries.MODELS.build(cfg.model).to(get_device())
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    for part in model.modules():
        if isinstance(part, DropPath):
            part.drop_prob = 0.0  # so few clips may all drop one branch, which then does not move
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in trained.items()}

    batch = next(iter(loader))
    pipeline = cfg.train_dataloader.dataset.pipeline
    repeats = [step.num_repeats for step in pipeline if step.type == 'RepeatAugment']
    inputs = batch['inputs']
    assert [len(inputs), *inputs[0].shape[:1]] == [
        cfg.train_dataloader.batch_size,
        *(repeats or [1]),
    ]
    assert all(clip.dtype == torch.uint8 for clip in inputs)
    losses = model.train_step(batch, optim_wrapper)

    assert torch.isfinite(losses['loss']).all()
    unmoved = [name for name, p in trained.items() if torch.equal(p, before[name])]
    assert not unmoved
    assert all(torch.isfinite(p).all() for p in model.parameters())


@_by_path(CLASSIFIERS)
def test_a_shrunken_classifier_averages_the_views_of_its_test(path: Path, videos: Path) -> None:
    """Clips x crops of each video, as the recipe has them, become one distribution."""
    cfg = shrink(path, videos)
    torch.manual_seed(0)
    model = registries.MODELS.build(cfg.model).to(get_device()).eval()
    batch = next(iter(Runner.build_dataloader(cfg.test_dataloader)))
    sampling, crops = cfg.test_pipeline[1], cfg.test_pipeline[3]
    assert batch['inputs'].shape[:3] == (2, sampling.num_clips * crops.num_crops, sampling.clip_len)
    with torch.no_grad():
        samples = model.test_step(batch)
    for sample in samples:
        assert sample.pred_score.shape == (cfg.model.cls_head.num_classes,)
        assert sample.pred_score.sum().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize('name', ['videomae_vit-small-p16_1xb32-*', 'videomaev2_vit-giant-p14_*'])
def test_a_shrunken_config_runs_through_the_runner(
    name: str, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loop, schedule, hooks and checkpoint of the config do an epoch together."""
    path = next(p for p in PRETRAIN if p.match(f'{name}.py') and not p.stem.endswith('fsdp'))
    cfg = shrink(path, videos)
    cfg.work_dir = str(tmp_path)
    cfg.train_cfg.max_epochs = 2
    cfg.param_scheduler.warmup = 1
    # Compilers and devices are asked for their versions, which takes longer than the training.
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 2
    assert list(tmp_path.glob('*.pth'))


def without_learning(path: Path, videos: Path, work_dir: Path, load_from: Path) -> Config:
    """The shrunken config, one epoch at rate 0: what it starts from is what it ends with."""
    cfg = shrink(path, videos)
    cfg.work_dir, cfg.load_from = str(work_dir), str(load_from)
    cfg.train_cfg.max_epochs = 1
    cfg.param_scheduler.warmup = 0
    cfg.optim_wrapper.optimizer.update(lr=0.0, weight_decay=0.0)
    return cfg


def test_progressive_training_hands_on_encoder_and_head_rows(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V2's chain of configs: pre-training, Kinetics-710, and the 400 of its rows in the map."""
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)

    def leaf(pattern: str) -> Path:
        return next(p for p in LEAVES if p.match(f'videomaev2_vit-giant-p14_{pattern}.py'))

    pretrain = shrink(leaf('*_unlabeled-hybrid'), videos)
    first = registries.MODELS.build(pretrain.model).state_dict()
    torch.save({'state_dict': first}, tmp_path / 'first.pth')
    start = tmp_path / 'first.pth'
    cfg = without_learning(leaf('*-35e_kinetics710'), videos, tmp_path / 'k710', start)
    Runner.from_cfg(cfg).train()

    rows = list(range(709, 309, -1))
    (tmp_path / 'map.json').write_text(json.dumps(rows))
    start = tmp_path / 'k710' / 'epoch_1.pth'
    path = leaf('32xb3-16x4x1-3e_kinetics400_from-kinetics710')
    cfg = without_learning(path, videos, tmp_path / 'k400', start)
    cfg.default_hooks.head_rows.label_map = str(tmp_path / 'map.json')
    Runner.from_cfg(copy.deepcopy(cfg)).train()

    second, third = (
        torch.load(tmp_path / name / 'epoch_1.pth')['state_dict'] for name in ('k710', 'k400')
    )
    blocks = [key for key in first if key.startswith('backbone.blocks')]
    assert blocks and all(torch.equal(first[key], third[key]) for key in blocks)
    assert len(second['cls_head.fc_cls.weight']) == 710
    for key in ('cls_head.fc_cls.weight', 'cls_head.fc_cls.bias'):
        assert torch.equal(third[key], second[key][rows])

    cfg.work_dir = str(tmp_path / 'tested')
    metrics = Runner.from_cfg(cfg).test()
    assert set(metrics) == {'acc/top1', 'acc/top5', 'acc/mean1'}


@_by_path(LEAVES + BASES)
def test_every_type_resolves(path: Path) -> None:
    """Each `type`, also of hooks and loops that one step never touches, is registered."""
    if 'detect' in str(path):
        pytest.importorskip('mmdet', reason='needs the detection level')
    known = [
        r
        for m in (registries, mmengine_registries)
        for r in vars(m).values()
        if isinstance(r, Registry)
    ]
    found = list(_types(load(path).to_dict()))
    missing = [item for item in found if not any(r.get(item[1]) for r in known)]
    assert not missing


def _types(node: Any, key: str = '') -> Iterator[tuple[str, str]]:
    """(place, type) of every dict that names one."""
    if isinstance(node, dict):
        kinds = [node.get('type'), node.get('constructor'), node.get('runner_type')]
        yield from ((key, kind) for kind in kinds if isinstance(kind, str))
        for name, value in node.items():
            yield from _types(value, f'{key}.{name}')
    elif isinstance(node, (list, tuple)):
        for number, value in enumerate(node):
            yield from _types(value, f'{key}.{number}')
