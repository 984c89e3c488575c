"""A tokenizer that users can train: an autoencoder with a quantised bottleneck."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.tokenizers.quantizer import MovingAverageQuantizer
from mmvideomae.models.tokenizers.tokenizer import Tokenizer
from mmvideomae.registry import TOKENIZERS


class CodedFrames(NamedTuple):
    """Frames after encoding and decoding by a tokenizer."""

    frames: Tensor
    """(N, 3, H, W), as decoded and not clipped to [0, 1]."""
    codes: Tensor
    """(N, h, w)."""
    commitment: Tensor
    perplexity: Tensor
    used_codes: Tensor
    """These three are scalars, see `Quantized`."""


class _Block(nn.Module):
    """(N, D, h, w) -> (N, D, h, w)."""

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(), nn.Conv2d(dims, dims, 3, padding=1), nn.ReLU(), nn.Conv2d(dims, dims, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


@TOKENIZERS.register_module()
class VQVAE(Tokenizer):
    """A convolutional VQ-VAE (van den Oord et al., 2017), trained by `TokenizerTrainer`.

    The default has 4.7 M parameters without its codebook.

    Args:
        widths: Channels of each stage of the encoder.  Each stage halves the sides, so with three
            a code is 8 x 8 pixels.
        num_blocks: Residual blocks in each stage.
        code_dims: Dimensions of the codebook.
        quantizer: Further arguments of `MovingAverageQuantizer`.
    """

    encoding_parts = ('encoder', 'quantizer.codebook')

    def __init__(
        self,
        num_codes: int = 8192,
        widths: Sequence[int] = (64, 128, 256),
        num_blocks: int = 2,
        code_dims: int = 32,
        quantizer: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(num_codes, 2 ** len(widths), init_cfg)
        first, last = widths[0], widths[-1]
        down: list[nn.Module] = [nn.Conv2d(3, first, 3, padding=1)]
        for before, width in zip((first, *widths), widths, strict=False):
            down += [nn.ReLU(), nn.Conv2d(before, width, 4, stride=2, padding=1)]
            down += [_Block(width) for _ in range(num_blocks)]
        self.encoder = nn.Sequential(*down, nn.ReLU(), nn.Conv2d(last, code_dims, 1))
        self.quantizer = MovingAverageQuantizer(num_codes, code_dims, **(quantizer or {}))
        up: list[nn.Module] = [nn.Conv2d(code_dims, last, 3, padding=1)]
        for width, after in zip(widths[::-1], (*widths[-2::-1], first), strict=True):
            up += [_Block(width) for _ in range(num_blocks)]
            up += [nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(width, after, 3, padding=1)]
        self.decoder = nn.Sequential(*up, nn.ReLU(), nn.Conv2d(first, 3, 3, padding=1))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
                nn.init.zeros_(layer.bias)
        self.decoder[-1].weight.data.mul_(0.1)  # outputs are grey at first

    def forward(self, frames: Tensor) -> CodedFrames:
        """RGB in [0, 1], (N, 3, H, W) -> decoded frames, with gradients; see `Tokenizer.encode`."""
        self.check_frames(frames)
        codes, through, commitment, perplexity, used = self.quantizer(self._vectors(frames))
        return CodedFrames(self._drawn(through), codes, commitment, perplexity, used)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """See `Tokenizer.encode`."""
        self.check_frames(frames)
        vectors = self._vectors(frames)
        codes = self.quantizer.nearest(vectors.flatten(0, 2))
        return codes.view(vectors.shape[:3])

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """See `Tokenizer.decode`."""
        return self._drawn(self.quantizer.codebook[self.check_codes(codes)]).clamp(0, 1)

    def _vectors(self, frames: Tensor) -> Tensor:
        """(N, h, w, D), each vector with mean 0 and variance 1.

        Without the norm, vectors shrink until all have the same code.
        """
        vectors = self.encoder(2 * frames.float() - 1).permute(0, 2, 3, 1)
        return F.layer_norm(vectors.float(), vectors.shape[-1:])

    def _drawn(self, vectors: Tensor) -> Tensor:
        return (self.decoder(vectors.permute(0, 3, 1, 2)).float() + 1) / 2
