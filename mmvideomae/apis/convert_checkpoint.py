"""A weight file of any supported format -> one of another."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import init_default_scope
from torch import nn

from mmvideomae.apis.inference import built_model
from mmvideomae.checkpoints import (
    LAYOUTS,
    NUM_HEADS,
    CheckpointError,
    Conversion,
    architecture_of,
    code_architecture_of,
    load,
    require_fit,
    save_weights,
    writable_layout,
)
from mmvideomae.configs import read_config


@dataclass(frozen=True)
class ConversionReport:
    """What was found, written and left out."""

    conversion: Conversion
    written: list[Path]
    to: str

    def as_json(self) -> dict[str, Any]:
        """One object; ``dropped`` lists every tensor of the source that was not written."""
        state = self.conversion.state_dict
        sizes = architecture_of(state) or code_architecture_of(state)
        return {
            'format': self.conversion.format,
            'title': LAYOUTS[self.conversion.format].title,
            'to': self.to,
            'tensors': len(state),
            'parameters': sum(value.numel() for value in state.values()),
            'architecture': asdict(sizes) if sizes else None,
            'dropped': [item._asdict() for item in self.conversion.dropped],
            'notes': list(self.conversion.notes),
            'written': [str(path) for path in self.written],
        }


def convert_checkpoint(
    source: Path,
    target: Path,
    to: str = 'ours',
    trust: bool = False,
    config: Path | None = None,
    tubelet_size: int = 2,
) -> ConversionReport:
    """Read weights, bring them under our names and write them.

    Args:
        source: A file or folder.
        target: The file to write, or the folder, as ``to`` has it.
        to: One of ``WRITABLE``.
        trust: Let the source run code while it is read.
        config: Of a model that has to take the weights whole; it tells what weights do not,
            such as the attention heads that Hugging Face is told.
        tubelet_size: Frames of a cube, for image models.

    Raises:
        FileNotFoundError: There is no such source or config.
        CheckpointError: The source cannot be read or mapped, or the target cannot hold it.
    """
    folder = writable_layout(to).is_folder
    if target.exists() and source.resolve() == target.resolve():
        raise CheckpointError(f'{target} would replace what it is made of: give another OUT')
    if target.exists() and target.is_dir() != folder:
        kind = 'a folder' if target.is_dir() else 'a file'
        raise CheckpointError(f'{target} is {kind}; a checkpoint of {to!r} is not')
    done = load(source, trust, tubelet_size)
    entries = None
    if config is not None:
        model = _model_of(config)
        require_fit(done.state_dict, model, str(source), done.num_heads)
        entries = hf_entries(model)
    else:
        _require_published_heads(done, source)
    return ConversionReport(done, save_weights(done.state_dict, target, to, entries), to)


def _require_published_heads(done: Conversion, source: Path) -> None:
    """Refuse a number of heads that nobody would know of any more."""
    sizes, count = architecture_of(done.state_dict), done.num_heads.get('backbone')
    known = NUM_HEADS.get(sizes.width) if sizes else None
    if count and known and count != known:
        raise CheckpointError(
            f'{source}: its config.json has num_attention_heads={count}, the published model of '
            f'this width {known}: correct config.json if it is wrong (that of the published small '
            f'model is), or give the config of a model with num_heads={count} (--config)'
        )


def hf_entries(model: nn.Module) -> dict[str, Any]:
    """What Hugging Face's configuration of a model says and its weights do not."""
    backbone, neck = model.backbone, getattr(model, 'neck', None)
    slots, rows, columns = backbone.grid_size
    height, width = rows * backbone.patch_size, columns * backbone.patch_size
    entries = {
        'image_size': height if height == width else [height, width],
        'num_frames': slots * backbone.tubelet_size,
        'num_attention_heads': backbone.blocks[0].attn.num_heads,
    }
    if neck is not None:
        entries['decoder_num_attention_heads'] = neck.blocks[0].attn.num_heads
    return entries


def _model_of(config: Path) -> nn.Module:
    """The model of a config, without memory for its weights."""
    cfg = read_config(config)
    if cfg.get('model') is None:
        raise CheckpointError(f'{config} has no model')
    init_default_scope(cfg.get('default_scope', 'mmvideomae'))
    with torch.device('meta'):
        return built_model(cfg)
