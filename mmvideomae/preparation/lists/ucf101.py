"""UCF101: class indices from 1 and three splits of training and test lists."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mmvideomae.formats.text_files import AnnotationError, numbered_lines, shown
from mmvideomae.preparation.lists.annotation_files import find_file
from mmvideomae.preparation.lists.clips import ListedClip, VideoSet

_LISTS = {'train': 'trainlist', 'val': 'testlist'}


def read_ucf101(folder: Path) -> VideoSet:
    """The clips of ``ucfTrainTestlist``, test lists as ``val``.

    ``classInd.txt`` has lines ``1 ApplyEyeMakeup``; lines of ``trainlist01.txt`` are
    ``ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1``; those of ``testlist01.txt`` lack the
    number, so the folder determines the class.

    Raises:
        AnnotationError: A file is missing or a line is malformed or contradicts itself.
    """
    classes = _classes(find_file(folder, ['classInd.txt']))
    return VideoSet(
        classes,
        {
            f'split{split}/{name}': list(
                _clips(find_file(folder, [f'{file}0{split}.txt']), classes)
            )
            for split in (1, 2, 3)
            for name, file in _LISTS.items()
        },
    )


def _classes(path: Path) -> list[str]:
    names: dict[int, str] = {}
    for number, line in numbered_lines(path, 'annotation', names_files=True):
        index, _, name = line.partition(' ')
        if not index.isdecimal() or not name.strip() or int(index) in names:
            raise AnnotationError(f'{path}:{number}: expected "number class": {shown(line)}')
        names[int(index)] = name.strip()
    if sorted(names) != list(range(1, len(names) + 1)):
        raise AnnotationError(f'the class numbers in {path} are not 1 to {len(names)}')
    return [names[index] for index in sorted(names)]


def _clips(path: Path, classes: list[str]) -> Iterator[ListedClip]:
    labels = {name: label for label, name in enumerate(classes)}
    for number, line in numbered_lines(path, 'annotation', names_files=True):
        file, _, index = line.partition(' ')
        folder = PurePosixPath(file).parent.name
        if folder not in labels:
            raise AnnotationError(
                f'{path}:{number}: the folder {folder!r} is none of the {len(labels)} classes: '
                f'{shown(line)}'
            )
        if index and index.strip() != str(labels[folder] + 1):
            raise AnnotationError(
                f'{path}:{number}: class {index.strip()} in the folder of class '
                f'{labels[folder] + 1}: {shown(line)}'
            )
        yield ListedClip(PurePosixPath(file).stem, labels[folder], folder)
