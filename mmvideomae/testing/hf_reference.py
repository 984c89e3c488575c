"""Hugging Face's VideoMAE beside ours: the same network with the same weights.

An independent implementation to compare predictions and speed with, for
transformers >= 5 (which renamed the query and value biases).  The package does not
depend on transformers, so it is imported by the functions that need it.
"""

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mmvideomae.models.layers.transformer import LAYER_NORM_EPS
from mmvideomae.models.pretrainers import VideoMAE

if TYPE_CHECKING:
    from transformers import VideoMAEConfig, VideoMAEForPreTraining

_RENAMES = (
    (r'^backbone\.patch_embed\.proj\.', 'videomae.embeddings.patch_embeddings.projection.'),
    (r'^backbone\.blocks\.', 'videomae.encoder.layer.'),
    (r'^backbone\.norm\.', 'videomae.layernorm.'),
    (r'^neck\.embed\.', 'encoder_to_decoder.'),
    (r'^neck\.mask_token$', 'mask_token'),
    (r'^neck\.blocks\.', 'decoder.decoder_layers.'),
    (r'^neck\.norm\.', 'decoder.norm.'),
    (r'^head\.proj\.', 'decoder.head.'),
    (r'\.norm1\.', '.layernorm_before.'),
    (r'\.norm2\.', '.layernorm_after.'),
    (r'\.mlp\.fc1\.', '.intermediate.dense.'),
    (r'\.mlp\.fc2\.', '.output.dense.'),
    (r'\.attn\.proj\.', '.attention.output.dense.'),
    (r'\.attn\.q_bias$', '.attention.attention.query.bias'),
    (r'\.attn\.v_bias$', '.attention.attention.value.bias'),
)
_QKV = '.attn.qkv.weight'


def build_reference(model: VideoMAE, attention: str = 'sdpa') -> 'VideoMAEForPreTraining':
    """Hugging Face's pretrainer with the shape and weights of ours.

    Every layer norm has our eps of 1e-6, which is VideoMAE's: Hugging Face takes
    1e-12 by default, and 1e-5 in the decoder's norm whatever the configuration.

    Args:
        attention: 'eager' or 'sdpa'.

    Raises:
        ImportError: without transformers.
    """
    from transformers import VideoMAEForPreTraining

    config = reference_config(model)
    config._attn_implementation = attention
    with torch.device('meta'):
        reference = VideoMAEForPreTraining(config)
    for part in reference.modules():
        if isinstance(part, nn.LayerNorm):
            part.eps = LAYER_NORM_EPS
    state = reference_state_dict(model.state_dict())
    copies = {name: value.clone() for name, value in state.items()}
    reference.load_state_dict(copies, assign=True)
    return reference.train(model.training)


def reference_config(model: VideoMAE) -> 'VideoMAEConfig':
    """The configuration that gives Hugging Face's pretrainer our shape.

    Raises:
        ValueError: for what Hugging Face's pretrainer cannot do.
        ImportError: without transformers.
    """
    from transformers import VideoMAEConfig

    backbone, neck, head = model.backbone, model.neck, model.head
    if (model.target, head.loss_type, head.normalise) != ('clip', 'mse', 'per_channel'):
        raise ValueError(
            'Hugging Face predicts the clip itself, normalised per channel, under the mean squared '
            f'error; not {model.target!r}, {head.normalise!r}, {head.loss_type!r}'
        )
    slots, rows, columns = backbone.grid_size
    return VideoMAEConfig(
        image_size=(rows * backbone.patch_size, columns * backbone.patch_size),
        patch_size=backbone.patch_size,
        num_frames=slots * backbone.tubelet_size,
        tubelet_size=backbone.tubelet_size,
        hidden_size=backbone.embed_dims,
        num_hidden_layers=len(backbone.blocks),
        num_attention_heads=backbone.blocks[0].attn.num_heads,
        intermediate_size=backbone.blocks[0].mlp.fc1.out_features,
        layer_norm_eps=LAYER_NORM_EPS,
        # Mean pooling would drop the encoder's final norm, which pre-training has.
        use_mean_pooling=False,
        decoder_hidden_size=neck.embed_dims,
        decoder_num_hidden_layers=len(neck.blocks),
        decoder_num_attention_heads=neck.blocks[0].attn.num_heads,
        decoder_intermediate_size=neck.blocks[0].mlp.fc1.out_features,
        norm_pix_loss=True,
    )


def reference_state_dict(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename a ``VideoMAE`` state and split its joint weights of query, key and value."""
    out = {}
    for key, value in state.items():
        name = key
        for pattern, replacement in _RENAMES:
            name = re.sub(pattern, replacement, name)
        if not name.endswith(_QKV):
            out[name] = value
            continue
        stem = name.removesuffix(_QKV)
        for part, weight in zip(('query', 'key', 'value'), value.chunk(3), strict=True):
            out[f'{stem}.attention.attention.{part}.weight'] = weight
    return out


def randomise(model: nn.Module, seed: int = 0) -> None:
    """Draw every parameter, biases and norms too, at a scale at which each one matters.

    At an initialisation's own scale a network's output hardly depends on its input,
    and wrong weights in the encoder would go unseen.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, param in model.named_parameters():
            param.normal_(generator=generator)
            if param.ndim > 1:
                param.mul_(param[0].numel() ** -0.5)
            elif name.endswith('weight'):
                param.mul_(0.2).add_(1)
