"""A tiny tokenizer for tests whose codes distinguish pictures without training."""

from typing import Any

import torch
from torch import Tensor, nn

from mmvideomae.models.tokenizers.tokenizer import Tokenizer
from mmvideomae.registry import TOKENIZERS

TINY: dict[str, Any] = {'type': 'PatchTokenizer', 'num_codes': 64}


@TOKENIZERS.register_module()
class PatchTokenizer(Tokenizer):
    """The code of 8 x 8 pixels is the random pattern that they resemble most."""

    def __init__(self, num_codes: int = 64, init_cfg: Any = None) -> None:
        super().__init__(num_codes, 8, init_cfg)
        self.encoder = nn.Conv2d(3, num_codes, 8, stride=8, bias=False)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        self.check_frames(frames)
        return self.encoder(frames).argmax(1)

    def decode(self, codes: Tensor) -> Tensor:
        raise NotImplementedError


def tiny_tokenizer(seed: int = 0) -> PatchTokenizer:
    """One with random patterns, which have no mean so that brightness does not decide."""
    tokenizer = PatchTokenizer()
    patterns = torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    tokenizer.encoder.weight.data = patterns - patterns.mean((2, 3), keepdim=True)
    return tokenizer.eval()
