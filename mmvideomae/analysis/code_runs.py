"""Forward passes of models over codes, for counting operations."""

from collections.abc import Callable

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmvideomae.analysis.training_pipeline import draw_masks
from mmvideomae.models.pretrainers import VIMPAC

PRETRAINER_PARTS = (
    ('backbone.embedding', 'embed'),
    ('backbone.cls_embed', 'embed'),
    ('backbone.pos_embed', 'embed'),
    ('backbone', 'encoder'),
    ('head', 'head'),
    ('contrast', 'contrast'),
)


def reads_codes(model: nn.Module) -> bool:
    """Whether a model, or its backbone, takes codes instead of pixels."""
    return hasattr(getattr(model, 'backbone', model), 'vocabulary')


def empty_codes(model: nn.Module, shape: tuple[int, int, int]) -> Tensor:
    """Codes (1, t, h, w) on the meta device for a clip with these frames, height and width.

    Raises:
        ValueError: The sides are not multiples of those of a code.
    """
    backbone = getattr(model, 'backbone', model)
    frames, *sides = shape
    if any(side % backbone.patch_size for side in sides):
        raise ValueError(
            f'frames of {sides[0]}x{sides[1]} pixels do not divide into codes of '
            f'{backbone.patch_size}x{backbone.patch_size} pixels'
        )
    grid = (frames, *(side // backbone.patch_size for side in sides))
    return torch.zeros(1, *grid, dtype=torch.int64, device='meta')


def code_mask(model: VIMPAC, cfg: Config, codes: Tensor) -> Tensor:
    """The mask of a clip (1, N) that a config draws; empty if only intact clips are compared."""
    if model.head is None and model.contrast_input == 'intact':
        return torch.zeros(1, codes[0].numel(), dtype=torch.bool)
    return draw_masks(cfg, tuple(codes.shape[1:]))[0]


def pretraining_run(model: VIMPAC, codes: Tensor, encoder_mask: Tensor) -> Callable[[], None]:
    """A forward pass of one clip through the parts that `VIMPAC.loss` uses, without the losses."""
    asked = encoder_mask.flatten().nonzero()[:, 0]

    def run() -> None:
        encoded = model.encode(codes, encoder_mask)
        if encoded.tokens is not None:
            model.head(encoded.tokens.flatten(0, 1)[asked], model.backbone.embedding.weight)
        if encoded.cls is not None:
            model.contrast(encoded.cls)

    return run
