"""Convert a weight file from any supported format to another."""

from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import init_default_scope
from torch import nn

from mmvideomae.apis.inference import built_model
from mmvideomae.checkpoints import (
    LAYOUTS,
    CheckpointError,
    Conversion,
    Dropped,
    architecture_of,
    code_architecture_of,
    load,
    published_heads,
    require_fit,
    save_changes,
    save_weights,
    with_merged_changes,
    writable_layout,
)
from mmvideomae.configs import read_config


@dataclass(frozen=True)
class ConversionReport:
    """What a conversion found, wrote and left out."""

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
    classifier: Path | None = None,
    base: str | None = None,
) -> ConversionReport:
    """Read weights, convert them to our names and write them in another format.

    Args:
        source: A file or folder.
        target: The file or folder to write, depending on ``to``.
        to: One of ``WRITABLE``.
        trust: Allow the source to run code while it is read.
        config: Config of a model into which all weights must fit; it supplies what weights do
            not say, such as the number of attention heads for Hugging Face.
        tubelet_size: Frames per cube, for image models.
        classifier: A file whose head is joined to the source's encoder, such as an attentive
            classifier of V-JEPA 2; what followed the encoder is left out.
        base: Other weights, for a small file of what differs from them; without it, changes of
            LoRA are merged into the weights.

    Raises:
        FileNotFoundError: The source or the config does not exist.
        CheckpointError: The source cannot be read or mapped, or the target cannot hold it.
    """
    folder = writable_layout(to).is_folder
    if target.exists() and source.resolve() == target.resolve():
        raise CheckpointError(f'{target} would replace its own source: give another DST')
    if target.exists() and target.is_dir() != folder:
        is_one, wanted = ('file', 'folder') if folder else ('folder', 'file')
        raise CheckpointError(f'{target} is a {is_one}: a checkpoint of {to!r} is a {wanted}')
    if base is not None and to != 'ours':
        raise CheckpointError(f'only our own format has files of differences, not {to!r}')
    done = load(source, trust, tubelet_size)
    if classifier is not None:
        done = _joined(done, load(classifier, trust), classifier)
    if base is not None:
        others = load(base, trust, tubelet_size).state_dict
        written = [save_changes(done.state_dict, base, others, target)]
        return ConversionReport(done, written, to)
    done = replace(done, state_dict=OrderedDict(with_merged_changes(done.state_dict)))
    entries = None
    if config is not None:
        model = _model_of(config)
        require_fit(done.state_dict, model, str(source), done.num_heads)
        entries = hf_entries(model)
    else:
        _require_published_heads(done, source)
    return ConversionReport(done, save_weights(done.state_dict, target, to, entries), to)


def _joined(done: Conversion, other: Conversion, source: Path) -> Conversion:
    """The encoder of one conversion and the classifier of another."""
    head = {key: v for key, v in other.state_dict.items() if key.startswith('cls_head.')}
    if not head:
        raise CheckpointError(f'{source} has no classifier')
    left = {key: v for key, v in done.state_dict.items() if not key.startswith('backbone.')}
    reason = 'replaced by the classifier'
    dropped = [Dropped(key, tuple(value.shape), reason) for key, value in left.items()]
    encoder = {key: v for key, v in done.state_dict.items() if key not in left}
    return replace(
        done,
        state_dict=OrderedDict(encoder | head),
        dropped=(*done.dropped, *dropped),
        num_heads=dict(done.num_heads) | dict(other.num_heads),
    )


def _require_published_heads(done: Conversion, source: Path) -> None:
    """Refuse an unusual number of heads, which our format would lose."""
    known, count = published_heads(done.state_dict), done.num_heads.get('backbone')
    if count and known and count != known:
        raise CheckpointError(
            f'{source}: its config.json has num_attention_heads={count}, but the published model '
            f'of this width has {known}: correct config.json if it is wrong (that of the published '
            f'small model is), or give the config of a model with num_heads={count} (--config)'
        )


def hf_entries(model: nn.Module) -> dict[str, Any]:
    """The entries of a Hugging Face configuration that cannot be read from weights."""
    backbone, neck = model.backbone, getattr(model, 'neck', None)
    slots, rows, columns = backbone.grid_size
    height, width = rows * backbone.patch_size, columns * backbone.patch_size
    entries = {
        'image_size': height if height == width else [height, width],
        'num_frames': slots * backbone.tubelet_size,
        'num_attention_heads': backbone.blocks[0].attn.num_heads,
    }
    pooler = getattr(getattr(model, 'cls_head', None), 'pooler', None)
    if pooler is not None:
        entries['pooler_num_heads'] = pooler.cross.num_heads
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
