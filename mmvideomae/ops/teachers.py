"""What models share that learn from a teacher: moving averages, outputs of blocks, fingerprints."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

SHAPES = ('linear', 'cosine')


class Unregistered:
    """Holds a module that is not part of the model that uses it; copies of the model share it."""

    def __init__(self) -> None:
        self.module: nn.Module | None = None

    def __deepcopy__(self, memo: dict[int, object]) -> 'Unregistered':
        return self


class Momentum:
    """Momentum of a moving average as a function of the training's progress.

    It moves from ``start`` to ``end`` during the first ``ramp`` of the training, and stays there.

    Args:
        shape: 'linear', or 'cosine' (half a wave).
        ramp: A share of all updates, in (0, 1].

    Raises:
        ValueError: A value is out of range.
    """

    def __init__(
        self, start: float, end: float | None = None, shape: str = 'linear', ramp: float = 1.0
    ) -> None:
        end = start if end is None else end
        if not (0 <= start <= 1 and 0 <= end <= 1 and 0 < ramp <= 1):
            raise ValueError(
                f'momentum start={start}, end={end}, ramp={ramp}: all must lie in [0, 1], and ramp '
                'must be positive'
            )
        if shape not in SHAPES:
            raise ValueError(f'unknown shape {shape!r} of a momentum; choose one of {SHAPES}')
        self.start, self.end, self.shape, self.ramp = start, end, shape, ramp

    def __call__(self, progress: float) -> float:
        """The momentum of an update before which ``progress`` of all updates are done."""
        share = min(progress / self.ramp, 1.0)
        if self.shape == 'cosine':
            share = (1 - math.cos(math.pi * share)) / 2
        return self.start + (self.end - self.start) * share


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, momentum: float) -> None:
    """Parameters become ``momentum * average + (1 - momentum) * network``; buffers are copied."""
    for mean, value in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 1 - momentum)
    for mean, value in zip(average.buffers(), network.buffers(), strict=True):
        mean.copy_(value)


def with_outputs(
    blocks: Sequence[nn.Module], layers: Sequence[int], run: Callable[[], Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """What ``run`` returns, and the outputs of some blocks during that.

    Args:
        layers: Numbers of blocks from 1, or from -1 for the last.

    Raises:
        ValueError: There is no such block.
    """
    found: dict[int, Tensor] = {}
    handles = []
    try:
        for layer in layers:
            if not 1 <= abs(layer) <= len(blocks):
                raise ValueError(f'there is no layer {layer} among {len(blocks)} blocks')
            block = blocks[layer - 1 if layer > 0 else layer]

            def keep(_: nn.Module, __: object, output: Tensor, layer: int = layer) -> None:
                found[layer] = output

            handles.append(block.register_forward_hook(keep))
        output = run()
    finally:
        for handle in handles:
            handle.remove()
    return output, [found[layer] for layer in layers]


def attention_received(attention: Any, tokens: Tensor, prefix: int) -> Tensor:
    """How much tokens are attended to: input (B, prefix + N, D) of a joint attention -> (B, N).

    By the first token if there are ``prefix`` others, such as a class token; otherwise by all of
    them on average.  Heads are averaged.
    """
    qkv = attention.qkv(tokens).unflatten(2, (3, attention.num_heads, -1))
    q, k = qkv[:, :, :2].permute(2, 0, 3, 1, 4)
    bias = getattr(attention, 'q_bias', None)
    if bias is not None:
        q = q + bias.unflatten(0, (attention.num_heads, -1))[:, None]
    if prefix:
        q = q[:, :, :1]
    weights = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1)
    return weights.mean((1, 2))[:, prefix:]


def weights_fingerprint(weights: Mapping[str, Tensor]) -> str:
    """16 hexadecimal digits that differ between state dicts with different weights."""
    digest = hashlib.sha256()
    for key, value in sorted(weights.items()):
        digest.update(f'{key} {value.dtype} {tuple(value.shape)}'.encode())
        flat = value.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
