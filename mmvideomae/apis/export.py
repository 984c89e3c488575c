"""Export a recognizer as an ONNX file and compare its results with PyTorch."""

import importlib.util
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmaction.models.recognizers import Recognizer3D
from torch import Tensor, nn

from mmvideomae.apis.inference import default_shape
from mmvideomae.models.layers.low_rank import merge_low_rank

TOLERANCE = 1e-4
"""Largest difference between ONNX and PyTorch, relative to the largest score."""
INPUT, OUTPUT = 'clips', 'scores'
_NEEDS = ('onnx', 'onnxscript', 'onnxruntime')


@dataclass(frozen=True)
class ExportOptions:
    """Inputs and outputs of the exported file.

    Attributes:
        shape: Frames, height and width of a clip; None: those that the backbone is made for.
        pixels: Accept uint8 pixels (B, T, H, W, 3) and normalise them inside, instead of
            normalised float32 (B, C, T, H, W).
        probabilities: Return probabilities instead of class scores before the softmax, or before
            the sigmoid of a head whose clips have several labels.
        dynamic_batch: Accept any number of clips instead of one.
        opset: Version of ONNX's operators; None: PyTorch's choice.
    """

    shape: tuple[int, int, int] | None = None
    pixels: bool = False
    probabilities: bool = False
    dynamic_batch: bool = False
    opset: int | None = None


@dataclass(frozen=True)
class ExportReport:
    """The written files, and how closely their results match PyTorch's.

    Attributes:
        shape: Shape of the input; -1 where any number is allowed.
        classes: K of the output (B, K).
        opset: Version of ONNX's operators.
        difference: Largest difference of a score, relative to the largest score.
        batches: Batch sizes with which that was measured.
        megabytes: Size of the file and of the weights beside it, if there are any.
        files: The written files.
    """

    shape: tuple[int, ...]
    classes: int
    opset: int
    difference: float
    batches: tuple[int, ...]
    megabytes: float
    files: tuple[str, ...]


class ClipScores(nn.Module):
    """One view of a recognizer: clips -> scores (B, K), the content of the ONNX file."""

    # Not called `mean`, because torch 2.6 uses that name for an operator's output in the file.
    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, recognizer: Recognizer3D, options: ExportOptions) -> None:
        super().__init__()
        self.backbone, self.head = recognizer.backbone, recognizer.cls_head
        self.neck = recognizer.neck if recognizer.with_neck else None
        # A `LinearProbeHead` has several classifiers, (B, L, K).
        self.probe = int(self.head.chosen) if hasattr(self.head, 'chosen') else None
        self.pixels, self.probabilities = options.pixels, options.probabilities
        self.multi_class = bool(getattr(self.head, 'multi_class', False))
        if options.pixels:
            for name in ('mean', 'std'):
                values = getattr(recognizer.data_preprocessor, name, None)
                if values is None:
                    kind = type(recognizer.data_preprocessor).__name__
                    raise ValueError(f'{kind} has no {name}, so pixels cannot be normalised inside')
                buffer = values.reshape(-1, 1, 1, 1).float()
                self.register_buffer(f'pixel_{name}', buffer, persistent=False)

    def forward(self, clips: Tensor) -> Tensor:
        """(B, C, T, H, W) float32, or (B, T, H, W, C) uint8 -> (B, K) float32."""
        if self.pixels:
            clips = (clips.permute(0, 4, 1, 2, 3).float() - self.pixel_mean) / self.pixel_std
        features = self.backbone(clips)
        if self.neck is not None:
            features = self.neck(features)[0]
        scores = self.head(features)
        if self.probe is not None:
            scores = scores[:, self.probe]
        if not self.probabilities:
            return scores
        return scores.sigmoid() if self.multi_class else scores.softmax(-1)


