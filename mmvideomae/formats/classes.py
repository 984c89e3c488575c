"""Classes of a data set: their names, and whether mirroring keeps them."""

import os
from collections.abc import Iterator, Sequence

from mmvideomae.formats.text_files import AnnotationError, read_utf8

_CHANCES = ('prob', 'flip_ratio', 'p')  # what flips of ours, mmaction2, mmcv, torchvision call it
_INSIDE = ('transforms', 'trans')  # where wrappers of transforms keep them


def class_names(classes: str | os.PathLike[str] | Sequence[str]) -> tuple[str, ...]:
    """Names in the order of their labels, given or read from a file of one per line.

    Raises:
        AnnotationError: The file is missing or unreadable, or a name is.
    """
    if not isinstance(classes, (str, os.PathLike)):
        names, origin = list(classes) or [''], 'classes'
    else:
        origin = os.fspath(classes)
        try:
            names = read_utf8(origin, 'file of class names').rstrip().split('\n')
        except AnnotationError as error:
            raise AnnotationError(
                f'{error}; give a file of one name per line in the order of the labels, or leave '
                'classes out'
            ) from None
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise AnnotationError(
                f'{origin}:{number}: a class name is missing; write one name per line, in the '
                'order of the labels'
            )
    return tuple(name.strip() for name in names)


def check_class_count(names: Sequence[str] | None, num_classes: int | None) -> int | None:
    """The number of classes by either, None if both are unknown.

    Raises:
        AnnotationError: The two differ, or there are fewer than one.
    """
    if num_classes is not None and num_classes < 1:
        raise AnnotationError(f'num_classes must be positive, got {num_classes}')
    if names is None:
        return num_classes
    if num_classes is not None and len(names) != num_classes:
        raise AnnotationError(
            f'{len(names)} class names (from {names[0]!r} to {names[-1]!r}) and '
            f'num_classes={num_classes}: name each class on a line of its own, in the order of '
            f'the labels, or set num_classes={len(names)}'
        )
    return len(names)


def find_flips(transforms: object) -> Iterator[str]:
    """Tell the transforms that may mirror frames, also inside wrappers.

    Known by ``Flip`` in the name of the class and a probability that is not 0, or by a true
    ``mirrors``.
    """
    if isinstance(transforms, (list, tuple)):
        for transform in transforms:
            yield from find_flips(transform)
        return
    if 'Flip' in type(transforms).__name__:
        chances = [getattr(transforms, name) for name in _CHANCES if hasattr(transforms, name)]
        if not chances or any(chances):
            yield type(transforms).__name__
    elif getattr(transforms, 'mirrors', False):
        yield f'{type(transforms).__name__} with mirrored views'
    for name in _INSIDE:
        inner = getattr(transforms, name, None)
        if inner is not None:
            yield from find_flips(inner)


def refuse_flips(transforms: object) -> None:
    """Keep a pipeline from turning one class into another.

    Raises:
        ValueError: It may mirror frames.
    """
    flips = ', '.join(find_flips(transforms))
    if flips:
        raise ValueError(
            f'the pipeline mirrors videos ({flips}), which changes classes of this data set '
            "(mirrorable=False), such as 'pushing from left to right': take it out or set its "
            'probability to 0'
        )
