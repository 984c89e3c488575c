"""Tiny classifiers and pretrainers in which every weight matters, for the tests of weight files."""

from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmvideomae.registry import MODELS
from tests.support.detectors import tiny_detector_config
from tests.support.models import tiny_videomae, tiny_vit
from tests.support.weights import randomise


class Zoo:
    """Builds models with weights that fit half precision, so that no format rounds them."""

    def classifier(self, num_classes: int = 5, seed: int = 0, **backbone: Any) -> nn.Module:
        vit = {**tiny_vit('avg'), **backbone}
        arch = vit['arch']
        width = 384 if arch == 'small' else arch['embed_dims']
        head = {'type': 'LinearHead', 'num_classes': num_classes, 'in_channels': width}
        cfg = {
            'type': 'Recognizer3D',
            'backbone': vit,
            'cls_head': head,
            'data_preprocessor': {'type': 'ActionDataPreprocessor'},
        }
        return self.drawn(cfg, seed)

    def small(self, seed: int = 0) -> nn.Module:
        """ViT-S, which has 6 heads, on clips of 4x32x32."""
        return self.classifier(7, seed, arch='small', patch_size=16)

    def pretrainer(self, seed: int = 0, **backbone: Any) -> nn.Module:
        cfg = tiny_videomae()
        cfg['backbone'].update(backbone)
        return self.drawn(cfg, seed)

    def detector(self, num_classes: int = 5, seed: int = 0, **head: Any) -> nn.Module:
        cfg = tiny_detector_config(num_classes)
        cfg.roi_head.bbox_head.update(head)
        return self.drawn(cfg, seed)

    def drawn(self, cfg: dict[str, Any], seed: int) -> nn.Module:
        init_default_scope('mmvideomae')
        model = MODELS.build(cfg).eval()
        randomise(model, seed)
        with torch.no_grad():
            for param in model.parameters():
                param.copy_(param.half().float())
        return model

    def clips(self, seed: int = 9) -> Tensor:
        return torch.randn(2, 3, 4, 32, 32, generator=torch.Generator().manual_seed(seed))

    def logits(self, model: nn.Module, clips: Tensor | None = None) -> Tensor:
        with torch.no_grad():
            if hasattr(model, 'roi_head'):
                boxes = torch.tensor([[3.0, 2, 20, 31], [0, 9, 32, 23]])
                people = [InstanceData(bboxes=boxes[:1]), InstanceData(bboxes=boxes)]
                return model.roi_head(model.backbone(self.clips()), people, [])
            return model.cls_head(model.backbone(self.clips() if clips is None else clips))


@pytest.fixture(scope='session')
def zoo() -> Zoo:
    return Zoo()