def export_onnx(
    model: nn.Module, path: str | os.PathLike[str], options: ExportOptions | None = None
) -> ExportReport:
    """Write a recognizer as ONNX and compare the file with PyTorch on random clips.

    Weights of more than 2 GB, the limit of the format, are written to ``<name>.data``
    beside the file.  Averaging over views is left to the caller.

    Args:
        model: A recognizer from ``init_model``; it is moved to the CPU, and changes of LoRA are
            merged into its weights.
        path: Ends in ``.onnx``; its folder is created.

    Raises:
        ValueError: The model is not a recognizer, a size does not fit it, or the file's
            results differ from PyTorch's; the file is then removed.
        ImportError: onnx, onnxscript or onnxruntime is missing.
    """
    path, options = Path(path), options or ExportOptions()
    _check(model, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = options.shape or default_shape(model.backbone)
    merge_low_rank(model)
    scorer = ClipScores(model.cpu(), options).eval()
    # Tracing treats a batch of one as a constant.
    example = random_clips(scorer, 2 if options.dynamic_batch else 1, shape)
    with torch.no_grad():
        classes = scorer(example).shape[1]  # refuses a size in clearer words than the exporter
    beside = path.with_name(f'{path.name}.data')
    beside.unlink(missing_ok=True)  # from an earlier, larger file of this name
    opset = _write(scorer, example, path, options)
    files = [file for file in (path, beside) if file.exists()]
    batches = (1, 2, 3) if options.dynamic_batch else (1,)
    difference = max(
        compare(scorer, path, random_clips(scorer, size, shape, seed=size)) for size in batches
    )
    if not difference <= TOLERANCE:  # also catches NaN
        for file in files:
            file.unlink()
        raise ValueError(
            f"{path} was removed: its scores differ from PyTorch's by {difference:.1e} of the "
            f'largest, more than {TOLERANCE:.0e}; try another --opset'
        )
    first = -1 if options.dynamic_batch else 1
    return ExportReport(
        (first, *example.shape[1:]),
        classes,
        opset,
        difference,
        batches,
        sum(file.stat().st_size for file in files) / 1e6,
        tuple(map(str, files)),
    )


def random_clips(
    scorer: ClipScores, batch: int, shape: tuple[int, int, int], seed: int = 0
) -> Tensor:
    """Noise in the form of a file's input: pixels, or normalised values with deviation 1."""
    generator = torch.Generator().manual_seed(seed)
    if scorer.pixels:
        size = (batch, *shape, len(scorer.pixel_mean))
        return torch.randint(0, 256, size, generator=generator, dtype=torch.uint8)
    channels = next(
        part.in_channels for part in scorer.backbone.modules() if isinstance(part, nn.Conv3d)
    )
    return torch.randn(batch, channels, *shape, generator=generator)


def compare(scorer: nn.Module, path: str | os.PathLike[str], clips: Tensor) -> float:
    """Largest difference between a file under onnxruntime and a module, relative to the scores."""
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(path), providers=['CPUExecutionProvider'])
    found = session.run([OUTPUT], {INPUT: clips.numpy()})[0]
    with torch.no_grad():
        expected = scorer(clips).numpy()
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _check(model: nn.Module, path: Path) -> None:
    if not isinstance(model, Recognizer3D) or not model.with_cls_head:
        raise ValueError(f'{type(model).__name__} is not a recognizer: give the config of one')
    if hasattr(model.backbone, 'vocabulary'):
        raise ValueError(
            f'{type(model.backbone).__name__} takes codes of a tokenizer, but only models that '
            'take pixels can be exported'
        )
    if path.suffix.lower() != '.onnx':
        raise ValueError(f'{path}: the name must end in .onnx')
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f'exporting needs {", ".join(missing)}: python -m pip install {" ".join(missing)}'
        )


def _write(scorer: ClipScores, example: Tensor, path: Path, options: ExportOptions) -> int:
    """Export a model and return the version of ONNX's operators."""
    size = sum(part.numel() * part.element_size() for part in scorer.parameters())
    batch = {0: torch.export.Dim('batch')}
    with _quiet():
        program = torch.onnx.export(
            scorer,
            (example,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=options.opset,
            dynamic_shapes=(batch,) if options.dynamic_batch else None,
            dynamo=True,
            verbose=False,
        )
        opset = int(program.model.opset_imports[''])
        if options.opset not in (None, opset):  # PyTorch reports the change only in a log
            raise ValueError(
                f'PyTorch {torch.__version__} cannot write this model with opset {options.opset}; '
                f'leave --opset out to use opset {opset}'
            )
        program.save(os.fspath(path), external_data=size > 1.9e9)
    return opset


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's log and warnings; errors are still raised."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'onnxscript', 'onnx_ir')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
