"""Hugging Face's VideoMAE with the same network and weights as ours.

It is an independent implementation for comparing predictions and speed, and needs
transformers >= 5 (which renamed the query and value biases).  The package does not
depend on transformers, so the functions that need it import it.
"""

from typing import TYPE_CHECKING

import torch
from torch import nn

from mmvideomae.apis.convert_checkpoint import hf_entries
from mmvideomae.checkpoints import convert, hf_config
from mmvideomae.models.layers.transformer import LAYER_NORM_EPS

if TYPE_CHECKING:
    from transformers import PreTrainedModel, VideoMAEConfig


def build_reference(model: nn.Module, attention: str = 'sdpa') -> 'PreTrainedModel':
    """Hugging Face's pretrainer or classifier with the shape and weights of ours.

    Args:
        model: A ``VideoMAE``, or a recognizer with ``VideoMAEViT`` and ``LinearHead``.
        attention: 'eager' or 'sdpa'.

    Raises:
        ImportError: transformers is not installed.
    """
    import transformers

    config = reference_config(model)
    config._attn_implementation = attention
    (name,) = config.architectures
    with torch.device('meta'):
        reference = getattr(transformers, name)(config)
    set_norm_eps(reference)
    state = convert(model.state_dict(), 'hf')
    copies = {name: value.clone() for name, value in state.items()}
    reference.load_state_dict(copies, assign=True)
    return reference.train(model.training)


def set_norm_eps(reference: nn.Module) -> None:
    """Give every layer norm VideoMAE's eps of 1e-6.

    Hugging Face uses 1e-12 by default, and always 1e-5 in the norms of the decoder and before
    the classifier, regardless of the configuration.
    """
    for part in reference.modules():
        if isinstance(part, nn.LayerNorm):
            part.eps = LAYER_NORM_EPS


def reference_config(model: nn.Module) -> 'VideoMAEConfig':
    """The configuration that gives Hugging Face's model our shape.

    Raises:
        ValueError: Hugging Face's pretrainer does not support the model.
        ImportError: transformers is not installed.
    """
    from transformers import VideoMAEConfig

    target = getattr(model, 'target', None)
    if target is not None:
        kind = (target.span, target.normalise, model.head.loss_type)
        if kind != ('clip', 'per_channel', 'mse'):
            raise ValueError(
                'Hugging Face only predicts the clip itself, normalised per channel, with the mean '
                f'squared error; got {kind[0]!r}, {kind[1]!r}, {kind[2]!r}'
            )
    return VideoMAEConfig(**hf_config(model.state_dict(), hf_entries(model)))
