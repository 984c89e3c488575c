"""Turn your own boxes into a data set in AVA's format, with a config for training."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mmengine import Config

from mmvideomae.configs import ConfigError, read_config
from mmvideomae.errors import same_letters
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import BoxLabel
from mmvideomae.formats.classes import class_names
from mmvideomae.formats.label_maps import read_label_map
from mmvideomae.formats.list_lines import check_absent
from mmvideomae.preparation.boxes.files import FILES, SPLITS, InitSettings, write_files
from mmvideomae.preparation.boxes.rows import make_rows
from mmvideomae.preparation.boxes.sources import BoxSource, SourceRow
from mmvideomae.preparation.boxes.videos import SourceVideo, SourceVideos
from mmvideomae.storage.work_dirs import default_work_dir

Watch = Callable[[Sequence[SourceRow]], Iterable[SourceRow]]
"""Wraps rows to show the progress of reading their videos."""

_ABOUT_PROPOSALS = (
    'The proposal files hold the true boxes with score 1, so results measure how well actions\n'
    'are classified in given boxes (for boxes of a detector: mmvideomae data detect-people)'
)


@dataclass
class InitSummary:
    """A summary of the written files.

    Attributes:
        out: Folder.
        classes: Names keyed by id.
        videos, key_frames, boxes, labels: Numbers for each split; a box may have several labels.
        repeated: Number of repeated lines that were left out.
        checkpoint: Name of the checkpoint to test after training, according to the config.
    """

    out: Path
    classes: dict[int, str]
    videos: dict[str, int] = field(default_factory=dict)
    key_frames: dict[str, int] = field(default_factory=dict)
    boxes: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    checkpoint: str = ''

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), 'out': str(self.out), 'next': self.commands()}

    def commands(self) -> list[str]:
        """The next commands."""
        path = self.out / 'config.py'
        config, work_dir = shlex.quote(str(path)), shlex.quote(default_work_dir(path))
        return [
            f'mmvideomae data check-boxes {config}',
            f'mmvideomae train {config}',
            f'mmvideomae test {config} {work_dir}/{self.checkpoint}',
        ]

    def describe(self) -> str:
        """In words."""
        counts = [
            f'{split}: {self.videos[split]} videos, {self.key_frames[split]} key frames, '
            f'{self.boxes[split]} boxes, {self.labels[split]} labels'
            for split in SPLITS
        ]
        repeated = f'{self.repeated} repeated lines were left out\n' if self.repeated else ''
        return (
            f'{len(self.classes)} classes in {self.out / "label_map.pbtxt"}\n'
            + ''.join(f'{line}\n' for line in counts)
            + repeated
            + f'{_ABOUT_PROPOSALS}\nNext:\n'
            + '\n'.join(f'  {command}' for command in self.commands())
        )


def prepare_boxes(
    source: BoxSource,
    val_source: BoxSource | None,
    settings: InitSettings,
    watch: Watch = lambda rows: rows,
) -> InitSummary:
    """Check the boxes and write ``FILES``, all or none.

    Raises:
        AnnotationError: Labels, boxes or seconds are invalid, videos are missing or cannot
            be read, or files exist in the folder; the message says where.
        ValueError: The base config is not that of a detector.
    """
    sources = [source] if val_source is None else [source, val_source]
    _check_targets(settings, sources)
    base = _read_base(settings.base)
    classes = _classes(sources, settings.classes)
    videos = _find_videos(sources, settings)
    rows = [
        make_rows(each, videos, classes, settings.start_second, watch(each.rows))
        for each in sources
    ]
    parts = rows if val_source is not None else _split(rows[0], settings)
    lists = dict(zip(SPLITS, parts, strict=True))
    _check_apart(lists, sources)
    unique = {split: _unique(lists[split]) for split in SPLITS}
    by_id = {video.video_id: video for video in videos.values()}
    summary = _summarize(unique, classes, settings, base)
    summary.repeated = sum(len(lists[split]) - len(unique[split]) for split in SPLITS)
    write_files(unique, classes, [by_id[name] for name in sorted(by_id)], settings, base)
    return summary


def _check_targets(settings: InitSettings, sources: Sequence[BoxSource]) -> None:
    targets = [settings.out / name for name in FILES]
    inputs = [each.path for each in sources] + ([settings.classes] if settings.classes else [])
    for path in inputs:
        if path.resolve() in [target.resolve() for target in targets]:
            raise AnnotationError(f'{path} would be overwritten: write into another folder')
    check_absent(targets, settings.overwrite)


def _read_base(path: Path) -> Config:
    if path.exists() and path.suffix != '.py':
        raise ConfigError(f'{path} is not a config that can be a base (.py)')
    cfg = read_config(path)
    if 'bbox_head' not in cfg.get('model', {}).get('roi_head', {}):
        raise ConfigError(
            f'{path} is not the config of a detector: it has no model.roi_head.bbox_head'
        )
    return cfg


def _classes(sources: Sequence[BoxSource], listed: Path | None) -> dict[int, str]:
    """Names of all ids: from a file, from COCO's categories, or from the labels."""
    named = [each.classes for each in sources if each.classes]
    if listed is not None:
        named = [_read_classes(listed)]
    if named:
        if any(other != named[0] for other in named):
            raise AnnotationError(
                f'{sources[0].path} and {sources[1].path} have other categories: they must have '
                'the same ids and names'
            )
        return named[0]
    rows = [row for source in sources for row in source.rows]
    numbered = [row.label.lstrip('+-').isdecimal() for row in rows]
    if not any(numbered):
        return dict(enumerate(sorted({row.label for row in rows}), 1))
    if not all(numbered):
        other = rows[numbered.index(not numbered[0])]
        raise AnnotationError(
            f'{other.where}: label {other.label!r}, and {rows[0].label!r} in {rows[0].where}: '
            'labels must be names or numbers, or list all names in a file (--classes)'
        )
    for row in rows:
        if int(row.label) < 1:
            raise AnnotationError(f'{row.where}: label {row.label}: numbers start at 1')
    return {number: f'class {number}' for number in sorted({int(row.label) for row in rows})}


