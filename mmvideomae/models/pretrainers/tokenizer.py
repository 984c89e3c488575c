"""Train a tokenizer on the frames of videos."""

from typing import Any, NamedTuple

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmvideomae.models.pretrainers.masked import built
from mmvideomae.registry import MODELS, TOKENIZERS


class TokenizerOutput(NamedTuple):
    """The result of a tokenizer for frames."""

    frames: Tensor
    """(N, 3, H, W) in [0, 1]."""
    codes: Tensor
    """(N, h, w)."""
    losses: dict[str, Tensor]
    """Scalars by name: losses, and values that are only logged."""

    @property
    def loss(self) -> Tensor:
        """The sum of the losses, which training minimises."""
        return self.losses['loss_reconstruction'] + self.losses['loss_commitment']


@MODELS.register_module()
class TokenizerTrainer(BaseModel):
    """Train a tokenizer to reconstruct frames from their codes.

    All frames of a batch have the same weight.  The loss is the squared error of pixels divided
    by ``variance``, plus ``commitment_weight`` times the quantizer's commitment loss.

    Args:
        tokenizer: One of ``TOKENIZERS`` whose ``forward(frames)`` returns the same as
            `VQVAE.forward`.
        commitment_weight: beta.
        variance: Variance of pixels in [0, 1]; the default is about that of natural pictures.
    """

    def __init__(
        self,
        tokenizer: dict[str, Any],
        commitment_weight: float = 0.25,
        variance: float = 0.06,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        to_unit_range = {
            'type': 'VideoMAEDataPreprocessor',
            'mean': (0.0, 0.0, 0.0),
            'std': (255.0, 255.0, 255.0),
        }
        super().__init__(built(data_preprocessor or to_unit_range), init_cfg)
        self.tokenizer = TOKENIZERS.build(tokenizer)
        self.commitment_weight, self.variance = commitment_weight, variance

    def forward(
        self,
        inputs: Tensor,
        pad_mask: Tensor | None = None,
        data_samples: list[Any] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | TokenizerOutput | Tensor:
        """Clips (B, 3, T, H, W) in [0, 1] -> by ``mode``.

        'loss': the losses by name, and ``psnr`` in decibels, ``perplexity`` and ``used_codes``,
        which are only logged.  'predict': a `TokenizerOutput` of the B * T frames.  'tensor':
        codes (B, T, h, w).

        Args:
            pad_mask: (B, T), frames that repeat the last one of a short video; training skips
                them.
        """
        frames = inputs.transpose(1, 2).flatten(0, 1)
        if mode == 'tensor':
            return self.tokenizer.encode(frames).unflatten(0, (len(inputs), -1))
        if mode not in ('loss', 'predict'):
            raise ValueError(f"unknown mode {mode!r}; choose 'tensor', 'loss' or 'predict'")
        if mode == 'loss' and pad_mask is not None:
            frames = frames[~pad_mask.flatten()]
        coded = self.tokenizer(frames)
        error = (coded.frames - frames).square().mean()
        losses = {
            'loss_reconstruction': error / self.variance,
            'loss_commitment': self.commitment_weight * coded.commitment,
            'psnr': -10 * error.detach().clamp(min=1e-10).log10(),
            'perplexity': coded.perplexity,
            'used_codes': coded.used_codes,
        }
        if mode == 'loss':
            return losses
        return TokenizerOutput(coded.frames.clamp(0, 1), coded.codes, losses)
