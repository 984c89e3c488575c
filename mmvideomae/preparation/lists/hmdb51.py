"""HMDB51: one file per class and split with the use of each clip."""

import re
from pathlib import Path, PurePosixPath

from mmvideomae.errors import where
from mmvideomae.formats.text_files import AnnotationError, numbered_lines, shown
from mmvideomae.preparation.lists.clips import ListedClip, VideoSet

_FILE = re.compile(r'(?P<name>.+)_test_split(?P<split>[123])\.txt')
_USES = {'0': None, '1': 'train', '2': 'val'}


def read_hmdb51(folder: Path) -> VideoSet:
    """The clips of ``testTrainMulti_7030_splits``, test clips as ``val``.

    ``brush_hair_test_split1.txt`` has lines ``name.avi use``, where use is 1 for training, 2
    for testing and 0 for clips outside this split.  Classes are in alphabetical order.

    Raises:
        AnnotationError: There are no such files, a class lacks a split, or a line is malformed.
    """
    if not folder.is_dir():
        raise AnnotationError(f'no such folder of annotation files: {folder}{where(folder)}')
    files: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        if match := _FILE.fullmatch(path.name):
            files.setdefault(match['name'], {})[match['split']] = path
    if not files:
        raise AnnotationError(f'the folder {folder} has no files CLASS_test_split1.txt')
    classes = sorted(files)
    for name in classes:
        if lacking := sorted({'1', '2', '3'} - set(files[name])):
            raise AnnotationError(f'{folder} has no {name}_test_split{lacking[0]}.txt')
    lists: dict[str, list[ListedClip]] = {}
    for split in '123':
        lists[f'split{split}/train'], lists[f'split{split}/val'] = [], []
        for label, name in enumerate(classes):
            for use, clip in _clips(files[name][split], label, name):
                lists[f'split{split}/{use}'].append(clip)
    return VideoSet(classes, lists)


def _clips(path: Path, label: int, folder: str) -> list[tuple[str, ListedClip]]:
    """The clips of the split, each with ``train`` or ``val``."""
    found = []
    for number, line in numbered_lines(path, 'annotation', names_files=True):
        *file, use = line.rsplit(maxsplit=1)  # names may contain spaces
        if use not in _USES or not file:
            raise AnnotationError(
                f'{path}:{number}: expected "name.avi" and 0, 1 or 2: {shown(line)}'
            )
        if (name := _USES[use]) is not None:
            found.append((name, ListedClip(PurePosixPath(file[0]).stem, label, folder)))
    return found
