"""Hugging Face's VideoMAE, a folder; written as by transformers 5.18 and newer."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from mmvideomae.checkpoints.formats import hf_config
from mmvideomae.checkpoints.formats.layout import Conversion, Layout, contiguous
from mmvideomae.checkpoints.names import Weights
from mmvideomae.storage import replacing, write_text


class HuggingFaceLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return any(key.endswith('embeddings.patch_embeddings.projection.weight') for key in state)

    def with_config(self, done: Conversion, config: Mapping[str, Any]) -> Conversion:
        hf_config.require_same_sizes(config, done.state_dict)
        heads = hf_config.heads_of(config, done.state_dict)
        notes = (*done.notes, *hf_config.notes_of(config, heads))
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
        weights = contiguous(self.from_ours(state))
        content = hf_config.hf_config(state, config)
        file, settings = path / 'model.safetensors', path / 'config.json'
        with replacing(file) as temporary:
            # transformers refuses files without this entry.
            save_file(weights, temporary, metadata={'format': 'pt'})
        write_text(settings, json.dumps(content, indent=2, sort_keys=True) + '\n')
        return [file, settings]


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
