"""Contract: mmdet's FastRCNN is built from our parts by name, and trains and tests on a CPU."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmvideomae.analysis.box_batch import box_batch
from mmvideomae.apis import init_model
from mmvideomae.engine.optim import GroupedOptimWrapperConstructor
from mmvideomae.models.backbones import VideoMAEViT
from mmvideomae.models.data_preprocessors import ActionBoxDataPreprocessor
from mmvideomae.models.detectors import ActionRoIHead
from mmvideomae.models.heads import ActionBoxHead
from mmvideomae.models.necks import ActionRoIAlign
from mmvideomae.registry import DATASETS, METRICS, MODELS
from tests.support.detectors import tiny_detector, tiny_detector_config
from tests.support.models import tiny_recognizer
from tests.support.weights import randomise

pytest.importorskip('mmdet', reason='needs the detection level')


class Clips(Dataset):
    """Tiny clips with as many boxes as `counts` says, the same each time."""

    counts = (2, 0, 3, 1)
    metainfo: ClassVar[dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, row: int) -> dict[str, Any]:
        batch = box_batch((self.counts[row],), seed=row)
        return {'inputs': batch['inputs'][0], 'data_samples': batch['data_samples'][0]}


class Predicted(BaseMetric):
    """Numbers of the boxes that were predicted."""

    def process(self, data_batch: Any, data_samples: list[dict[str, Any]]) -> None:
        for sample in data_samples:
            found = sample['pred_instances']
            assert found['scores'].dtype == torch.float32
            assert found['scores'].shape == (len(found['bboxes']), 4)
            self.results.append(len(found['bboxes']))

    def compute_metrics(self, results: list[int]) -> dict[str, int]:
        return {'boxes': sum(results)}


DATASETS.register_module(name='ClipsOfTheTest', module=Clips)
METRICS.register_module(name='PredictedOfTheTest', module=Predicted)


def run_config(folder: Path, wrapper: str, collate: str = 'pseudo_collate') -> Config:
    """Two epochs of a tiny detector, with what the recipes turn on."""
    loader = {
        'batch_size': 2,
        'num_workers': 0,
        'dataset': {'type': 'ClipsOfTheTest'},
        'sampler': {'type': 'DefaultSampler', 'shuffle': False},
    }
    model = tiny_detector_config(drop_path_rate=0.2)
    model.backbone.with_cp = True
    return Config(
        {
            'default_scope': 'mmvideomae',
            'work_dir': str(folder),
            'experiment_name': f'{folder}-{wrapper}',
            'model': model,
            'train_dataloader': {**loader, 'collate_fn': {'type': 'default_collate'}},
            'val_dataloader': {**loader, 'collate_fn': {'type': collate}},
            'val_evaluator': {'type': 'PredictedOfTheTest'},
            'train_cfg': {'by_epoch': True, 'max_epochs': 2},
            'val_cfg': {},
            'optim_wrapper': {
                'type': wrapper,
                'optimizer': {'type': 'AdamW', 'lr': 1e-3},
                'constructor': 'GroupedOptimWrapperConstructor',
                'paramwise_cfg': {'layer_decay_rate': 0.75},
            },
            'default_hooks': {
                'iteration_seed': {'type': 'IterationSeedHook'},
                'head_rows': {'type': 'HeadRowsHook'},
            },
            'randomness': {'seed': 1},
            'log_level': 'WARNING',
        }
    )


@pytest.mark.parametrize('wrapper', ['OptimWrapper', 'AmpOptimWrapper'])
def test_a_run_trains_and_tests(tmp_path: Path, wrapper: str) -> None:
    """From a classifier's weights; drop path, checkpointing, layer decay and bfloat16 included."""
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        classifier = MODELS.build(tiny_recognizer())
    torch.save({'state_dict': classifier.state_dict()}, tmp_path / 'classifier.pth')
    cfg = run_config(tmp_path, wrapper)
    cfg.load_from = str(tmp_path / 'classifier.pth')
    runner = Runner.from_cfg(cfg)
    before = {key: value.clone() for key, value in runner.model.state_dict().items()}
    runner.train()
    assert runner.message_hub.get_scalar('val/boxes').current() == sum(Clips.counts)
    after = runner.model.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    assert all(not torch.equal(after[key], before[key]) for key in after)


