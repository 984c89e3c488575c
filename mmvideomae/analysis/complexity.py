"""Count the parameters and multiply-accumulates of a model while it runs.

The papers' tables count like fvcore: one multiply-accumulate of a convolution,
linear layer or batched matrix product is one operation, including attention's two
products, and a layer norm costs five operations per element; softmax, activations,
biases and sums are free.  This reproduces all figures of the papers (V1 Tables 5 to
7, V2 Tables 1, 2, 14 and 15).

No formula for transformers is used: the operators that run are observed on the meta
device, so a model of any size is counted in seconds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from mmaction.models.recognizers import Recognizer3D
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from mmvideomae.analysis.as_published import as_published
from mmvideomae.analysis.code_runs import (
    PRETRAINER_PARTS,
    code_mask,
    empty_codes,
    pretraining_run,
    reads_codes,
)
from mmvideomae.analysis.operation_counter import (
    NORM,
    StrangeOperators,
    operation_counter,
    product_macs,
)
from mmvideomae.analysis.training_pipeline import draw_masks, draw_sample, pipeline_shape
from mmvideomae.analysis.window_runs import window_run
from mmvideomae.apis.inference import built_model, default_shape
from mmvideomae.models.pretrainers import (
    VIMPAC,
    BranchedPretrainer,
    MaskedPretrainer,
    MoCoV3,
    TwoMaskPretrainer,
)

COUNTS = ('paper', 'actual')
_PRETRAINER_PARTS = (
    ('backbone.patch_embed', 'embed'),
    ('backbone.pos_embed', 'embed'),
    ('backbone', 'encoder'),
    ('neck.embed', 'projection'),
    ('neck', 'decoder'),
    ('head', 'head'),
)
NORMS = 'norms'
_INSIDE = '_Run.model.'  # prefix of module names in the counter
_WHOLE = ('_Run', '_Run.model')
_INPUT = 'data_preprocessor.'  # prefix of a tokenizer, if there is one


@dataclass(frozen=True)
class Part:
    """One row of the count: ``macs`` includes five operations per element in the row of norms."""

    name: str
    params: int
    macs: int


@dataclass(frozen=True)
class Complexity:
    """The cost of one forward pass of one clip."""

    shape: tuple[int, int, int]
    """Frames, height and width of the encoder's input."""
    parts: tuple[Part, ...]
    visible_tokens: int | None
    """Number of tokens that the encoder sees, if there are masks."""
    decoded_tokens: int | None
    uncounted: tuple[str, ...]
    """Operators with unknown cost."""

    @property
    def params(self) -> int:
        return sum(part.params for part in self.parts)

    @property
    def macs(self) -> int:
        return sum(part.macs for part in self.parts)


def measure_config(
    cfg: Config, shape: tuple[int, int, int] | None = None, count: str = 'paper'
) -> Complexity:
    """Count the model of a config, with the masks of its training pipeline.

    Args:
        shape: Frames, height and width of one clip; by default those of the training pipeline of a
            recognizer or detector, otherwise those for which the backbone is made.
        count: 'paper' embeds all tokens and computes every block in full, like the
            released code and the papers' counts; 'actual' counts the operations that run.

    Raises:
        ValueError: The model's input is unknown, or a pretrainer has no masks.
    """
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmvideomae')):
        with torch.device('meta'):
            model = built_model(cfg)
        model = model.to('meta').eval()
        if isinstance(model, (BranchedPretrainer, TwoMaskPretrainer, MoCoV3)):
            return _measure_losses(model, cfg, shape, count)
        if isinstance(model, MaskedPretrainer):
            return _measure_pretrainer(model, cfg, shape, count)
        if isinstance(model, VIMPAC):
            return _measure_code_pretrainer(model, cfg, shape, count)
        if hasattr(model, 'detector'):
            window, run = window_run(model, cfg, shape)
            parts, unknown = _count(model, run, count, ())
            return Complexity(window, parts, None, None, unknown)
        if isinstance(model, Recognizer3D) or _is_detector(model):
            shape = shape or pipeline_shape(cfg)
        return _measure_plain(model, shape, count)


def _measure_pretrainer(
    model: MaskedPretrainer, cfg: Config, shape: tuple[int, int, int] | None, count: str
) -> Complexity:
    frames, height, width = shape or default_shape(model.backbone)
    given = frames * model.target.stride
    grid = model.target.grid(given, height, width)
    encoder_mask, decoder_mask = draw_masks(cfg, grid)
    decoded: list[int] = []

    def run() -> None:
        clips = torch.empty(1, _channels(model), given, height, width, device='meta')
        decoded.append(model.reconstruct(clips, encoder_mask, decoder_mask).token_ids.shape[1])

    parts, unknown = _count(model, run, count, _PRETRAINER_PARTS)
    visible = int((~encoder_mask).sum())
    return Complexity((frames, height, width), parts, visible, decoded[0], unknown)


def _measure_losses(
    model: BranchedPretrainer | TwoMaskPretrainer | MoCoV3,
    cfg: Config,
    shape: tuple[int, int, int] | None,
    count: str,
) -> Complexity:
    """Count all losses of a clip, teachers included; of MoCo v3, those of two views of it."""
    frames, height, width = shape or default_shape(model.backbone)
    views, drawn = 2, {}
    if not isinstance(model, MoCoV3):
        views, frames = 1, frames * model.target.stride
        drawn = draw_sample(cfg, model.target.grid(frames, height, width))

    def run() -> None:
        clips = torch.empty(views, _channels(model), frames, height, width, device='meta')
        model(clips, **drawn, mode='loss')

    parts, unknown = _count(model, run, count, ())
    return Complexity((frames, height, width), parts, None, None, unknown)


