"""TriDet's configs have the published values, and train at full size."""

from collections.abc import Iterator

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement, InstanceData
from torch._subclasses.fake_tensor import FakeTensorMode

from mmvideomae import registry as registries
from mmvideomae.ops.feature_grid import FeatureGrid
from tests.support.leaves import CONFIGS, header, listed, read, steps

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


def test_activitynet_differs_as_published() -> None:
    """Without classes, on whole videos of at most 768 steps."""
    (path,) = FOLDER.glob('*_activitynet.py')
    cfg = read(path)
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler.warmup) == (15, 10)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (1e-3, 0.04)
    assert cfg.param_scheduler.eta_min_ratio * optimizer.lr == pytest.approx(5e-5)
    assert cfg.train_dataloader.batch_size == 16 == cfg.auto_scale_lr.base_batch_size
    assert cfg.optim_wrapper.clip_grad.max_norm == 0.4
    assert cfg.train_dataloader.dataset.features.to_dict() == {
        'stride': 16, 'window': 16, 'width': 512, 'fps': 15.0,
    }  # fmt: skip
    assert steps(cfg)['CropFeatures'].max_seq_len == 768 and 'ResampleFeatures' not in steps(cfg)
    backbone, loss, test = cfg.model.backbone, cfg.model.loss, cfg.model.test_cfg
    assert (set(backbone.windows), backbone.ratio, backbone.conv_std) == ({15}, 1.3, 0.2)
    assert (backbone.embed_dims, backbone.hidden_channels) == (256, 2048)
    assert backbone.use_abs_pe and backbone.input_noise == 0.5
    assert (cfg.model.reg_head.num_bins, cfg.model.cls_head.hidden_channels) == (12, 512)
    assert (loss.iou_power, loss.label_smoothing, loss.init_normaliser) == (1, 0.1, 400)
    found = (test.sigma, test.max_segments, test.voting_thresh, test.duration_thresh)
    assert found == (0.7, 200, 0.95, 0.1) and test.class_agnostic
    with FakeTensorMode(), torch.no_grad():
        model = registries.MODELS.build(cfg.model).eval()
        logits, distances, _ = model(torch.zeros(1, 512, 768), torch.ones(1, 1, 768) > 0)
    count = sum(p.numel() for p in model.parameters()) / 1e6
    assert f'{count:.2f} M parameters' in header(path)
    assert [each.shape[1:] for each in logits] == [(768 >> n, 1) for n in range(6)]
    assert distances[0].shape == (1, 768, 1, 2)
    model, row = listed(FOLDER)[path.stem]
    assert model['Metadata']['Parameters (M)'] == round(count, 2) and '| 36.77 (' in row
    assert 'reported' in next(iter(model['Results'][0]['Metrics'])) and '36.77' in header(path)


def test_every_config_is_listed() -> None:
    model, row = listed(FOLDER)[LEAF.stem]
    assert model['Metadata']['Parameters (M)'] == 15.99 and '| 15.99 M |' in row
    ((label, value),) = model['Results'][0]['Metrics'].items()
    assert 'reported' in label and str(value) in row and str(value) in header(LEAF)
