"""Contract: features, losses and gradients of boxes are the same on a GPU as on the CPU."""

import pytest
import torch
from torch import Tensor, nn

from mmvideomae.analysis.box_batch import box_batch
from mmvideomae.models.backbones import VideoMAEViT
from mmvideomae.models.necks import ActionRoIAlign
from mmvideomae.registry import MODELS
from tests.support.weights import randomise

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')


class Detector(nn.Module):
    """A ViT-S and a RoI head, without mmdet: the GPU machine needs no compiled mmcv."""

    def __init__(self) -> None:
        super().__init__()
        prepare = {'type': 'ActionBoxDataPreprocessor', 'pad_divisor': 16}
        self.prepare = MODELS.build(prepare)
        self.backbone = VideoMAEViT('small', img_size=64, num_frames=4, out_type='featmap')
        extractor = {'type': 'ActionRoIAlign', 'output_size': 7, 'stride': 16}
        head = {'type': 'ActionBoxHead', 'num_classes': 4, 'in_channels': 384}
        self.roi_head = MODELS.build(
            {
                'type': 'ActionRoIHead',
                'bbox_roi_extractor': extractor,
                'bbox_head': head,
                'test_cfg': {'extend': (0.1, 0.05)},
            }
        )
        randomise(self)

    def loss_and_scores(self) -> tuple[Tensor, list[Tensor]]:
        batch = self.prepare(box_batch((2, 0, 3), (64, 90)), training=True)
        samples = batch['data_samples']
        proposals = [sample.proposals for sample in samples]
        feats = self.backbone(batch['inputs'])
        loss = self.roi_head.loss(feats, proposals, samples)['loss_action']
        with torch.no_grad():
            found = self.roi_head.predict(feats, proposals, samples)
        return loss, [each.scores for each in found]


def gradients(model: nn.Module) -> Tensor:
    return torch.cat([param.grad.flatten().cpu() for param in model.parameters()])


@pytest.mark.parametrize(
    ('dtype', 'close', 'cosine'),
    [(None, 1e-3, 0.9999), (torch.float16, 0.01, 0.999), (torch.bfloat16, 0.05, 0.99)],
)
def test_training_and_scores_are_those_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype | None, close: float, cosine: float
) -> None:
    """Float16 with a scaled loss, as the recipes train; the first clip without boxes too."""
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', False)
    model = Detector()
    loss, scores = model.loss_and_scores()
    loss.backward()
    there = Detector().cuda()
    there.prepare.cuda()  # it remembers its device, which only mmengine's models tell it
    scaler = torch.amp.GradScaler('cuda', enabled=dtype == torch.float16)
    optimizer = torch.optim.SGD(there.parameters(), lr=0.0)
    with torch.autocast('cuda', dtype=dtype or torch.float16, enabled=dtype is not None):
        loss_there, scores_there = there.loss_and_scores()
    assert loss_there.is_cuda and loss_there.dtype == torch.float32
    scaler.scale(loss_there).backward()
    scaler.unscale_(optimizer)
    assert loss_there.item() == pytest.approx(loss.item(), rel=close)
    for here, found in zip(scores, scores_there, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.cpu(), here, rtol=0, atol=close)
    found, expected = gradients(there), gradients(model)
    assert torch.isfinite(found).all()
    assert torch.cosine_similarity(found, expected, dim=0) > cosine
    assert found.norm().item() == pytest.approx(expected.norm().item(), rel=10 * close)


@pytest.mark.parametrize('aligned', [False, True])
@pytest.mark.parametrize('sampling_ratio', [0, 2])
def test_features_are_those_of_the_cpu(sampling_ratio: int, aligned: bool) -> None:
    extract = ActionRoIAlign(7, 16, sampling_ratio, aligned)
    feats = torch.randn(2, 64, 3, 16, 22, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor(
        [[0, 5.0, 7, 90, 200], [1, -40, 30, 60, 300], [1, 0, 0, 352, 256], [0, 11, 12, 13, 14]]
    )
    expected = extract(feats, boxes)
    torch.testing.assert_close(
        extract(feats.cuda(), boxes.cuda()).cpu(), expected, rtol=0, atol=1e-5
    )
    with torch.autocast('cuda', dtype=torch.float16):
        half = extract(feats.cuda().half(), boxes.cuda())
    assert half.dtype == torch.float32
    torch.testing.assert_close(half.cpu(), extract(feats.half(), boxes), rtol=0, atol=1e-5)


def test_jitter_draws_the_same_boxes_on_every_device() -> None:
    from mmvideomae.ops.boxes import jitter_boxes

    boxes = torch.tensor([[5.0, 6, 30, 40], [1, 2, 60, 50]])
    torch.manual_seed(3)
    here = jitter_boxes(boxes, (64, 64), (0.2, 0.1, 0.1, 0.05))
    torch.manual_seed(3)
    there = jitter_boxes(boxes.cuda(), (64, 64), (0.2, 0.1, 0.1, 0.05))
    torch.testing.assert_close(there.cpu(), here)
