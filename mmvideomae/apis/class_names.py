"""Class names of classifiers and detectors."""

import os
from collections.abc import Sequence
from typing import Any

from mmengine import Config

from mmvideomae.configs import datasets_of
from mmvideomae.formats.label_maps import read_label_map
from mmvideomae.formats.text_files import AnnotationError, numbered_lines

Names = str | os.PathLike[str] | Sequence[str]
"""Names in the order of the labels, or a file that lists them, one per line."""

_CURE = (
    'give them as classes=..., on a command line as --classes FILE (one name per line, such as '
    'the classes.txt of mmvideomae data make-annotations), or set test_dataloader.dataset.classes '
    'in the config to that file'
)


def read_class_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The lines of a file that are not blank.

    Raises:
        AnnotationError: It cannot be read, or names no class.
    """
    try:
        names = tuple(line for _, line in numbered_lines(path, 'file of class names'))
    except AnnotationError as error:
        raise AnnotationError(f'{error}; {_CURE}') from None
    if not names:
        raise AnnotationError(f'{path} names no class; {_CURE}')
    return names


def model_class_names(cfg: Config, num_classes: int, given: Names | None = None) -> tuple[str, ...]:
    """Names of all classes: those given, else those in the config's data sets.

    A data set of the config names them in ``metainfo['classes']`` or ``classes``; that of
    the test comes first, then those of validation and training.

    Raises:
        ValueError: There are no names, or not ``num_classes`` of them.
    """
    found = _listed(given) if given is not None else _names_in(cfg)
    if found is None:
        raise ValueError(f'no class names: {cfg.filename or "the config"} has none; {_CURE}')
    names, place = found
    if len(names) != num_classes:
        raise ValueError(
            f'{place} lists {len(names)} classes, but the model has {num_classes}: name the '
            'classes that it was trained on'
        )
    return names


def action_names(cfg: Config, num_classes: int, given: Names | None = None) -> dict[int, str]:
    """Names of a detector's actions, keyed by id, from 1 on.

    They are those given, as for `model_class_names` or in a label map (``.pbtxt``), else those
    in the label map or the class names of the config's data sets.  An id that a label map leaves
    out has no name.

    Raises:
        AnnotationError: A label map cannot be read (a ``ValueError``).
        ValueError: There are no names, or more than ``num_classes``.
    """
    path = given if given is not None else _first_in(cfg, 'label_map')
    if isinstance(path, (str, os.PathLike)) and os.fspath(path).endswith('.pbtxt'):
        try:
            label_map = read_label_map(path)
        except AnnotationError as error:
            raise AnnotationError(error if given is not None else f'{error}; {_CURE}') from None
        if label_map.num_classes > num_classes:
            raise ValueError(
                f'{label_map.path} names id {label_map.num_classes}, but the model has '
                f'{num_classes} classes: give the label map that it was trained with'
            )
        return dict(label_map.names)
    return dict(enumerate(model_class_names(cfg, num_classes, given), 1))


def _names_in(cfg: Config) -> tuple[tuple[str, ...], str] | None:
    """Names from the first data set of a config that has any, and the place of the names."""
    for loader, dataset in datasets_of(cfg):
        for holder in (dataset.get('metainfo') or {}, dataset):
            if holder.get('classes'):
                names, place = _listed(holder['classes'])
                is_list = place == 'classes'
                return names, f'{loader} of the config' if is_list else place
    return None


def _first_in(cfg: Config, key: str) -> Any:
    """The value of a key in the first data set of a config that has it, None if none has."""
    return next((dataset[key] for _, dataset in datasets_of(cfg) if dataset.get(key)), None)


def _listed(names: Names) -> tuple[tuple[str, ...], str]:
    if isinstance(names, (str, os.PathLike)):
        return read_class_names(names), os.fspath(names)
    return tuple(map(str, names)), 'classes'
