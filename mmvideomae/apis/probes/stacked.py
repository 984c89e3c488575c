"""Attentive classifiers side by side on the same tokens."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from torch.nn import functional as F

from mmvideomae.models.layers.attentive_pooler import AttentivePooler


class AttentiveProbe(nn.Sequential):
    """Tokens (B, N, D) -> scores (B, K): V-JEPA's attentive pooler and a linear classifier."""

    def __init__(self, embed_dims: int, num_classes: int, depth: int, num_heads: int) -> None:
        super().__init__(
            OrderedDict(
                pooler=AttentivePooler(embed_dims, depth, num_heads),
                linear=nn.Linear(embed_dims, num_classes),
            )
        )
        nn.init.trunc_normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)


class StackedAttentiveProbes:
    """L attentive classifiers on the same tokens, (B, N, D) -> scores (L, B, K).

    The result is that of each classifier alone.  Classifiers of a single block are one batched
    computation: the attention of one query needs neither keys nor values of all tokens.  With the
    queries folded into the weights of the keys, and the weights of the values applied to the sum
    of the tokens, it costs N x D for each head instead of N x D^2, and tokens are read and
    normalised once for all classifiers.  Blocks of self-attention are computed one classifier
    after the other, since each of them keeps a device busy and its activations fill the memory.

    Args:
        probes: Of equal shapes, on one device.

    Attributes:
        parameters: Names of a probe's parameters, with the values of all probes (L, ...).
    """

    def __init__(self, probes: Sequence[AttentiveProbe]) -> None:
        self.parameters, _ = stack_module_state(list(probes))
        self._probe, self._count = probes[0], len(probes)
        cross = probes[0].pooler.cross
        self._heads, self._eps = cross.num_heads, cross.norm1.eps
        self._batched = len(probes[0].pooler.blocks) == 0

    def __call__(self, tokens: Tensor) -> Tensor:
        if self._batched:
            return self._together(tokens)
        states = map(self.state_dict, range(self._count))
        return torch.stack([functional_call(self._probe, each, (tokens,)) for each in states])

    def backward(self, tokens: Tensor, loss: Callable[[Tensor], Tensor]) -> None:
        """Add the gradients of ``loss(scores (L, B, K))``, summed over classifiers, to ``grad``."""
        if self._batched:
            loss(self._together(tokens)).sum().backward()
            return
        for values in self.parameters.values():
            values.grad = torch.zeros_like(values) if values.grad is None else values.grad
        for number in range(self._count):
            # Views, so that the gradients of one classifier arrive in those of all.
            own = self.state_dict(number)
            for name, values in own.items():
                values.requires_grad_().grad = self.parameters[name].grad[number]
            loss(functional_call(self._probe, own, (tokens,))[None]).sum().backward()

    def state_dict(self, number: int) -> dict[str, Tensor]:
        """The weights of one classifier, for an `AttentiveProbe`; they share memory with all."""
        return {name: values[number].detach() for name, values in self.parameters.items()}

    def _together(self, tokens: Tensor) -> Tensor:
        query = self.parameters['pooler.query'].flatten(1)[:, None]  # (L, 1, D)
        x = query + self._attend(query, tokens)
        y = self._norm(x, 'pooler.cross.norm2')
        y = self._linear(F.gelu(self._linear(y, 'pooler.cross.mlp.fc1')), 'pooler.cross.mlp.fc2')
        return self._linear(x + y, 'linear')

    def _attend(self, query: Tensor, tokens: Tensor) -> Tensor:
        """Queries (L, 1, D) and tokens (B, N, D) -> what the queries find (L, B, D)."""
        weights = {name: self.parameters[f'pooler.cross.{name}'] for name in _OF_ATTENTION}
        z = F.layer_norm(tokens, tokens.shape[-1:], eps=self._eps)
        scale, shift = weights['norm1.weight'], weights['norm1.bias']
        of_keys, of_values = (
            part.unflatten(1, (self._heads, -1)) for part in weights['kv.weight'].chunk(2, 1)
        )  # (L, heads, d, D)
        q = self._linear(query, 'pooler.cross.q')[:, 0].unflatten(1, (self._heads, -1))
        # The bias of the keys shifts all scores of a query equally, so softmax ignores it.
        asked = torch.einsum('lhd,lhdc->lhc', q, of_keys) * scale[:, None] / q.shape[-1] ** 0.5
        attention = F.linear(z, asked.flatten(0, 1)).softmax(1)  # (B, N, L * heads)
        found = attention.transpose(1, 2) @ z
        found = found.unflatten(1, (-1, self._heads)).transpose(0, 1)  # (L, B, heads, D)
        found = found * scale[:, None, None] + shift[:, None, None]
        values = torch.einsum('lbhc,lhdc->lbhd', found, of_values).flatten(2)
        return values + weights['kv.bias'].chunk(2, 1)[1][:, None]

    def _norm(self, x: Tensor, name: str) -> Tensor:
        scale, shift = (self.parameters[f'{name}.{kind}'] for kind in ('weight', 'bias'))
        return F.layer_norm(x, x.shape[-1:], eps=self._eps) * scale[:, None] + shift[:, None]

    def _linear(self, x: Tensor, name: str) -> Tensor:
        """(L, B, in) -> (L, B, out), each classifier with its own weights."""
        weight, bias = (self.parameters[f'{name}.{kind}'] for kind in ('weight', 'bias'))
        return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))


_OF_ATTENTION = ('norm1.weight', 'norm1.bias', 'kv.weight', 'kv.bias')
