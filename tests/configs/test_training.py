"""Contract: a shrunken config of each kind trains one step, tests, and passes on its weights.

The config's choices stay as they are: masks, repeats, targets, losses, checkpointing, optimizer and
loop. Only widths, depths, picture size and the videos are replaced. Detection and localization
have their own modules.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.cnn.bricks import DropPath
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmvideomae import registry as registries
from mmvideomae.models.backbones.vit_videomae import ARCHS
from mmvideomae.models.layers.cube_transformer import resolve_arch
from tests.support.leaves import LEAVES, load, steps
from tests.support.videos import moving_shapes, write_video

PRETRAINERS = (
    'videomae_vit-small-p16_1xb32-16x4x1-800e_custom',  # a folder
    'videomae_vit-base-p16_64xb32-16x2x1-800e_sthv2-rawframes',  # frames
    'videomae_vit-base-p16_64xb16-16x4x1-800e_kinetics400_target-dense',
    'videomae_vit-base-p16_64xb16-16x2x1-800e_sthv2_target-centre',
    'videomaev2_vit-giant-p14_64xb32-16x4x1-300e_unlabeled-hybrid',  # sources, cells, repeats
    'videomaev2_vit-base-p16_64xb32-16x2x1-800e_sthv2_decoder-cell50-all-outputs',
    'hog_vit-tiny-p8_pretrain_motion',
    'latent_vit-tiny-p8_pretrain_motion',
    'mocov3_vit-tiny-p8_pretrain_motion',
)
CLASSIFIERS = (
    'videomae_vit-base-p16_64xb8-16x4x1-200e_kinetics400_scratch',
    'videomae_vit-large-p16_32xb1-32x4x1-5e_kinetics400_320px',
    'videomae_vit-base-p16_64xb16-1x1x16-100e_sthv2_linear-probe',
    'videomaev2_vit-giant-p14_32xb3-1x1x16-20e_sthv1',  # frames
    'videomaev2_vit-small-p16_64xb8-1x1x16-100e_sthv2_distilled',
    'videomae_vit-tiny-p8_distill_motion',
    'videomae_vit-tiny-p8_finetune_own-videos',
)
FRAMES = 24
"""Length of the synthetic videos: shorter than most clips, as real ones can be."""
SIDE = 4
"""Patches along a side of the shrunken pictures."""


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
    for seed in range(0 if folder.exists() else 2):
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


def shrink_model(model: ConfigDict) -> int:
    """Use two narrow blocks on each side, also in a teacher; return the picture size."""
    if 'teacher' in model:  # pictures that the patches of both divide
        model.teacher_checkpoint, model.teacher.backbone.patch_size = None, 16
    for part in [model, *([model.teacher] if 'teacher' in model else [])]:
        ratio = resolve_arch(part.backbone.arch, ARCHS).mlp_ratio
        part.backbone.arch = ConfigDict(embed_dims=32, depth=2, num_heads=2, mlp_ratio=ratio)
        part.backbone.img_size = SIDE * part.backbone.patch_size
    if 'head' in model:
        depth = min(model.neck.depth, 2)
        model.neck.update(in_dims=32, embed_dims=16, depth=depth, num_heads=2)
        model.neck.grid_size, model.head.in_dims = (model.neck.grid_size[0], SIDE, SIDE), 16
    return model.backbone.img_size


def shrink(stem: str, videos: Path) -> Config:
    """The config of a name, made small enough for a fast step, as demo configs already are."""
    cfg = load(next(path for path in LEAVES if path.stem == stem))
    demo = 'tiny' in stem
    if demo and 'teacher' in cfg.model:
        cfg.model.teacher_checkpoint = None
    size = cfg.model.backbone.img_size if demo else shrink_model(cfg.model)
    if 'px' in stem:  # larger than the clips of the position table, as in the recipe
        size += cfg.model.backbone.patch_size
    for split in ('train', 'val', 'test'):
        if f'{split}_dataloader' not in cfg:
            continue
        use_videos(cfg[f'{split}_dataloader'], videos)
        for kind, step in {} if demo else steps(cfg, split).items():
            if kind in ('ClipMultiScaleCrop', 'ClipRandomResizedCrop', 'CropViews'):
                step.size = size
            elif kind == 'GenerateMasks':
                step.grid_size = (step.grid_size[0], SIDE, SIDE)
    # One step has to update the weights.
    cfg.optim_wrapper.pop('accumulative_counts', None)
    return cfg


@pytest.mark.parametrize('stem', [*PRETRAINERS, *CLASSIFIERS])
def test_a_shrunken_config_trains_one_step_and_averages_views(stem: str, videos: Path) -> None:
    """A batch of the real pipeline, the real optimizer: a finite loss moves every parameter."""
    cfg = shrink(stem, videos)
    torch.manual_seed(0)
    model = registries.MODELS.build(cfg.model).to(get_device())
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    for part in model.modules():
        if isinstance(part, DropPath):
            part.drop_prob = 0.0  # so few clips may all drop one branch, which then does not move
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in trained.items()}

    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    repeats = steps(cfg).get('RepeatAugment', {'num_repeats': 1})['num_repeats']
    inputs = batch['inputs']
    assert (len(inputs), len(inputs[0])) == (cfg.train_dataloader.batch_size, repeats)
    assert all(clip.dtype == torch.uint8 for clip in inputs)
    getattr(model, 'begin_training', lambda: None)()
    losses = model.train_step(batch, optim_wrapper)
    assert torch.isfinite(losses['loss']).all()
    assert not [name for name, p in trained.items() if torch.equal(p, before[name])]
    assert all(torch.isfinite(p).all() for p in model.parameters())
    if stem in CLASSIFIERS:
        averages_views(cfg, model.eval())


def averages_views(cfg: Config, model: torch.nn.Module) -> None:
    """Clips x crops of each video, as the recipe has them, become one distribution."""
    batch = next(iter(Runner.build_dataloader(cfg.test_dataloader)))
    found = steps(cfg, 'test')
    sampling = next(step for kind, step in found.items() if 'Sample' in kind)
    views = sampling.num_clips * found['CropViews'].num_crops
    assert batch['inputs'].shape[:3] == (2, views, sampling.clip_len)
    with torch.no_grad():
        samples = model.test_step(batch)
    for sample in samples:
        assert sample.pred_score.shape == (cfg.model.cls_head.num_classes,)
        assert sample.pred_score.sum().item() == pytest.approx(1, abs=1e-4)


def without_learning(stem: str, videos: Path, work_dir: Path, load_from: Path) -> Config:
    """The shrunken config with one epoch at rate 0, which ends with the weights it starts from."""
    cfg = shrink(stem, videos)
    cfg.work_dir, cfg.load_from = str(work_dir), str(load_from)
    cfg.train_cfg.max_epochs = 1
    cfg.param_scheduler.warmup = 0
    cfg.optim_wrapper.optimizer.update(lr=0.0, weight_decay=0.0)
    return cfg


@pytest.mark.slow
def test_progressive_training_hands_on_encoder_and_head_rows(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V2's chain of configs: pre-training, Kinetics-710, and the 400 of its rows in the map."""
    # Compilers and devices are asked for their versions, which takes longer than the training.
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    giant = 'videomaev2_vit-giant-p14'
    cfg = shrink(f'{giant}_64xb32-16x4x1-300e_unlabeled-hybrid', videos)
    cfg.work_dir, cfg.train_cfg.max_epochs, cfg.param_scheduler.warmup = str(tmp_path / 'v2'), 2, 1
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 2
    start = tmp_path / 'v2' / 'epoch_2.pth'
    first = torch.load(start)['state_dict']
    stem = f'{giant}_32xb3-16x4x1-35e_kinetics710'
    Runner.from_cfg(without_learning(stem, videos, tmp_path / 'k710', start)).train()

    rows = list(range(709, 309, -1))
    (tmp_path / 'map.json').write_text(json.dumps(rows))
    start = tmp_path / 'k710' / 'epoch_1.pth'
    stem = f'{giant}_32xb3-16x4x1-3e_kinetics400_from-kinetics710'
    cfg = without_learning(stem, videos, tmp_path / 'k400', start)
    cfg.default_hooks.head_rows.label_map = str(tmp_path / 'map.json')
    runner = Runner.from_cfg(cfg)
    runner.train()

    second, third = (
        torch.load(tmp_path / name / 'epoch_1.pth')['state_dict'] for name in ('k710', 'k400')
    )
    blocks = [key for key in first if key.startswith('backbone.blocks')]
    assert blocks and all(torch.equal(first[key], third[key]) for key in blocks)
    assert len(second['cls_head.fc_cls.weight']) == 710
    for key in ('cls_head.fc_cls.weight', 'cls_head.fc_cls.bias'):
        assert torch.equal(third[key], second[key][rows])
    assert set(runner.test()) == {'acc/top1', 'acc/top5', 'acc/mean1'}
