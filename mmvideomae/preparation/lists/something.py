"""Something-Something V1 (CSV files) and V2 (JSON files with templates)."""

from collections.abc import Iterator
from pathlib import Path

from mmvideomae.formats.text_files import AnnotationError, numbered_lines, read_json, shown
from mmvideomae.preparation.lists.annotation_files import JsonList, find_file, find_optional
from mmvideomae.preparation.lists.clips import ListedClip, VideoSet

_SPLITS = {'train': 'train', 'val': 'validation', 'test': 'test'}


def read_sthv1(folder: Path) -> VideoSet:
    """Something-Something V1.

    ``something-something-v1-labels.csv`` has a class per line, in the order of the labels;
    lines of the training and validation files are ``id;class``, those of the test file ``id``.

    Raises:
        AnnotationError: A file is missing or a line is malformed.
    """
    prefix = 'something-something-v1-'
    labels = find_file(folder, [f'{prefix}labels.csv', 'labels.csv'])
    classes = [line for _, line in numbered_lines(labels, 'list of classes')]
    _refuse_repeated(classes, labels)
    lists = {}
    for split, name in _SPLITS.items():
        names = [f'{prefix}{name}.csv', f'{name}.csv']
        path = (find_optional if split == 'test' else find_file)(folder, names)
        if path is not None:
            lists[split] = list(_sthv1_clips(path, classes, split != 'test'))
    return VideoSet(classes, lists)


def _sthv1_clips(path: Path, classes: list[str], labelled: bool) -> Iterator[ListedClip]:
    index = {name: label for label, name in enumerate(classes)}
    for number, line in numbered_lines(path, 'annotation', names_files=True):
        video, semicolon, name = line.partition(';')
        if not labelled:
            yield ListedClip(video)
        elif not video or not semicolon:
            raise AnnotationError(f'{path}:{number}: expected "id;class": {shown(line)}')
        elif name not in index:
            raise AnnotationError(
                f'{path}:{number}: {shown(name)} is none of the {len(index)} classes'
            )
        else:
            yield ListedClip(video, index[name])


def read_sthv2(folder: Path) -> VideoSet:
    """Something-Something V2.

    ``something-something-v2-labels.json`` maps a class to its label, a string; an entry of
    the training and validation files has an ``id`` and a ``template``, the class with
    placeholders for objects in brackets; an entry of the test file has only an ``id``.

    Raises:
        AnnotationError: A file is missing or malformed, or an entry's class is unknown.
    """
    prefix = 'something-something-v2-'
    index = _sthv2_classes(find_file(folder, [f'{prefix}labels.json', 'labels.json']))
    lists = {}
    for split, name in _SPLITS.items():
        names = [f'{prefix}{name}.json', f'{name}.json']
        path = (find_optional if split == 'test' else find_file)(folder, names)
        if path is not None:
            lists[split] = list(_sthv2_clips(JsonList(path), index, split != 'test'))
    return VideoSet(sorted(index, key=index.__getitem__), lists)


def _sthv2_classes(path: Path) -> dict[str, int]:
    labels = read_json(path, 'annotation')
    try:
        index = {str(name): int(label) for name, label in labels.items()}
    except (AttributeError, TypeError, ValueError):
        raise AnnotationError(f'{path} must map class names to their labels') from None
    if sorted(index.values()) != list(range(len(index))):
        raise AnnotationError(f'the labels in {path} are not 0 to {len(index) - 1}, each once')
    return index


def _sthv2_clips(source: JsonList, index: dict[str, int], labelled: bool) -> Iterator[ListedClip]:
    for item in source.items:
        if 'id' not in item:
            raise AnnotationError(f'{source.path}: an entry has no id: {item}')
        if not labelled:
            yield ListedClip(str(item['id']))
            continue
        template = item.get('template')
        if not isinstance(template, str):
            raise source.error(item, 'id', 'no template')
        name = template.replace('[', '').replace(']', '')
        if name not in index:
            raise source.error(item, 'id', f'{name!r} is none of the {len(index)} classes')
        yield ListedClip(str(item['id']), index[name])


def _refuse_repeated(classes: list[str], path: Path) -> None:
    if len(set(classes)) < len(classes):
        repeated = next(name for name in classes if classes.count(name) > 1)
        raise AnnotationError(f'{path} names the class {repeated!r} twice')