def test_a_resumed_run_ends_as_the_uninterrupted_one(tmp_path: Path) -> None:
    """Jitter and drop path are drawn by the iteration."""
    whole = Runner.from_cfg(run_config(tmp_path / 'a', 'OptimWrapper'))
    whole.train()
    cfg = run_config(tmp_path / 'b', 'OptimWrapper')
    cfg.load_from, cfg.resume = str(tmp_path / 'a' / 'epoch_1.pth'), True
    resumed = Runner.from_cfg(cfg)
    torch.rand(7)
    resumed.train()
    pairs = zip(whole.model.parameters(), resumed.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def check_parts(model: nn.Module) -> None:
    assert type(model).__module__.startswith('mmdet.')
    assert type(model.backbone) is VideoMAEViT
    assert type(model.roi_head) is ActionRoIHead
    assert type(model.roi_head.bbox_roi_extractor) is ActionRoIAlign
    assert type(model.roi_head.bbox_head) is ActionBoxHead
    assert type(model.data_preprocessor) is ActionBoxDataPreprocessor
    assert model.roi_head.train_settings.max_boxes == 100
    assert model.roi_head.test_settings.extend == (0.1, 0.05)


def test_parts_are_found_by_their_bare_names() -> None:
    """In our default scope, which runners, `init_model` and a model's own ``_scope_`` set."""
    check_parts(init_model(Config({'model': tiny_detector_config()}), device='cpu'))
    check_parts(tiny_detector())
    with DefaultScope.overwrite_default_scope('mmengine'):
        check_parts(MODELS.build({**tiny_detector_config(), '_scope_': 'mmvideomae'}))
        # A second time, although FastRCNN writes into its config.
        cfg = tiny_detector_config()
        check_parts(MODELS.build({**cfg, '_scope_': 'mmvideomae'}))
        check_parts(MODELS.build({**cfg, '_scope_': 'mmvideomae'}))


def test_layers_of_the_encoder_decay_and_the_head_does_not() -> None:
    constructor = GroupedOptimWrapperConstructor(
        {'optimizer': {'type': 'AdamW', 'lr': 1.0}}, {'layer_decay_rate': 0.5}
    )
    rates = {}
    model = tiny_detector()
    names = {id(param): name for name, param in model.named_parameters()}
    for group in constructor.groups(model):
        rates |= {names[id(param)]: group['lr'] for param in group['params']}
    assert rates.keys() == dict(model.named_parameters()).keys()
    assert rates['backbone.patch_embed.proj.weight'] == 0.5**3
    assert rates['backbone.blocks.0.mlp.fc1.weight'] == 0.5**2
    assert rates['backbone.blocks.1.attn.q_bias'] == 0.5
    assert rates['backbone.norm.weight'] == rates['roi_head.bbox_head.fc_cls.weight'] == 1


def test_pretrained_init_keeps_the_heads_own(tmp_path: Path) -> None:
    """``init_cfg`` of the whole detector loads the encoder; mmengine then leaves parts alone."""
    source = tiny_detector()
    randomise(source)
    encoder = {key: value for key, value in source.state_dict().items() if 'backbone' in key}
    torch.save({'state_dict': encoder}, tmp_path / 'x.pth')
    pretrained = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'x.pth')}
    head = {'bbox_head': {'init_scale': 0.001}}
    model = tiny_detector(changes={'init_cfg': pretrained, 'roi_head': head})
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model.init_weights()
    assert all(torch.equal(model.state_dict()[key], value) for key, value in encoder.items())
    assert model.roi_head.bbox_head.fc_cls.weight.std() < 1e-4


