"""VideoMAE and VideoMAE V2 with the settings of their configs."""

from typing import Any

from torch import nn

from mmvideomae.models.pretrainers.masked import MaskedPretrainer, built
from mmvideomae.registry import MODELS


@MODELS.register_module()
class VideoMAE(MaskedPretrainer):
    """A `MaskedPretrainer` of pixels; its head's config says how they are normalised.

    Args:
        head: Config of a ``PixelReconstructionHead``.
        target: ``span`` of the `PixelTarget`.
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        neck: dict[str, Any] | nn.Module,
        head: dict[str, Any] | nn.Module,
        target: str = 'clip',
        loss_on: str = 'invisible',
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        # In the same order as MaskedPretrainer, so that a seed gives the same weights.
        backbone, neck, head = built(backbone), built(neck), built(head)
        pixels = {
            'type': 'PixelTarget',
            'span': target,
            'normalise': head.normalise,
            'in_channels': head.in_channels,
        }
        super().__init__(backbone, neck, head, pixels, loss_on, data_preprocessor, init_cfg)
