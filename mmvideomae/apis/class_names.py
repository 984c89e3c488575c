"""What the classes of a classifier are called."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine import Config

Names = str | os.PathLike[str] | Sequence[str]
"""Names in the order of the labels, or the file that lists them, one to a line."""

_CURE = (
    'give them as classes=..., on a command line --classes FILE (one name to a line, as '
    'tools/data/make_annotations.py writes classes.txt), or name that file in the config as '
    'test_dataloader.dataset.classes'
)


def read_class_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The lines of a file that hold something.

    Raises:
        ValueError: It cannot be read, or names nothing.
    """
    try:
        lines = Path(path).read_text(encoding='utf-8-sig').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise ValueError(f'cannot read the class names in {path}: {reason}; {_CURE}') from None
    names = tuple(line.strip() for line in lines if line.strip())
    if not names:
        raise ValueError(f'{path} names no class; {_CURE}')
    return names


def class_names(cfg: Config, num_classes: int, given: Names | None = None) -> tuple[str, ...]:
    """Names of all classes: those given, else those of the config's data sets.

    A data set of the config names them in ``metainfo['classes']`` or ``classes``; the one
    that is tested comes first, then validation and training.

    Raises:
        ValueError: There are no names, or not ``num_classes`` of them.
    """
    found = _listed(given) if given is not None else _names_in(cfg)
    if found is None:
        raise ValueError(f'no class names: {cfg.filename or "the config"} has none; {_CURE}')
    names, place = found
    if len(names) != num_classes:
        raise ValueError(
            f'{place} lists {len(names)} classes and the model tells {num_classes} apart: name '
            'the classes it was trained on'
        )
    return names


def _names_in(cfg: Config) -> tuple[tuple[str, ...], str] | None:
    """Names from the first data set of a config that has any, and where they stand."""
    for loader in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        dataset: Any = (cfg.get(loader) or {}).get('dataset')
        while isinstance(dataset, dict):
            for holder in (dataset.get('metainfo') or {}, dataset):
                if holder.get('classes'):
                    names, place = _listed(holder['classes'])
                    is_list = place == 'classes'
                    return names, f'{loader} of the config' if is_list else place
            dataset = dataset.get('dataset')  # of a wrapper
    return None


def _listed(names: Names) -> tuple[tuple[str, ...], str]:
    if isinstance(names, (str, os.PathLike)):
        return read_class_names(names), os.fspath(names)
    return tuple(map(str, names)), 'classes'
