"""Read what ``tools/test.py --dump`` wrote, and run nothing else that a pickle may hold."""

import io
import os
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Results:
    """Class scores of a test set, in its order.

    Attributes:
        scores: (N, K) float32; -inf for the class of a video that could not be decoded.
        labels: Classes, (N,) int64, -1 where it is not known.
        files: Names of the videos, N of them, or none if the file tells none.
    """

    scores: np.ndarray
    labels: np.ndarray
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


def read_results(path: str | os.PathLike[str]) -> Results:
    """Read a dump.

    A pickle is a program.  Only what arrays, tensors and plain values need is run here;
    a file that asks for anything else is refused before it gets it.

    Raises:
        ValueError: The file holds something else than class scores.
        OSError: It cannot be opened.
    """
    try:
        content = _SafeUnpickler(io.BytesIO(Path(path).read_bytes())).load()
    except OSError:
        raise
    except Exception as error:  # a damaged pickle fails in any way
        reason = ' '.join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f'{path} is no dump of tools/test.py: {reason}') from None
    if not isinstance(content, list) or not content:
        raise ValueError(f'{path} is no dump of tools/test.py: it holds no list of predictions')
    try:
        scores = np.stack([_array(sample['pred_score']) for sample in content])
        labels = np.array([_label(sample) for sample in content], np.int64)
    except (KeyError, TypeError, ValueError) as error:
        what = f'no {error}' if isinstance(error, KeyError) else ' '.join(str(error).split())
        raise ValueError(f'{path} holds no scores of a classification: {what}') from None
    if scores.ndim != 2:
        raise ValueError(f'{path}: scores must be one row per video, found {scores.shape}')
    for place, sample in enumerate(content):
        if labels[place] < 0 and sample.get('undecodable') and -labels[place] <= scores.shape[1]:
            labels[place] = -1 - labels[place]
            scores[place, labels[place]] = -np.inf  # wrong, whatever was made of zero frames
    files = tuple(str(sample['filename']) for sample in content if 'filename' in sample)
    return Results(scores, labels, files if len(files) == len(labels) else ())


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.float() if isinstance(value, torch.Tensor) else value, np.float32)


def _label(sample: dict[str, Any]) -> int:
    """The class of a sample, -1 without one, ``-1 - class`` if it could not be decoded."""
    value = np.asarray(sample.get('gt_label', -1)).reshape(-1)
    if value.size != 1:
        raise ValueError(f'a label must be one class, found {value.size} values')
    return int(value[0])


class _SafeUnpickler(pickle.Unpickler):
    """Give a pickle the few functions that rebuild arrays and tensors."""

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace('numpy._core', 'numpy.core')  # as NumPy 2 writes it
        known = _KNOWN.get((module, name))
        if known is None:
            raise pickle.UnpicklingError(f'it asks for {module}.{name}, which no dump needs')
        return known


def _load_storage(data: bytes) -> Any:
    """What ``torch.storage._load_from_bytes`` does, without running what ``data`` says."""
    return torch.load(io.BytesIO(data), weights_only=True)


def _latin1(text: str, encoding: str) -> bytes:
    """The one use that pickles of arrays make of ``_codecs.encode``."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'it asks for the codec {encoding!r}, which no dump needs')
    return text.encode('latin1')


_KNOWN: dict[tuple[str, str], Any] = {
    ('collections', 'OrderedDict'): OrderedDict,
    ('_codecs', 'encode'): _latin1,
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
    # As pickles name them; in NumPy 2 they live elsewhere.
    ('numpy.core.multiarray', '_reconstruct'): np.array(0).__reduce__()[0],
    ('numpy.core.multiarray', 'scalar'): np.float32(0).__reduce__()[0],
    ('numpy.core.numeric', '_frombuffer'): np.zeros(1).__reduce_ex__(5)[0],
    ('torch', 'Size'): torch.Size,
    ('torch._utils', '_rebuild_tensor_v2'): torch._utils._rebuild_tensor_v2,
    ('torch.storage', '_load_from_bytes'): _load_storage,
}
