"""What a Hugging Face ``config.json`` says about a network, against its weights and a model."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mmvideomae.checkpoints.architecture import NUM_HEADS, architecture_of
from mmvideomae.checkpoints.errors import CheckpointError

# Entries that weights tell too, and what `Architecture` calls them.
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
_ACTIVATION = 'gelu'


def require_same_sizes(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    """Check that weights under our names are all of the network that a configuration describes.

    Raises:
        CheckpointError: They have other sizes, lack biases, or are of another kind of network.
    """
    sizes = architecture_of(state)
    for entry, name in _SIZES.items():
        given, found = config.get(entry), getattr(sizes, name, None)
        if isinstance(given, int) and found is not None and given != found:
            raise CheckpointError(f'config.json has {entry}={given}, the weights have {found}')
    biased = config.get('qkv_bias', False) or config.get('qv_bias', False)
    if biased and 'backbone.blocks.0.attn.q_bias' not in state:
        raise CheckpointError('config.json has qkv_bias=true, but no query and value has a bias')
    if config.get('hidden_act', _ACTIVATION) != _ACTIVATION:
        raise CheckpointError(
            f'config.json has hidden_act={config["hidden_act"]!r}; VideoMAE here has {_ACTIVATION}'
        )


def heads_of(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> dict[str, int]:
    """Attention heads, which weights do not tell, of the parts that a state has."""
    return {
        part: config[entry]
        for part, entry in _HEADS.items()
        if isinstance(config.get(entry), int) and any(key.startswith(f'{part}.') for key in state)
    }


def require_same_heads(heads: Mapping[str, int], model: nn.Module) -> None:
    """Check that a model, or an encoder alone, has the attention heads of its weights.

    Raises:
        CheckpointError: It has others.
    """
    for part, count in heads.items():
        module = getattr(model, part, model if part == 'backbone' else nn.Identity())
        found = [layer.num_heads for layer in module.modules() if hasattr(layer, 'num_heads')]
        if found and found[0] != count:
            raise CheckpointError(
                f'the config.json of the weights has {_HEADS[part]}={count}, but the {part} of the '
                f'model has {found[0]}: set num_heads={count} there, or correct config.json if it '
                'is wrong (that of the published small model says 16 instead of 6)'
            )


def notes_of(config: Mapping[str, Any], heads: Mapping[str, int]) -> list[str]:
    """Where a configuration describes another network than the published ones, a line each."""
    notes = []
    eps = config.get('layer_norm_eps', 1e-12)
    if config.get('model_type') == 'videomae' and eps != 1e-6:
        notes.append(f'config.json has layer_norm_eps {eps:g}; VideoMAE has 1e-6, and so have we')
    count, known = heads.get('backbone'), NUM_HEADS.get(config.get('hidden_size', 0))
    if count and known and count != known:
        notes.append(
            f'config.json has {count} attention heads; VideoMAE of this width has {known}, which '
            f'the weights do not tell: only a model with num_heads={count} takes them'
        )
    return notes
