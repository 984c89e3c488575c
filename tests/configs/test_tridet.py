"""TriDet's config for THUMOS14 has the published values, and trains at full size."""

from collections.abc import Iterator

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement, InstanceData

from mmvideomae import registry as registries
from mmvideomae.ops.feature_grid import FeatureGrid
from tests.support.leaves import CONFIGS, header, listed, read

FOLDER = CONFIGS / 'localization' / 'tridet'
(LEAF,) = FOLDER.glob('*_thumos14.py')


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def test_the_recipe_is_the_published_one() -> None:
    cfg = read(LEAF)
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler.warmup) == (40, 20)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (1e-4, 0.025)
    assert cfg.train_dataloader.batch_size == 2 and cfg.optim_wrapper.clip_grad.max_norm == 1
    backbone, test = cfg.model.backbone, cfg.model.test_cfg
    assert (backbone.ratio, backbone.hidden_channels, backbone.input_noise) == (5, 768, 5e-4)
    assert set(backbone.windows) == {1} and tuple(backbone.arch) == (2, 2, 5)
    assert (cfg.model.reg_head.num_bins, cfg.model.loss.iou_power) == (16, 0.2)
    assert (test.max_segments, test.min_score, test.voting_thresh) == (2000, 0.001, 0.7)


def test_a_training_step_at_full_size() -> None:
    cfg = read(LEAF)
    torch.manual_seed(0)
    model = registries.MODELS.build(cfg.model)
    count = sum(p.numel() for p in model.parameters()) / 1e6
    assert f'{count:.2f} M parameters' in header(LEAF)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    truth = InstanceData(segments=torch.tensor([[30.0, 90.0]]), labels=torch.tensor([3]))
    meta = {'video_id': 'v', 'duration': 30.0, 'fps': 30.0, 'grid': FeatureGrid(30, 4, 16)}
    sample = BaseDataElement(metainfo=meta, gt_instances=truth)
    model.data_preprocessor.max_seq_len = 256
    losses = model.train_step(
        {'inputs': [torch.randn(2048, 200)], 'data_samples': [sample]}, optimizer
    )
    assert all(value.isfinite() for value in losses.values()) and losses['loss_reg'] > 0
    assert all(p.isfinite().all() for p in model.parameters())


def test_every_config_is_listed() -> None:
    model, row = listed(FOLDER)[LEAF.stem]
    assert model['Metadata']['Parameters (M)'] == 15.99 and '| 15.99 M |' in row
    ((label, value),) = model['Results'][0]['Metrics'].items()
    assert 'reported' in label and str(value) in row and str(value) in header(LEAF)
