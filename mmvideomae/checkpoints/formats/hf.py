"""Hugging Face's VideoMAE, a folder, written as in transformers 5.18 and newer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from mmvideomae.checkpoints.architecture import NUM_HEADS, architecture_of
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.formats.layout import Conversion, Layout, contiguous
from mmvideomae.checkpoints.names import Weights
from mmvideomae.storage import replacing, write_text

# Entries that weights determine too, and their names in `Architecture`.
_SIZES = {
    'hidden_size': 'width',
    'num_hidden_layers': 'depth',
    'intermediate_size': 'hidden',
    'patch_size': 'patch_size',
    'tubelet_size': 'tubelet_size',
    'num_channels': 'in_channels',
    'decoder_hidden_size': 'decoder_width',
    'decoder_num_hidden_layers': 'decoder_depth',
    'decoder_intermediate_size': 'decoder_hidden',
}
_HEADS = {'backbone': 'num_attention_heads', 'neck': 'decoder_num_attention_heads'}
ACTIVATION = 'gelu'
# VideoMAE's value; Hugging Face's default is 1e-12.
LAYER_NORM_EPS = 1e-6


class HuggingFaceLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return any(key.endswith('embeddings.patch_embeddings.projection.weight') for key in state)

    def with_config(self, done: Conversion, config: Mapping[str, Any]) -> Conversion:
        require_same_sizes(config, done.state_dict)
        heads = heads_of(config, done.state_dict)
        notes = (*done.notes, *notes_of(config, heads))
        return replace(done, notes=notes, num_heads=heads)

    def pieces(self, state: Weights) -> Weights:
        out: dict[str, Tensor] = {}
        for key, value in state.items():
            stem, dot, leaf = key.rpartition('.attn.')
            if leaf == 'qkv.weight':
                for part, weight in zip('qkv', value.chunk(3), strict=True):
                    out[f'{stem}.attn.{part}.weight'] = weight.clone()
            else:
                out[stem + dot + leaf.replace('_bias', '.bias')] = value
        return out

    def prefix(self, key: str, state: Weights) -> str:
        encoder = key.startswith('backbone.') and not key.startswith('backbone.fc_norm.')
        return 'videomae.' if encoder else ''

    def save(self, state: Weights, path: Path, config: Mapping[str, Any] | None) -> list[Path]:
        return save_folder(path, self.from_ours(state), hf_config(state, config))


LAYOUT = HuggingFaceLayout(
    name='hf',
    title='Hugging Face transformers, VideoMAE',
    parts=(
        ('backbone.patch_embed.proj', 'embeddings.patch_embeddings.projection'),
        ('backbone.blocks', 'encoder.layer'),
        ('backbone.norm', 'layernorm'),
        ('backbone.fc_norm', 'fc_norm'),
        ('cls_head.fc_cls', 'classifier'),
        ('neck.embed', 'encoder_to_decoder'),
        ('neck.mask_token', 'mask_token'),
        ('neck.blocks', 'decoder.decoder_layers'),
        ('neck.norm', 'decoder.norm'),
        ('head.proj', 'decoder.head'),
    ),
    block=(
        ('norm1', 'layernorm_before'),
        ('norm2', 'layernorm_after'),
        ('attn.q', 'attention.attention.query'),
        ('attn.k', 'attention.attention.key'),
        ('attn.v', 'attention.attention.value'),
        # transformers before 5.6; since then query.bias and value.bias.
        ('attn.q_bias', 'attention.attention.q_bias'),
        ('attn.v_bias', 'attention.attention.v_bias'),
        ('attn.proj', 'attention.output.dense'),
        ('mlp.fc1', 'intermediate.dense'),
        ('mlp.fc2', 'output.dense'),
    ),
    prefixes=('videomae.',),
    dropped=((r'(embeddings\.)?position_embeddings', 'the fixed sinusoid, computed here'),),
    writable=True,
    is_folder=True,
)


def save_folder(path: Path, weights: Weights, config: Mapping[str, Any]) -> list[Path]:
    """Write Hugging Face's two files into a folder."""
    file, settings = path / 'model.safetensors', path / 'config.json'
    with replacing(file) as temporary:
        # transformers refuses files without this entry.
        save_file(contiguous(weights), temporary, metadata={'format': 'pt'})
    write_text(settings, json.dumps(config, indent=2, sort_keys=True) + '\n')
    return [file, settings]


def require_same_sizes(
    config: Mapping[str, Any], state: Weights, entries: Mapping[str, str] = _SIZES
) -> None:
    """Check that weights with our names match the network that a configuration describes.

    Args:
        entries: Names of the entries and of the same in `Architecture`.

    Raises:
        CheckpointError: They have other sizes, lack biases, or belong to another kind of network.
    """
    sizes = architecture_of(state)
    for entry, name in entries.items():
        given, found = config.get(entry), getattr(sizes, name, None)
        if isinstance(given, int) and found is not None and given != found:
            raise CheckpointError(f'config.json has {entry}={given}, but the weights have {found}')
    biased = config.get('qkv_bias', False) or config.get('qv_bias', False)
    biases = {f'backbone.blocks.0.attn.{name}' for name in ('q_bias', 'qkv.bias')}
    if biased and not biases & state.keys():
        raise CheckpointError('config.json has qkv_bias=true, but queries and values have no bias')
    if config.get('hidden_act', ACTIVATION) != ACTIVATION:
        raise CheckpointError(
            f'config.json has hidden_act={config["hidden_act"]!r}, but models here {ACTIVATION}'
        )


