"""Parameter-efficient fine-tuning: freeze a backbone and add few parameters that learn."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from mmvideomae.registry import TUNINGS


def tune(backbone: nn.Module, peft: Mapping[str, Any] | None) -> None:
    """Freeze a backbone and add the trained parameters of a method; None changes nothing.

    The last norm of a classifier's encoder, which is not that of pre-training, keeps learning.

    Args:
        peft: Config of a method, such as ``dict(type='LoRA', rank=8)``.

    Raises:
        ValueError: The backbone has no layers for this method.
    """
    if peft is None:
        return
    backbone.requires_grad_(False)
    TUNINGS.build(dict(peft)).add_to(backbone)
    getattr(backbone, 'fc_norm', nn.Identity()).requires_grad_(True)
