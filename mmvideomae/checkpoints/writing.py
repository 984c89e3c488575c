"""Our weights -> files of a format, the same bytes for the same weights."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from mmvideomae.checkpoints.architecture import NUM_HEADS, Architecture, architecture_of
from mmvideomae.checkpoints.conversion import convert
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.storage import replacing, write_text

# VideoMAE's; Hugging Face's default is 1e-12.
LAYER_NORM_EPS = 1e-6
# Under which key each format keeps its state dict.
WRAPPED_IN = {'ours': 'state_dict', 'videomae': 'model', 'mmaction2': 'state_dict'}


def save_weights(
    state_dict: Mapping[str, Tensor],
    path: Path,
    to: str = 'ours',
    config: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write weights under our names as a file of ``to``, or as a folder if that is 'hf'.

    Args:
        config: For 'hf': entries of ``config.json`` that weights do not tell, see `hf_config`.

    Returns:
        The files written.

    Raises:
        CheckpointError: The format cannot hold the weights.
    """
    converted = {key: value.detach().contiguous() for key, value in convert(state_dict, to).items()}
    if to != 'hf':
        # Opened here, since torch writes the name of a file that it opens into the file.
        with replacing(path) as temporary, temporary.open('wb') as file:
            torch.save({WRAPPED_IN[to]: converted}, file)
        return [path]
    content = hf_config(state_dict, config)
    weights, settings = path / 'model.safetensors', path / 'config.json'
    with replacing(weights) as temporary:
        # transformers refuses files without this entry.
        save_file(converted, temporary, metadata={'format': 'pt'})
    write_text(settings, json.dumps(content, indent=2, sort_keys=True) + '\n')
    return [weights, settings]


def hf_config(
    state_dict: Mapping[str, Tensor], config: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``config.json`` for `transformers`, 4.x and 5.x, of weights under our names.

    Args:
        config: Entries that override: ``num_attention_heads`` and
            ``decoder_num_attention_heads`` (default: the published ones of the width),
            ``image_size`` (224), ``num_frames`` (16), ``classes``, names to write as
            ``id2label``.

    Raises:
        CheckpointError: The heads are not known, or there is no model of Hugging Face's for
            these weights.
    """
    given = dict(config or {})
    classes = given.pop('classes', None)
    sizes = architecture_of(state_dict)
    if sizes is None:
        raise CheckpointError('no VideoMAE encoder to describe for Hugging Face')
    if sizes.num_classes and 'backbone.fc_norm.weight' not in state_dict:
        raise CheckpointError(
            "Hugging Face's classifier normalises the mean of the tokens: "
            'backbone.fc_norm.weight is missing'
        )
    content = {
        'model_type': 'videomae',
        'image_size': 224,
        'num_frames': 16,
        'patch_size': sizes.patch_size,
        'tubelet_size': sizes.tubelet_size,
        'num_channels': sizes.in_channels,
        'hidden_size': sizes.width,
        'num_hidden_layers': sizes.depth,
        'intermediate_size': sizes.hidden,
        'hidden_act': 'gelu',
        'layer_norm_eps': LAYER_NORM_EPS,
        # transformers 5 calls it qv_bias and reads both.
        'qkv_bias': 'backbone.blocks.0.attn.q_bias' in state_dict,
        'use_mean_pooling': 'backbone.fc_norm.weight' in state_dict,
        'architectures': ['VideoMAEModel'],
    } | given
    if 'num_attention_heads' not in content:
        content['num_attention_heads'] = _heads(sizes.width, 'num_attention_heads')
    if sizes.decoder_width:
        content |= _decoder(sizes, content)
    if sizes.num_classes:
        content |= _classifier(sizes.num_classes, classes)
    return content


def _decoder(sizes: Architecture, content: Mapping[str, Any]) -> dict[str, Any]:
    name = 'decoder_num_attention_heads'
    return {
        'architectures': ['VideoMAEForPreTraining'],
        'decoder_hidden_size': sizes.decoder_width,
        'decoder_num_hidden_layers': sizes.decoder_depth,
        'decoder_intermediate_size': sizes.decoder_hidden,
        name: content.get(name) or _heads(sizes.decoder_width or 0, name),
        'norm_pix_loss': True,
    }


def _classifier(count: int, classes: Sequence[str] | None) -> dict[str, Any]:
    names = list(classes) if classes else [f'LABEL_{number}' for number in range(count)]
    if len(names) != count:
        raise CheckpointError(f'{len(names)} class names for a head of {count} classes')
    return {
        'architectures': ['VideoMAEForVideoClassification'],
        'id2label': {str(number): name for number, name in enumerate(names)},
        'label2id': {name: number for number, name in enumerate(names)},
    }


def _heads(width: int, name: str) -> int:
    if width not in NUM_HEADS:
        raise CheckpointError(
            f'no published model has a width of {width}: give its config, or {name}'
        )
    return NUM_HEADS[width]