def heads_of(
    config: Mapping[str, Any], state: Weights, entries: Mapping[str, str] = _HEADS
) -> dict[str, int]:
    """Numbers of attention heads, which weights do not contain, of the parts in a state."""
    return {
        part: config[entry]
        for part, entry in entries.items()
        if isinstance(config.get(entry), int) and any(key.startswith(f'{part}.') for key in state)
    }


def require_same_heads(heads: Mapping[str, int], model: nn.Module) -> None:
    """Check that a model, or an encoder alone, has the number of heads of its weights.

    Raises:
        CheckpointError: It has another number.
    """
    for part, count in heads.items():
        entry = _HEADS.get(part, 'num_attention_heads')
        module = getattr(model, part, model if part == 'backbone' else nn.Identity())
        found = [layer.num_heads for layer in module.modules() if hasattr(layer, 'num_heads')]
        if found and found[0] != count:
            raise CheckpointError(
                f'the config.json of the weights has {entry}={count}, but the {part} of the '
                f'model has {found[0]}: set num_heads={count} there, or correct config.json if it '
                'is wrong (that of the published small model says 16 instead of 6)'
            )


def notes_of(config: Mapping[str, Any], heads: Mapping[str, int]) -> list[str]:
    """One line for each difference of a configuration from the published networks."""
    notes = []
    eps = config.get('layer_norm_eps', 1e-12)
    if config.get('model_type') == 'videomae' and eps != LAYER_NORM_EPS:
        notes.append(f'config.json has layer_norm_eps {eps:g}; VideoMAE and this package use 1e-6')
    count, known = heads.get('backbone'), NUM_HEADS.get(config.get('hidden_size', 0))
    if count and known and count != known:
        notes.append(
            f'config.json has {count} attention heads, but VideoMAE of this width {known}; '
            f'use a model with num_heads={count}, since weights do not contain the number'
        )
    return notes


def hf_config(state_dict: Weights, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``config.json`` for `transformers`, 4.x and 5.x, for weights with our names.

    Args:
        config: Entries that override: ``num_attention_heads`` and
            ``decoder_num_attention_heads`` (default: the published numbers for the width),
            ``image_size`` (224), ``num_frames`` (16), ``classes``, names to write as
            ``id2label``.

    Raises:
        CheckpointError: The number of heads is not known, or Hugging Face has no model for
            these weights.
    """
    given = dict(config or {})
    classes = given.pop('classes', None)
    sizes = architecture_of(state_dict)
    if sizes is None:
        raise CheckpointError('there is no VideoMAE encoder to describe for Hugging Face')
    if sizes.num_classes and 'backbone.fc_norm.weight' not in state_dict:
        raise CheckpointError(
            "Hugging Face's classifier normalises the mean of the tokens: "
            'backbone.fc_norm.weight is missing'
        )
    told = {entry: getattr(sizes, name) for entry, name in _SIZES.items()}
    content = {
        'model_type': 'videomae',
        'image_size': 224,
        'num_frames': 16,
        **{entry: size for entry, size in told.items() if size is not None},
        'hidden_act': ACTIVATION,
        'layer_norm_eps': LAYER_NORM_EPS,
        # transformers 5 calls it qv_bias and reads both.
        'qkv_bias': 'backbone.blocks.0.attn.q_bias' in state_dict,
        'use_mean_pooling': 'backbone.fc_norm.weight' in state_dict,
        'architectures': ['VideoMAEModel'],
    } | given
    for part, width in (('backbone', sizes.width), ('neck', sizes.decoder_width)):
        if width and not content.get(entry := _HEADS[part]):
            if width not in NUM_HEADS:
                raise CheckpointError(
                    f'no published model has a width of {width}: give its config, or {entry}'
                )
            content[entry] = NUM_HEADS[width]
    if sizes.decoder_width:
        content |= {'architectures': ['VideoMAEForPreTraining'], 'norm_pix_loss': True}
    if sizes.num_classes:
        content |= classifier_entries(sizes.num_classes, classes)
        content['architectures'] = ['VideoMAEForVideoClassification']
    return content


def classifier_entries(count: int, classes: Sequence[str] | None) -> dict[str, Any]:
    """Entries with the names of the classes."""
    names = list(classes) if classes else [f'LABEL_{number}' for number in range(count)]
    if len(names) != count:
        raise CheckpointError(f'{len(names)} class names, but the head has {count} classes')
    return {
        'id2label': {str(number): name for number, name in enumerate(names)},
        'label2id': {name: number for number, name in enumerate(names)},
    }