def _measure_code_pretrainer(
    model: VIMPAC, cfg: Config, shape: tuple[int, int, int] | None, count: str
) -> Complexity:
    """Count without the tokenizer, which files of codes do not need."""
    shape = shape or default_shape(model.backbone)
    codes = empty_codes(model, shape)
    encoder_mask = code_mask(model, cfg, codes)
    run = pretraining_run(model, codes, encoder_mask)
    parts, unknown = _count(model, run, count, PRETRAINER_PARTS)
    asked = 0 if model.head is None else int(encoder_mask.sum())
    return Complexity(shape, parts, encoder_mask.numel(), asked, unknown)


def _measure_plain(model: nn.Module, shape: tuple[int, int, int] | None, count: str) -> Complexity:
    """Count a recognizer with one view, a detector with one box, or a bare backbone.

    For a distillation, the student is counted.  A box costs a detector hardly anything, and its
    RoIAlign is reported as an operator with unknown cost.
    """
    shape = shape or default_shape(getattr(model, 'backbone', model))
    if reads_codes(model):
        clips = empty_codes(model, shape)
    else:
        clips = torch.empty(1, _channels(model), *shape, device='meta')

    def run() -> None:
        if isinstance(model, Recognizer3D):
            model(clips[:, None], mode='tensor', stage='head')
        elif _is_detector(model):
            box = torch.empty(1, 4, device='meta')
            model.roi_head(model.extract_feat(clips), [InstanceData(bboxes=box)], [])
        else:
            model(clips)

    parts, unknown = _count(model, run, count, ())
    return Complexity(shape, parts, None, None, unknown)


def _is_detector(model: nn.Module) -> bool:
    """Whether a model is mmdet's ``FastRCNN``, without importing mmdet."""
    return hasattr(model, 'roi_head')


def _count(
    model: nn.Module, run: Callable[[], None], count: str, names: Sequence[tuple[str, str]]
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    if count not in COUNTS:
        raise ValueError(f'unknown count {count!r}; choose one of {COUNTS}')
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_autocast_on_meta())
        if count == 'paper':
            stack.enter_context(as_published(model))
        strange = stack.enter_context(StrangeOperators())
        counter = stack.enter_context(operation_counter())
        _Run(model, run)()
    return _parts(model, counter.get_flop_counts(), names), tuple(sorted(strange.names))


class _Run(nn.Module):
    """Runs a model inside a module, so that the counter has the names of the parts."""

    def __init__(self, model: nn.Module, run: Callable[[], None]) -> None:
        super().__init__()
        self.model, self.run = model, run

    def forward(self) -> None:
        self.run()


def _parts(
    model: nn.Module, counts: dict[str, dict[Any, int]], names: Sequence[tuple[str, str]]
) -> tuple[Part, ...]:
    """Rows in the order of ``names``, then of the modules; layer norms have their own row."""
    norms = {name for name, part in model.named_modules() if isinstance(part, nn.LayerNorm)}
    params: Counter[str] = Counter()
    macs: Counter[str] = Counter()
    for name, param in model.named_parameters():
        if name.startswith(_INPUT):
            continue
        owner = name.rpartition('.')[0]
        params[NORMS if owner in norms else _part_of(name, names)] += param.numel()
    norm_macs = counts.pop('Global', {}).get(NORM, 0) // 2
    inside: Counter[str] = Counter()
    for path in sorted(counts, key=lambda each: each.count('.'), reverse=True):
        if path.partition('.')[0] != _WHOLE[0]:
            continue  # a frozen teacher by its own name, which is counted where it runs
        # The cost of a module includes that of its parts, unless a part was called alone.
        cost, parent = max(product_macs(counts[path]), inside[path]), path.rpartition('.')[0]
        macs[_part_of(path.removeprefix(_INSIDE), names)] += cost - inside[path]
        while parent and parent not in counts:
            parent = parent.rpartition('.')[0]
        inside[parent] += cost
    order = dict.fromkeys([*(name for _, name in names), *params, *macs])
    parts = [
        Part(name, params[name], macs[name])
        for name in order
        if name != NORMS and (params[name] or macs[name])
    ]
    return (*parts, Part(NORMS, params[NORMS], norm_macs))


def _part_of(path: str, names: Sequence[tuple[str, str]]) -> str:
    """The row of a module or parameter: its name in ``names``, else its top-level module."""
    for prefix, name in names:
        if path == prefix or path.startswith(prefix + '.'):
            return name
    return 'model' if path in _WHOLE else path.partition('.')[0]


@contextmanager
def _autocast_on_meta() -> Iterator[None]:
    """Allow autocast on the meta device, which torch 2.11 refuses."""
    autocast, is_enabled = torch.autocast, torch.is_autocast_enabled

    def lenient(device_type: str, *args: Any, **kwargs: Any) -> Any:
        return nullcontext() if device_type == 'meta' else autocast(device_type, *args, **kwargs)

    torch.autocast = lenient
    torch.is_autocast_enabled = lambda kind='cuda': kind != 'meta' and is_enabled(kind)
    try:
        yield
    finally:
        torch.autocast, torch.is_autocast_enabled = autocast, is_enabled


def _channels(model: nn.Module) -> int:
    """Input channels of the first 3-D convolution."""
    for part in model.modules():
        if isinstance(part, nn.Conv3d):
            return part.in_channels
    raise ValueError(f'{type(model).__name__} takes no clips: it has no 3-D convolution')
