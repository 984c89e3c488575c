"""Count operations with torch's own counter, and note operators with unknown cost."""

from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

_ATEN = torch.ops.aten
NORM = _ATEN.native_layer_norm
NORM_COST = 5
"""Operations per element of a layer norm, in fvcore's counting."""
_KNOWN_NAMESPACES = ('aten', 'prim', 'prims')
Shape = tuple[int, ...]


def operation_counter() -> FlopCounterMode:
    """torch's counter, which counts two operations per multiply-accumulate.

    It lacks the fused attention of CPUs and layer norms, which are added.  For the backward pass
    of fused attention it also counts the scores that the kernel recomputes; here that pass has
    the four products of unfused attention.
    """
    costs: dict[Any, Any] = {
        NORM: _norm_cost,
        _ATEN._scaled_dot_product_flash_attention_for_cpu: _attention_cost,
    }
    for kernel in ('flash_attention_for_cpu', 'flash_attention', 'efficient_attention',
                   'cudnn_attention'):  # fmt: skip
        costs[getattr(_ATEN, f'_scaled_dot_product_{kernel}_backward')] = _attention_backward_cost
    return FlopCounterMode(display=False, custom_mapping=costs)


def product_macs(operations: dict[Any, int]) -> int:
    """Multiply-accumulates of convolutions and matrix products among counted operations."""
    return sum(count for operator, count in operations.items() if operator is not NORM) // 2


def _norm_cost(x: Shape, *args: Any, **kwargs: Any) -> int:
    return 2 * NORM_COST * prod(x)


def _attention_cost(query: Shape, key: Shape, value: Shape, *args: Any, **kwargs: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _attention_backward_cost(
    grad: Shape, query: Shape, key: Shape, value: Shape, *args: Any, **kwargs: Any
) -> int:
    return 2 * sdpa_flop_count(query, key, value)


class StrangeOperators(TorchDispatchMode):
    """Note operators of other libraries; move real tensors (masks) to meta where they meet.

    Attributes:
        names: Names of the operators.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func.namespace not in _KNOWN_NAMESPACES:
            self.names.add(str(func))
        given = (args, kwargs or {})
        tensors = [leaf for leaf in tree_leaves(given) if isinstance(leaf, Tensor)]
        if any(tensor.is_meta for tensor in tensors):
            given = tree_map_only(Tensor, lambda tensor: tensor.to('meta'), given)
        return func(*given[0], **given[1])
