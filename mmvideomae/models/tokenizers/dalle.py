"""The tokenizer of DALL-E, which VIMPAC uses (VIMPAC, appendix A.1)."""

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.tokenizers.tokenizer import Tokenizer
from mmvideomae.registry import TOKENIZERS

_MARGIN = 0.1  # The logit-Laplace likelihood keeps pixels away from 0 and 1.
_LOGITS = 1 << 25  # logits computed at a time: 128 MiB


class _Block(nn.Module):
    """(N, C, h, w) -> (N, D, h, w): a residual path of four convolutions at a quarter of D.

    Args:
        kernels: Sides of the four convolutions.
        gain: Factor of the residual path.
    """

    def __init__(self, dims: int, out_dims: int, kernels: tuple[int, ...], gain: float) -> None:
        super().__init__()
        hidden = out_dims // 4
        widths = (dims, hidden, hidden, hidden, out_dims)
        layers: list[tuple[str, nn.Module]] = []
        for number, side in enumerate(kernels, 1):
            conv = nn.Conv2d(widths[number - 1], widths[number], side, padding=side // 2)
            layers += [(f'relu_{number}', nn.ReLU()), (f'conv_{number}', conv)]
        self.id_path = nn.Identity() if dims == out_dims else nn.Conv2d(dims, out_dims, 1)
        self.res_path = nn.Sequential(OrderedDict(layers))
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        return self.id_path(x) + self.gain * self.res_path(x)


def _network(
    first: nn.Module,
    widths: tuple[int, ...],
    kernels: tuple[int, ...],
    between: nn.Module,
    last: nn.Conv2d,
    blocks: int,
) -> nn.Sequential:
    """Groups of blocks with ``between`` after all but the last, and a layer at either end."""
    groups = len(widths) - 1
    gain = 1 / (groups * blocks) ** 2
    parts: list[tuple[str, nn.Module]] = [('input', first)]
    for number in range(1, groups + 1):
        layers: list[tuple[str, nn.Module]] = []
        for block in range(1, blocks + 1):
            dims = widths[number - 1] if block == 1 else widths[number]
            layers.append((f'block_{block}', _Block(dims, widths[number], kernels, gain)))
        if number < groups:
            layers.append(('between', between))
        parts.append((f'group_{number}', nn.Sequential(OrderedDict(layers))))
    output = OrderedDict[str, nn.Module](relu=nn.ReLU(), conv=last)
    return nn.Sequential(OrderedDict([*parts, ('output', nn.Sequential(output))]))


@TOKENIZERS.register_module()
class DalleTokenizer(Tokenizer):
    """Encoder and decoder of DALL-E's discrete variational autoencoder; a code is 8 x 8 pixels.

    A code is the encoder's most likely category.  The released files are
    ``encoder.pkl`` (53,786,240 parameters) and ``decoder.pkl`` (43,829,766)::

        init_cfg=[
            dict(type='Pretrained', checkpoint='encoder.pkl'),
            dict(type='Pretrained', checkpoint='decoder.pkl'),
        ]

    Under autocast, convolutions run in half precision except those that produce the codes, as in
    the released code.

    Args:
        width: Channels of the encoder's first group and the decoder's last.
        init_width: Channels of an embedded code in the decoder.
        num_blocks: Blocks in each of the four groups.
        has_decoder: Whether codes can be drawn; pre-training does not need that.
    """

    def __init__(
        self,
        num_codes: int = 8192,
        width: int = 256,
        init_width: int = 128,
        num_blocks: int = 2,
        has_decoder: bool = True,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(num_codes, 8, init_cfg)
        up = tuple(factor * width for factor in (1, 1, 2, 4, 8))
        self.encoder = _network(
            nn.Conv2d(3, width, 7, padding=3),
            up,
            (3, 3, 3, 1),
            nn.MaxPool2d(2),
            nn.Conv2d(up[-1], num_codes, 1),
            num_blocks,
        )
        self.decoder = None
        if has_decoder:
            self.decoder = _network(
                nn.Conv2d(num_codes, init_width, 1),
                (init_width, *up[:0:-1]),
                (1, 3, 3, 3),
                nn.Upsample(scale_factor=2, mode='nearest'),
                nn.Conv2d(width, 6, 1),
                num_blocks,
            )

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """See `Tokenizer.encode`; it holds the logits of only a few frames at a time."""
        self.check_frames(frames)
        features = self.encoder[:-1]((1 - 2 * _MARGIN) * frames.float() + _MARGIN)
        height, width = features.shape[2:]
        frames_at_once = max(1, _LOGITS // (self.num_codes * height * width))
        with torch.autocast(frames.device.type, enabled=False):
            codes = [
                self.encoder.output(some.float()).argmax(1)
                for some in features.split(frames_at_once)
            ]
        return torch.cat(codes)

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """See `Tokenizer.decode`.

        Raises:
            RuntimeError: The tokenizer was built without its decoder.
        """
        if self.decoder is None:
            raise RuntimeError('the tokenizer has no decoder: set has_decoder=True')
        codes = self.check_codes(codes)
        first = self.decoder.input  # a convolution of one-hot codes
        embedded = F.embedding(codes, first.weight[:, :, 0, 0].t()) + first.bias
        pixels = self.decoder[1:](embedded.permute(0, 3, 1, 2))[:, :3].float().sigmoid()
        return ((pixels - _MARGIN) / (1 - 2 * _MARGIN)).clamp(0, 1)
