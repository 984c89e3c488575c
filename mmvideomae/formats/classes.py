"""Classes of a data set: their names, and whether mirroring keeps them."""

import os
from collections.abc import Iterator, Sequence

from mmvideomae.formats.text_files import AnnotationError, read_utf8

_CHANCES = ('prob', 'flip_ratio', 'p')  # names in our, mmaction2's, mmcv's, torchvision's flips
_INSIDE = ('transforms', 'trans')  # attributes in which wrappers keep their transforms


def class_names(classes: str | os.PathLike[str] | Sequence[str]) -> tuple[str, ...]:
    """Names in the order of their labels, given or read from a file with one per line.

    Raises:
        AnnotationError: The file is missing or unreadable, or a name is missing.
    """
    if not isinstance(classes, (str, os.PathLike)):
        names, origin = list(classes) or [''], 'classes'
    else:
        origin = os.fspath(classes)
        try:
            names = read_utf8(origin, 'file of class names').rstrip().split('\n')
        except AnnotationError as error:
            raise AnnotationError(
                f'{error}; mmvideomae data make-annotations writes it beside the lists; otherwise '
                'give a file with one name per line in the order of the labels, or omit classes'
            ) from None
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise AnnotationError(
                f'{origin}:{number}: a class name is missing; write one name per line, in the '
                'order of the labels'
            )
    return tuple(name.strip() for name in names)


def check_class_count(
    names: Sequence[str] | None, num_classes: int | None, classes: object = None
) -> int | None:
    """The number of classes from either argument; None if both are None.

    Args:
        classes: Where the names are from, see `class_names`.

    Raises:
        AnnotationError: The two differ, or there is no class.
    """
    if num_classes is not None and num_classes < 1:
        raise AnnotationError(f'num_classes must be positive, got {num_classes}')
    if names is None:
        return num_classes
    if num_classes is not None and len(names) != num_classes:
        place = f' in {os.fspath(classes)}' if isinstance(classes, str | os.PathLike) else ''
        raise AnnotationError(
            f'{len(names)} class names (from {names[0]!r} to {names[-1]!r}{place}), but '
            f'num_classes={num_classes}: put each class name on its own line, in the order of '
            f'the labels, or set num_classes={len(names)}'
        )
    return len(names)


def find_flips(transforms: object) -> Iterator[str]:
    """Names of the transforms that may mirror frames, including those inside wrappers.

    They are recognised by ``Flip`` in the name of the class and a probability that is not 0, or
    by a true ``mirrors``.
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
    """Refuse a pipeline that may turn one class into another.

    Raises:
        ValueError: It may mirror frames.
    """
    flips = ', '.join(find_flips(transforms))
    if flips:
        raise ValueError(
            f'the pipeline mirrors videos ({flips}), which changes classes of this data set '
            "(mirrorable=False), such as 'pushing from left to right': remove the flip or set its "
            'probability to 0'
        )