def test_batches_without_boxes_give_every_parameter_a_gradient_of_zero() -> None:
    """Without one, data-parallel training would wait for ever."""
    model = tiny_detector().train()
    batch = model.data_preprocessor(box_batch((0, 0)), training=True)
    loss = model(**batch, mode='loss')['loss_action']
    assert loss.item() == 0
    loss.backward()
    assert all(param.grad is not None and not param.grad.any() for param in model.parameters())
    results = model.eval().test_step(box_batch((0, 0)))
    assert [tuple(each.pred_instances.scores.shape) for each in results] == [(0, 4), (0, 4)]


def test_a_batch_predicts_what_its_clips_do_alone() -> None:
    model = tiny_detector()
    randomise(model)
    together = model.eval().test_step(box_batch((2, 0, 3)))
    batch = box_batch((2, 0, 3))
    for row, found in enumerate(together):
        alone = {key: value[row : row + 1] for key, value in batch.items()}
        (expected,) = model.test_step(alone)
        for name in ('bboxes', 'scores', 'box_scores'):
            torch.testing.assert_close(
                found.pred_instances[name], expected.pred_instances[name], rtol=1e-5, atol=1e-6
            )


@pytest.mark.parametrize('size', [(256, 340), (340, 256), (33, 24), (8, 8)])
def test_frames_of_any_size_are_looked_at_whole(size: tuple[int, int]) -> None:
    model = tiny_detector().eval()
    (result,) = model.test_step(box_batch((3,), size))
    found = result.pred_instances
    assert found.scores.shape == (3, 4)
    truth = result.gt_instances.bboxes / torch.tensor([size[1], size[0]] * 2)
    torch.testing.assert_close(found.bboxes, truth)
    assert (found.scores > 0).all() and (found.scores <= found.box_scores[:, None]).all()


def test_bfloat16_trains_as_float32_does() -> None:
    losses, gradients = [], []
    for dtype in (torch.float32, torch.bfloat16):
        model = tiny_detector(changes={'train_cfg': {'rcnn': {'jitter': None}}})
        randomise(model)
        batch = model.data_preprocessor(box_batch((2, 3)), training=True)
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=dtype != torch.float32):
            loss = model(**batch, mode='loss')['loss_action']
        assert loss.dtype == torch.float32
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([param.grad.flatten() for param in model.parameters()]))
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert torch.cosine_similarity(*gradients, dim=0) > 0.99


@pytest.mark.slow
def test_the_encoder_can_be_compiled() -> None:
    model = tiny_detector(changes={'train_cfg': {'rcnn': {'jitter': None}}})
    randomise(model)
    expected = {}
    for compiled in (False, True):
        model.zero_grad()
        if compiled:
            model.backbone.forward = torch.compile(model.backbone.forward, backend='aot_eager')
        for size in ((32, 32), (40, 24)):  # the latter with interpolated positions
            batch = model.data_preprocessor(box_batch((2,), size), training=True)
            loss = model(**batch, mode='loss')['loss_action']
            loss.backward()
            torch.testing.assert_close(loss.detach(), expected.setdefault(size, loss.detach()))
        grads = [param.grad.clone() for param in model.parameters()]
        torch.testing.assert_close(grads, expected.setdefault('grads', grads))


def test_a_detector_can_be_tuned_with_few_parameters() -> None:
    model = tiny_detector(changes={'backbone': {'peft': {'type': 'STAdapter', 'hidden_dims': 8}}})
    for name, values in model.named_parameters():
        learns = 'adapter' in name or name.startswith('roi_head.')
        assert values.requires_grad == learns, name
    features = model.backbone(torch.randn(1, 3, 4, 32, 48))
    assert features.shape == (1, 32, 2, 4, 6) and features.requires_grad
