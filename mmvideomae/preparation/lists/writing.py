"""Write lists of clips and their files, class names and a list of missing clips."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.list_lines import check_absent, list_line, write_lines
from mmvideomae.preparation.lists.clips import ListedClip, VideoSet
from mmvideomae.preparation.lists.files import Locator
from mmvideomae.video.readers import VideoReadError

Watch = Callable[[Sequence[ListedClip], str], Iterable[ListedClip]]
"""Wraps the clips of a list, with its name, to show the progress."""


@dataclass
class Summary:
    """A summary of the written lists.

    Attributes:
        classes: Number of classes.
        listed: Number of clips in each list.
        missing: Number of clips without a file in each list.
        faults: Why existing files were left out.
        files: The written files.
    """

    classes: int
    listed: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def describe(self) -> str:
        """In words."""
        counts = (
            f'{name} {count}' + (f' (+{self.missing[name]} missing)' if self.missing[name] else '')
            for name, count in self.listed.items()
        )
        faults = f'; {len(self.faults)} left out: {self.faults[0]}' if self.faults else ''
        return f'{self.classes} classes; {", ".join(counts)}; in {", ".join(self.files)}{faults}'


def write_lists(
    videos: VideoSet,
    locate: Locator,
    out: Path,
    suffix: str = '',
    overwrite: bool = False,
    watch: Watch = lambda clips, _: clips,
) -> Summary:
    """Write ``<list><suffix>.csv`` for every list, ``classes.txt``, ``missing<suffix>.txt``.

    Clips without a file, or with one that cannot be listed, are left out of the lists; a line of
    ``missing.txt`` has the list, a tab, the expected file and, after another tab, what is wrong
    with an existing file.  A list without any file is not written.

    Raises:
        AnnotationError: No file of any list exists, or an output file exists with other
            content.
    """
    texts: dict[Path, list[str]] = {}
    summary, missing = Summary(len(videos.classes)), []
    for name, clips in videos.lists.items():
        lines, absent = _lines(watch(clips, name), locate)
        for clip, reason in absent:
            missing.append(f'{name}\t{locate.wanted(clip)}' + (f'\t{reason}' if reason else ''))
        summary.faults += [reason for _, reason in absent if reason]
        summary.listed[name], summary.missing[name] = len(lines), len(absent)
        if lines:
            texts[out / f'{name}{suffix}.csv'] = lines
    if not texts:
        wanted = next(locate.wanted(clips[0]) for clips in videos.lists.values() if clips)
        raise AnnotationError(
            f'no file of {", ".join(videos.lists)} is below {locate.folder}; '
            f'looked for {wanted!r} and {len(missing) - 1} more'
        )
    texts[out / 'classes.txt'] = videos.classes
    texts[out / f'missing{suffix}.txt'] = missing
    summary.files = [str(path) for path in write_all(texts, overwrite)]
    return summary


def write_all(texts: dict[Path, list[str]], overwrite: bool) -> list[Path]:
    """Write all text files, or none if one would replace other content.

    Raises:
        AnnotationError: A file exists with other content and ``overwrite`` is false.
    """
    check_absent((path for path, lines in texts.items() if _differs(path, lines)), overwrite)
    for path, lines in texts.items():
        write_lines(path, lines)
    return list(texts)


def _differs(path: Path, lines: Iterable[str]) -> bool:
    if not path.exists():
        return False
    text = path.read_text(encoding='utf-8', errors='surrogateescape')
    return text != ''.join(f'{line}\n' for line in lines)


def _lines(
    clips: Iterable[ListedClip], locate: Locator
) -> tuple[list[str], list[tuple[ListedClip, str]]]:
    """Lines of the clips with a file, and the rest with what is wrong with an existing file."""
    lines: list[str] = []
    absent: list[tuple[ListedClip, str]] = []
    for clip in clips:
        try:
            found = locate(clip)
        except VideoReadError as error:
            absent.append((clip, str(error)))
            continue
        if found is None:
            absent.append((clip, ''))
            continue
        numbers = found.numbers if clip.label is None else (*found.numbers, clip.label)
        try:
            lines.append(list_line(found.path, numbers))
        except ValueError as error:
            absent.append((clip, str(error)))
    return lines, absent