def _read_classes(path: Path) -> dict[int, str]:
    if path.suffix == '.pbtxt':
        return read_label_map(path).names
    names = class_names(path)
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise AnnotationError(f'{path} names the class {repeated!r} twice')
    return dict(enumerate(names, 1))


def _find_videos(sources: Sequence[BoxSource], settings: InitSettings) -> dict[str, SourceVideo]:
    """The videos for all names in the rows."""
    places = SourceVideos(settings.videos, settings.frames, settings.fps)
    names = {row.video: row for source in reversed(sources) for row in reversed(source.rows)}
    found = {name: places.find(name, row.where) for name, row in names.items()}
    missing = sorted(name for name, video in found.items() if video is None)
    if missing:
        raise AnnotationError(
            f'{names[missing[0]].where}: {len(missing)} of {len(found)} videos are not below '
            f'{settings.videos}, such as {missing[0]!r}{same_letters(missing[0], places.names)}'
        )
    videos = {name: video for name, video in found.items() if video is not None}
    by_id: dict[str, SourceVideo] = {}
    for video in videos.values():
        if by_id.setdefault(video.video_id, video) is not video:
            raise AnnotationError(
                f'{video.path} and {by_id[video.video_id].path} differ only in their extensions: '
                'rename one of them'
            )
    return videos


def _split(rows: list[BoxLabel], settings: InitSettings) -> list[list[BoxLabel]]:
    """Rows of training and validation videos."""
    videos = sorted({row.video_id for row in rows})
    if len(videos) < 2:
        raise AnnotationError(
            f'all boxes are of one video, {videos[0]!r}, but a split by video needs two or more; '
            'give boxes of other videos for validation (--val)'
        )
    count = min(max(1, round(len(videos) * settings.val_share)), len(videos) - 1)
    order = np.random.default_rng(settings.seed).permutation(len(videos))
    chosen = {videos[number] for number in order[:count]}
    return [[row for row in rows if (row.video_id in chosen) == val] for val in (False, True)]


def _check_apart(lists: Mapping[str, list[BoxLabel]], sources: Sequence[BoxSource]) -> None:
    """Check that no key frame is used for both training and validation."""
    moments = [{(row.video_id, row.second) for row in lists[split]} for split in SPLITS]
    if shared := sorted(moments[0] & moments[1]):
        video, second = shared[0]
        raise AnnotationError(
            f'{sources[0].path} and {sources[-1].path} share {len(shared)} key frames, such as '
            f'second {second:g} of {video!r}'
        )


def _unique(rows: Iterable[BoxLabel]) -> list[BoxLabel]:
    return list(dict.fromkeys(rows))


def _summarize(
    lists: Mapping[str, list[BoxLabel]],
    classes: dict[int, str],
    settings: InitSettings,
    base: Config,
) -> InitSummary:
    summary = InitSummary(settings.out, classes)
    epochs = base.get('train_cfg', {}).get('max_epochs')
    summary.checkpoint = f'epoch_{epochs}.pth' if epochs else 'CHECKPOINT'
    if base.get('default_hooks', {}).get('checkpoint', {}).get('save_best'):
        summary.checkpoint = 'best_*.pth'
    for split, rows in lists.items():
        summary.videos[split] = len({row.video_id for row in rows})
        summary.key_frames[split] = len({row[:2] for row in rows})
        summary.boxes[split] = len({(*row[:3], row.person) for row in rows})
        summary.labels[split] = len(rows)
    return summary
