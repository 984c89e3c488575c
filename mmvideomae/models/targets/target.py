"""The interface of targets for the pretrainer, the pictures and the counting of operations."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mmvideomae.ops.positions import Grid


class Target(nn.Module, ABC):
    """The values that a head predicts at a token, and their units.

    A target that can be shown also has a method ``draw``, like `PixelTarget.draw`.

    Args:
        tubelet_size: Frames of one token, out of those that the encoder receives.
        patch_size: Side of a token in pixels.  The pretrainer passes that of its backbone.

    Attributes:
        dims: Number of values predicted at one token, P.
        stride: The encoder receives every ``stride``-th frame of a clip.
        mixed_precision: Whether values are computed in the precision of training, which suits
            features of a network, or in float32.
    """

    dims: int
    stride: int = 1
    mixed_precision: bool = False

    def __init__(self, tubelet_size: int, patch_size: int) -> None:
        super().__init__()
        self.tubelet_size, self.patch_size = tubelet_size, patch_size

    @abstractmethod
    def forward(
        self, clips: Tensor, token_ids: Tensor, to_unit_range: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Normalised clips (B, C, T, H, W), ``token_ids`` (B, M) -> (B, M, P), float32.

        Args:
            to_unit_range: Normalised values (..., C), channel fastest, -> pixels in [0, 1].
        """

    def attach(self, backbone: nn.Module) -> None:
        """Learn which encoder is trained, when the pretrainer is built."""

    def begin(self, backbone: nn.Module) -> None:
        """Prepare for training, when the encoder has its first weights."""

    def follow(self, backbone: nn.Module, progress: float) -> None:
        """Called after an update of the encoder; before it, ``progress`` of all were done."""

    def frames(self, total: int) -> range:
        """The frames, out of ``total``, that are predicted: all of them."""
        return range(total)

    def grid(self, frames: int, height: int, width: int) -> Grid:
        """Token grid (t, h, w) of a clip."""
        slot = self.tubelet_size * self.stride
        return frames // slot, height // self.patch_size, width // self.patch_size

    def without(self, frames: int, device: torch.device) -> Tensor | None:
        """Slots (t,) of a clip, true where there is nothing to predict; None if there are none."""
        covered = self.frames(frames)
        if len(covered) == frames:
            return None
        slot = self.tubelet_size * self.stride
        slots = torch.arange(frames // slot, device=device)
        return (slots < covered.start // slot) | (slots > (covered.stop - 1) // slot)
