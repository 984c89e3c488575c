"""Diving48: JSON lists of clips, and classes with four words each."""

from collections.abc import Iterator
from pathlib import Path

from mmvideomae.formats.text_files import AnnotationError, read_json
from mmvideomae.preparation.lists.annotation_files import JsonList, find_file
from mmvideomae.preparation.lists.clips import ListedClip, VideoSet


def read_diving48(folder: Path, version: str = 'V2') -> VideoSet:
    """The clips of ``Diving48_V2_train.json`` and ``Diving48_V2_test.json``, the latter as ``val``.

    An entry has ``vid_name``, ``label``, ``start_frame`` and ``end_frame``; a clip that does
    not begin with its file is listed with its frames.  ``Diving48_vocab.json`` lists the
    classes, each as take-off, somersaults, twists and flight position.

    Raises:
        AnnotationError: A file is missing or malformed, or an entry has no known label.
    """
    classes = _classes(find_file(folder, ['Diving48_vocab.json']))
    files = {'train': f'Diving48_{version}_train.json', 'val': f'Diving48_{version}_test.json'}
    return VideoSet(
        classes,
        {
            name: list(_clips(JsonList(find_file(folder, [file])), len(classes)))
            for name, file in files.items()
        },
    )


def _classes(path: Path) -> list[str]:
    words = read_json(path, 'vocabulary')
    if not isinstance(words, list) or not all(isinstance(item, list | str) for item in words):
        raise AnnotationError(f'{path} must hold a list of classes')
    names = [item if isinstance(item, str) else ' '.join(map(str, item)) for item in words]
    if not names or len(set(names)) < len(names):
        raise AnnotationError(f'{path} must name each class once')
    return names


def _clips(source: JsonList, classes: int) -> Iterator[ListedClip]:
    for item in source.items:
        name, label = item.get('vid_name'), item.get('label')
        if not isinstance(name, str) or not name:
            raise AnnotationError(f'{source.path}: an entry has no vid_name: {item}')
        if not isinstance(label, int) or not 0 <= label < classes:
            raise source.error(
                item, 'vid_name', f'label {label!r} is not one of 0 to {classes - 1}'
            )
        start, end = item.get('start_frame', 0), item.get('end_frame', 0)
        if not isinstance(start, int) or not isinstance(end, int) or start < 0:
            raise source.error(item, 'vid_name', f'frames {start!r} to {end!r}')
        if start and end <= start:
            raise source.error(item, 'vid_name', f'there are no frames from {start} to {end}')
        yield ListedClip(name, label, frames=(start, end - start) if start else None)
