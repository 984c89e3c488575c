"""Files of codes for tests, without a tokenizer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.formats.code_files import CodeInfo, CodeWriter
from mmvideomae.ops.diagonal_views import diagonal_views

VIEWS: dict[str, Any] = {
    'scales': (1, 1.25),
    'positions': ('top', 'centre', 'bottom'),
    'flip': True,
}


def write_codes(
    folder: Path,
    frames: Mapping[str, int],
    size: int = 32,
    fps: float = 2,
    num_codes: int = 8192,
    fingerprint: str = '0123abcd',
    **views: Any,
) -> CodeInfo:
    """Write random codes of videos with given lengths by name, like ``extract_tokens.py``."""
    names = tuple(view.name for view in diagonal_views(size, **{**VIEWS, **views}))
    info = CodeInfo('Tiny', fingerprint, num_codes, 8, fps, size, names)
    info.write(folder)
    rng = np.random.default_rng(0)
    for name, count in frames.items():
        shape = (count, len(names), *info.grid)
        with CodeWriter(folder, name, names, count, info.grid) as file:
            file.append(rng.integers(num_codes, size=shape))
    return info
