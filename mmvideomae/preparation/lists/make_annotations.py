"""Make annotation lists from a folder of videos, with a split that keeps class shares."""

import logging
import os
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmvideomae.errors import where
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.list_lines import can_be_listed, check_absent, list_line, write_lines
from mmvideomae.formats.video_folders import find_videos, walk_folders
from mmvideomae.video.readers import FrameFolderReader, VideoReadError, first_frame

SPLITS = ('train', 'val', 'test')
_SPLIT_FOLDERS = {'train': 'train', 'val': 'val', 'validation': 'val', 'valid': 'val'} | {
    'test': 'test',
    'testing': 'test',
    'training': 'train',
}
_TOLD = 5  # number of faults to name
_logger = logging.getLogger('mmvideomae')  # writes to stderr, separate from results


@dataclass(frozen=True)
class FrameNames:
    """Names of the files of raw frames: `template` with the number, from `first` on.

    Without `first`, numbers start at the lowest one in each folder.
    """

    template: str
    first: int | None = None


@dataclass(frozen=True)
class Sample:
    """One future line: a path relative to the folder and, for raw frames, start and total."""

    path: str
    frames: tuple[int, ...] = ()


@dataclass
class Annotations:
    """Lists to write.

    Attributes:
        lists: Samples and their labels keyed by list name; unlabelled lists have no labels.
        classes: Class names in the order of their labels.
    """

    lists: dict[str, list[tuple[Sample, tuple[int, ...]]]] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)


def find_samples(folder: Path, frames: FrameNames | None = None) -> list[Sample]:
    """All video files, or all folders of raw frames, below a folder; ignored files are reported.

    Raises:
        AnnotationError: There are none, or folders of frames have gaps.
    """
    if frames is None:
        found = [Sample(path) for path in find_videos(folder)]
    else:
        found = _find_frames(folder, frames)
    samples = [sample for sample in found if can_be_listed(sample.path)]
    if len(samples) < len(found):
        names = [repr(sample.path) for sample in found if not can_be_listed(sample.path)]
        reason = f'left out below {folder}: {len(names)} names with line breaks, unfit for a list'
        if not samples:
            raise AnnotationError(f'{reason}: {_some(names)}')
        _logger.warning(f'{reason}: {_some(names)}')
    return samples


def _find_frames(folder: Path, frames: FrameNames) -> list[Sample]:
    if not folder.is_dir():
        raise AnnotationError(f'no such folder: {folder}{where(folder)}')
    samples, faults, others = [], [], []
    closed: list[str] = []
    for place, names in walk_folders(str(folder), closed):
        try:
            if first_frame(place, frames.template) is None:
                others += [place] if names else []
                continue
            reader = FrameFolderReader(place, frames.template, frames.first)
        except VideoReadError as error:
            faults.append(str(error))
        else:
            samples.append(Sample(os.path.relpath(place, folder), (reader.start, len(reader))))
    if faults:
        raise AnnotationError(f'{len(faults)} folders of frames are incomplete: {_some(faults)}')
    example = frames.template.format(1 if frames.first is None else frames.first)
    if not samples:
        raise AnnotationError(f'no folder below {folder} has a frame such as {example!r}')
    if others or closed:
        _logger.warning(
            f'left out below {folder}: {len(others + closed)} folders without a frame such as '
            f'{example!r}: {_some(others + closed)}'
        )
    return samples


def _some(texts: Sequence[str]) -> str:
    return '; '.join(texts[:_TOLD]) + (f' (and {len(texts) - _TOLD} more)' if texts[_TOLD:] else '')


def annotate(
    folder: Path,
    ratios: Mapping[str, float],
    seed: int = 0,
    frames: FrameNames | None = None,
    unlabelled: bool = False,
) -> Annotations:
    """Make the lists of a folder.

    ``folder/CLASS/...`` is split by class; ``folder/train/CLASS/...`` with
    ``folder/val/CLASS/...`` keeps its split; videos directly in the folder make one list
    ``all`` without labels.

    Args:
        ratios: Shares of the splits, which must add up to 1.
        seed: Seed of the split; the split of a class does not depend on other classes.
        frames: Search for raw frames with these names instead of video files.
        unlabelled: Ignore the sub-folders and make one list without labels.

    Raises:
        AnnotationError: No videos, videos outside the class folders, or a class with
            fewer clips than splits; the message names them.
    """
    samples = find_samples(folder, frames)
    parts = [Path(sample.path).parts for sample in samples]
    if unlabelled or all(len(part) == 1 for part in parts):
        return Annotations({'all': [(sample, ()) for sample in samples]})
    tops = {part[0] for part in parts}
    if len(tops) > 1 and all(top.lower() in _SPLIT_FOLDERS for top in tops):
        _tell_empty(folder, samples, 2)
        return _keep_split(samples)
    by_class = _group(samples, 0)
    classes = sorted(by_class)
    _tell_empty(folder, samples, 1)
    result = Annotations({name: [] for name, share in ratios.items() if share > 0}, classes)
    _refuse_small(by_class, len(result.lists))
    for label, name in enumerate(classes):
        for split, members in split_class(name, by_class[name], ratios, seed).items():
            result.lists[split] += [(sample, (label,)) for sample in members]
    return result


