"""Contract: shrunken VIMPAC configs of each kind train, validate and pass on their weights.

The config's choices stay as they are: masks, noise, contrast, layout, views, optimizer and loop.
Only widths, the picture size, the tokenizer and the videos are replaced.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmvideomae import registry as registries
from mmvideomae.engine.loaders import settle_loaders
from tests.support.code_files import write_codes
from tests.support.leaves import LEAVES, load, steps
from tests.support.videos import moving_shapes, write_video

SMALL = 'vimpac_small-p8_128xb1-5x2fps-10e_howto100m'
PRETRAINERS = (
    SMALL,
    f'{SMALL}_contrast-intact',
    f'{SMALL}_contrast-only',
    f'{SMALL}_noise-block',
    f'{SMALL}_alpha0-iid145',
    f'{SMALL}_layout-t-h-w-prenorm',
    f'{SMALL}_distance0s',
    'vimpac_large-half-p8_128xb2-5x2fps-90e_howto100m',
    'vimpac_small-p8_1xb64-5x2fps-100e_custom_pixels',
)
CLASSIFIERS = (
    'vimpac_large-half-p8_64xb2-10x4fps-22e_sthv2_256px',
    'vimpac_small-p8_8xb16-5x2fps-200e_ucf101_scratch',
    'vimpac_small-p8_8xb16-5x2fps-50e_ucf101_layout-txhxw',
    'vimpac_small-p8_1xb16-5x2fps-50e_custom',  # pixels
)
SIDE, SIZE, CODES = 4, 32, 16
VIDEOS = {'0': 12, '1': 3}  # 6 and 1.5 seconds, of which the second is padded
TOKENIZER = {
    'type': 'VQVAE', 'num_codes': CODES, 'widths': (4, 4, 8), 'num_blocks': 1, 'code_dims': 4,
}  # fmt: skip


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos with a list, and their codes at 2 and 16 frames per second."""
    root = tmp_path_factory.mktemp('data')
    for name, count in VIDEOS.items():
        write_video(root / 'videos' / f'{name}.mp4', moving_shapes(count, 40, 56), fps=2)
    (root / 'list.csv').write_text(''.join(f'{name}.mp4 0\n' for name in VIDEOS))
    for fps in (2, 16):
        frames = {name: count * fps // 2 for name, count in VIDEOS.items()}
        write_codes(root / f'codes_{fps}', frames, SIZE, fps, CODES, fingerprint='')
    return root


def shrink(stem: str, data: Path) -> Config:
    """The config of a name, made small enough for a step in a fraction of a second."""
    cfg = load(next(path for path in LEAVES if path.stem == stem))
    backbone = cfg.model.backbone
    ratios = {'attn_ratio': 0.5, 'mlp_ratio': 2.0} if backbone.arch == 'large-half' else {}
    backbone.arch = ConfigDict(embed_dims=32, depth=2, num_heads=4, **ratios)
    backbone.grid_size, backbone.num_codes = (backbone.grid_size[0], SIDE, SIDE), CODES
    cfg.model.data_preprocessor.tokenizer = TOKENIZER
    if cfg.model.get('contrast'):
        cfg.model.contrast.update(hidden_dims=16, out_dims=8)
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        if not loader:
            continue
        loader.update(num_workers=0, pin_memory=False, batch_size=2)
        dataset = loader.dataset
        dataset.pop('classes', None)
        dataset.sources = [dict(ann_file=str(data / 'list.csv'), data_prefix=str(data / 'videos'))]
        dataset.serialize_data = False
        for kind, step in steps(cfg, split).items():
            if kind == 'OpenCodes':
                step.update(folder=f'{data}/codes_{step.fps}', size=SIZE)
            elif kind == 'DiagonalCrop':
                step.size = SIZE
            elif kind == 'GenerateMasks':
                step.grid_size = backbone.grid_size
                if step.get('noise'):
                    step.noise.num_codes = CODES
    cfg.optim_wrapper.pop('accumulative_counts', None)
    settle_loaders(cfg)
    return cfg


def batch_of(loader: ConfigDict) -> Any:
    return next(iter(Runner.build_dataloader(loader, seed=0)))


@pytest.mark.parametrize('stem', [*PRETRAINERS, *CLASSIFIERS])
def test_a_shrunken_config_trains_one_step(stem: str, data: Path) -> None:
    """A real batch and the real optimizer give finite losses, and all learned weights change."""
    cfg = shrink(stem, data)
    torch.manual_seed(0)
    model = registries.MODELS.build(cfg.model).to(get_device())
    model.init_weights()
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    learned = {name: p for name, p in model.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    losses = model.train_step(batch_of(cfg.train_dataloader), optim_wrapper)
    assert all(torch.isfinite(value).all() for value in losses.values())
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert not [name for name in moved if name not in learned]  # the tokenizer above all
    if stem in CLASSIFIERS:  # a head of zeros holds back gradients of all but itself
        assert {'cls_head.fc_cls.weight', 'cls_head.fc_cls.bias'} <= moved
        averages_views(cfg, model.eval())
        return
    assert {name.split('.')[0] for name in moved} == {name.split('.')[0] for name in learned}
    named = {'loss_masked', 'masked_accuracy', 'mask_ratio'} if cfg.model.head else set()
    named |= {'loss_contrast'} if cfg.model.alpha else set()
    assert set(losses) - {'loss'} == named
    if cfg.model.head:
        assert 0 < losses['mask_ratio'] < 0.6
    if cfg.get('val_dataloader'):
        measured = validated(cfg, model.eval())
        assert ('codes/masked_accuracy' in measured) == (cfg.model.head is not None)
        assert ('codes/contrast_loss' in measured) == (cfg.model.alpha > 0)


def validated(cfg: Config, model: torch.nn.Module) -> dict[str, float]:
    metric = registries.METRICS.build(cfg.val_evaluator)
    batch = batch_of(cfg.val_dataloader)
    with torch.no_grad():
        metric.process(batch, model.val_step(batch))
    return metric.evaluate(2)


def averages_views(cfg: Config, model: torch.nn.Module) -> None:
    """Clips x crops of each video, as the recipe has them, become one distribution."""
    batch = batch_of(cfg.test_dataloader)
    found = steps(cfg, 'test')
    cut = found.get('OpenCodes') or found['DiagonalCrop']
    views = found['SampleFps'].num_clips * len(cut.get('positions', ('centre',)))
    shape = (2, views, found['SampleFps'].clip_len)
    assert batch['codes' if 'OpenCodes' in found else 'inputs'].shape[:3] == shape
    for sample in model.test_step(batch):
        assert sample.pred_score.shape == (cfg.model.cls_head.num_classes,)
        assert sample.pred_score.sum().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_a_run_is_validated_and_its_weights_are_fine_tuned(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the runner: masked codes of new videos are measured; the classifier starts there."""
    # Compilers and devices are asked for their versions, which takes longer than the training.
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    cfg = shrink(SMALL, data)
    cfg.work_dir, cfg.train_cfg.max_epochs = str(tmp_path / 'pre'), 1
    runner = Runner.from_cfg(cfg)
    runner.train()
    measured = runner.message_hub.log_scalars
    assert {'val/codes/masked_accuracy', 'val/codes/mask_ratio', 'val/codes/contrast_loss'} <= set(
        measured
    )
    before = torch.load(tmp_path / 'pre' / 'epoch_1.pth')['state_dict']

    cfg = shrink('vimpac_small-p8_8xb16-5x2fps-50e_ucf101', data)
    cfg.work_dir, cfg.train_cfg.max_epochs = str(tmp_path / 'fine'), 1
    cfg.load_from = str(tmp_path / 'pre' / 'epoch_1.pth')
    cfg.optim_wrapper.optimizer.update(lr=0.0)
    runner = Runner.from_cfg(cfg)
    runner.train()
    after = torch.load(tmp_path / 'fine' / 'epoch_1.pth')['state_dict']
    encoder = [key for key in before if key.startswith(('backbone.', 'data_preprocessor.'))]
    assert encoder and all(torch.equal(before[key], after[key]) for key in encoder)
    assert set(runner.test()) == {'acc/top1', 'acc/top5', 'acc/mean1'}
