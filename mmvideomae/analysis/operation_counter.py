"""Watch which operators run, and what their matrix products cost."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.flop_counter import flop_registry

_ATTENTION = '_scaled_dot_product'
_BACKWARD = '_backward'
_KNOWN_NAMESPACES = ('aten', 'prim', 'prims')


class OperationCounter(TorchDispatchMode):
    """Count the operators that run inside the context, by the module that runs them.

    Attributes:
        products: multiply-accumulates of convolutions and matrix products.  The
            backward pass of fused attention counts four products, as unfused
            attention needs: the scores that it computes anew are left out.
        norms: elements of layer norms' inputs (forward only).
        unknown: operators of other libraries, of which nothing is known.

    Args:
        model: attributes operators to its modules, by name; all to '' if absent.
    """

    def __init__(self, model: nn.Module | None = None) -> None:
        super().__init__()
        self.products: Counter[str] = Counter()
        self.norms: Counter[str] = Counter()
        self.unknown: set[str] = set()
        self._model = model
        self._path = ['']
        self._hooks: list[Any] = []

    def __enter__(self) -> 'OperationCounter':
        for name, module in self._model.named_modules() if self._model is not None else ():
            enter = module.register_forward_pre_hook(self._entering(name))
            leave = module.register_forward_hook(self._leave, always_call=True)
            self._hooks += [enter, leave]
        super().__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        super().__exit__(*exc_info)
        while self._hooks:
            self._hooks.pop().remove()

    def _entering(self, name: str) -> Callable[[nn.Module, Any], None]:
        return lambda module, args: self._path.append(name)

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        self._path.pop()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        args, kwargs = _on_one_device(args, kwargs or {})
        out = func(*args, **kwargs)
        where = self._path[-1]
        if func.namespace not in _KNOWN_NAMESPACES:
            self.unknown.add(str(func))
        self.products[where] += product_cost(func, args, kwargs, out)
        if func.overloadpacket is torch.ops.aten.native_layer_norm:
            self.norms[where] += args[0].numel()
        return out


def product_cost(func: Any, args: Sequence[Any], kwargs: dict[str, Any], out: Any) -> int:
    """Multiply-accumulates of one call of an ATen operator; 0 unless it is a product."""
    packet = func.overloadpacket
    name = packet.__name__
    if name.startswith(_ATTENTION):
        # PyTorch's own counter knows the fused kernels of CUDA and not those of the CPU.
        backward = name.endswith(_BACKWARD)
        query, key, value = args[1:4] if backward else args[:3]
        forward = prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])
        return 2 * forward if backward else forward
    formula = flop_registry.get(packet)
    return formula(*args, **kwargs, out_val=out) // 2 if formula else 0


def _on_one_device(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Send real tensors (masks, indices) that meet meta tensors to the meta device."""
    leaves = tree_flatten((args, kwargs))[0]
    devices = {leaf.device.type for leaf in leaves if isinstance(leaf, Tensor)}
    if 'meta' not in devices or len(devices) == 1:
        return args, kwargs
    return tree_map(
        lambda leaf: leaf.to('meta') if isinstance(leaf, Tensor) else leaf, (args, kwargs)
    )