def write_annotations(
    result: Annotations, out: Path, prefix: Path | None = None, overwrite: bool = False
) -> list[Path]:
    """Write ``<list>.csv`` for every list, and ``classes.txt`` if there are classes.

    Args:
        prefix: Folder to put before every path; None leaves paths relative.
        overwrite: Replace existing lists.

    Raises:
        AnnotationError: A file exists already, or a path cannot be in a list.
    """
    texts: dict[Path, list[str]] = {}
    for name, members in result.lists.items():
        texts[out / f'{name}.csv'] = [_line(sample, labels, prefix) for sample, labels in members]
    if result.classes:
        texts[out / 'classes.txt'] = [_readable(name) for name in result.classes]
    check_absent(texts, overwrite)
    for path, lines in texts.items():
        write_lines(path, lines)
    tell_older(out, texts)
    return list(texts)


def tell_older(out: Path, written: Collection[Path]) -> None:
    """Warn of lists of an earlier split, which may name the same videos as the new ones."""
    older = [str(path) for path in (out / f'{name}.csv' for name in SPLITS) if path.exists()]
    if older := [path for path in older if Path(path) not in written]:
        _logger.warning(
            f'{", ".join(older)}: written earlier and kept, though their videos may be in the new '
            'lists too: delete what you do not need'
        )


def _readable(name: str) -> str:
    r"""The name of a class folder as UTF-8 text; other bytes as ``\xe9``."""
    return name.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace')


def _line(sample: Sample, labels: tuple[int, ...], prefix: Path | None) -> str:
    path = sample.path if prefix is None else os.path.join(prefix, sample.path)
    try:
        return list_line(path, (*sample.frames, *labels))
    except ValueError as error:
        raise AnnotationError(str(error)) from None


def _keep_split(samples: Sequence[Sample]) -> Annotations:
    by_folder = _group(samples, 0)
    by_class = {folder: _group(members, 1) for folder, members in by_folder.items()}
    classes = sorted({name for groups in by_class.values() for name in groups})
    found = {_SPLIT_FOLDERS[folder.lower()] for folder in by_folder}
    result = Annotations({split: [] for split in SPLITS if split in found}, classes)
    for folder, groups in by_class.items():
        for name, members in sorted(groups.items()):
            labels = (classes.index(name),)
            result.lists[_SPLIT_FOLDERS[folder.lower()]] += [(member, labels) for member in members]
    return result


def _tell_empty(folder: Path, samples: Sequence[Sample], level: int) -> None:
    """Report class folders without samples, which do not become classes."""
    filled = {Path(sample.path).parts[:level] for sample in samples}
    found = (path.relative_to(folder) for path in folder.glob('/'.join('*' * level)))
    classes = (path for path in found if not any(part.startswith('.') for part in path.parts))
    empty = sorted(
        str(path) for path in classes if (folder / path).is_dir() and path.parts not in filled
    )
    if empty:
        _logger.warning(f'{len(empty)} class folders have nothing to list: {_some(empty)}')


def _group(samples: Sequence[Sample], level: int) -> dict[str, list[Sample]]:
    """Group samples by the folder at this level of their path."""
    groups: dict[str, list[Sample]] = {}
    outside = [sample.path for sample in samples if len(Path(sample.path).parts) < level + 2]
    if outside:
        raise AnnotationError(
            f'{len(outside)} videos are outside the class folders, for example {outside[0]!r}: '
            'move them, or make one list without labels (--unlabelled)'
        )
    for sample in samples:
        groups.setdefault(Path(sample.path).parts[level], []).append(sample)
    return groups


def _refuse_small(by_class: Mapping[str, Sequence[Sample]], splits: int) -> None:
    small = sorted(name for name, members in by_class.items() if len(members) < splits)
    if small:
        raise AnnotationError(
            f'{len(small)} of {len(by_class)} classes have fewer clips than the {splits} splits: '
            f'{", ".join(small[:10])}{" ..." if len(small) > 10 else ""}'
        )


def split_class(
    name: str, members: Sequence[Sample], ratios: Mapping[str, float], seed: int
) -> dict[str, list[Sample]]:
    """Shuffle one class and split it by the ratios; no split with a share is empty."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode('utf-8', 'surrogateescape'))])
    order = rng.permutation(len(members)).tolist()
    counts = split_counts(len(members), [share for share in ratios.values() if share > 0])
    result, start = {}, 0
    for split, count in zip((s for s, share in ratios.items() if share > 0), counts, strict=True):
        result[split] = [members[i] for i in sorted(order[start : start + count])]
        start += count
    return result


def split_counts(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers of at least 1 that add up to ``total`` and are nearest to the shares.

    >>> split_counts(10, [0.8, 0.2]), split_counts(3, [0.9, 0.1])
    ([8, 2], [2, 1])
    """
    exact = [total * share for share in shares]
    counts = [max(1, int(value)) for value in exact]
    while sum(counts) < total:
        counts[max(range(len(counts)), key=lambda i: exact[i] - counts[i])] += 1
    while sum(counts) > total:
        candidates = [i for i in range(len(counts)) if counts[i] > 1]
        counts[min(candidates, key=lambda i: exact[i] - counts[i])] -= 1
    return counts
