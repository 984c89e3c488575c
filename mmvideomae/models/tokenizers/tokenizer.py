"""The interface of tokenizers for data preprocessors, targets and files of codes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from mmvideomae.ops.teachers import weights_fingerprint


class Tokenizer(BaseModule, ABC):
    """Turn frames into codes and back.

    Weights are loaded by ``init_cfg=dict(type='Pretrained', checkpoint=...)``, or by a list of
    these if a tokenizer is released in several files.

    Args:
        num_codes: Size of the vocabulary.
        factor: Side of the square of pixels that one code represents.
    """

    encoding_parts: Sequence[str] = ('encoder',)
    """Parts and buffers of the module on which the codes of a frame depend."""

    def __init__(
        self,
        num_codes: int,
        factor: int,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_codes, self.factor = num_codes, factor
        self.missing_parts: set[str] = set()

    def init_weights(self) -> None:
        """Initialise the weights, from files if ``init_cfg`` names any.

        Raises:
            ValueError: A part is missing from all files.
        """
        configs = [self.init_cfg] if isinstance(self.init_cfg, dict) else self.init_cfg or []
        files = [each['checkpoint'] for each in configs if each['type'] == 'Pretrained']
        self.missing_parts = {key.partition('.')[0] for key in self.state_dict()}
        super().init_weights()
        if files and self.missing_parts:
            raise ValueError(
                f'none of the files of {type(self).__name__} has its '
                f'{" and ".join(sorted(self.missing_parts))}: {", ".join(map(str, files))}'
            )

    def _dump_init_info(self) -> None:
        """Overrides mmengine's, which prints three lines for each parameter."""

    @abstractmethod
    def encode(self, frames: Tensor) -> Tensor:
        """RGB in [0, 1], float (N, 3, H, W) -> codes, int64 (N, H / factor, W / factor).

        Raises:
            ValueError: H or W is not a multiple of ``factor``.
        """

    @abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """Codes, integers (N, h, w) -> RGB in [0, 1], float32 (N, 3, h * factor, w * factor).

        Raises:
            ValueError: A code exceeds the vocabulary.
        """

    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ between tokenizers with different codes."""
        parts = self.encoding_parts
        encoding = {
            key: value
            for key, value in self.state_dict().items()
            if any(key == part or key.startswith(f'{part}.') for part in parts)
        }
        return weights_fingerprint(encoding)

    def check_frames(self, frames: Tensor) -> None:
        """See `encode`."""
        height, width = frames.shape[-2:]
        if frames.ndim != 4 or frames.shape[1] != 3 or height % self.factor or width % self.factor:
            raise ValueError(
                f'{type(self).__name__} takes frames (N, 3, H, W) whose sides are multiples of '
                f'{self.factor} pixels, not {tuple(frames.shape)}'
            )

    def check_codes(self, codes: Tensor) -> Tensor:
        """Codes as int64, see `decode`."""
        if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < self.num_codes:
            raise ValueError(
                f'codes are in [{int(codes.min())}, {int(codes.max())}], but '
                f'{type(self).__name__} has {self.num_codes}'
            )
        return codes.long()
