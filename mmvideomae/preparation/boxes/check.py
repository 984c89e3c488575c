"""Check a data set of boxes in AVA's format and report everything that is wrong."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mmengine import Config

from mmvideomae.configs import dataset_of
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import (
    BoxLabel,
    KeyFrame,
    find_box_fault,
    find_row_fault,
    read_excluded,
    scan_boxes,
)
from mmvideomae.formats.label_maps import LabelMap, read_label_map
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.jobs.workers import Processes
from mmvideomae.preparation.boxes.check_proposals import check_proposals
from mmvideomae.preparation.boxes.report import BoxReport, BoxSet, Moments, attempt, boxes_in_rows
from mmvideomae.video.readers import (
    FrameFolderReader,
    VideoReader,
    VideoReadError,
    open_reader,
)

_TINY = 0.01  # share of the frame
_WHOLE = (0.0, 0.0, 1.0, 1.0)

Lengths = dict[str, tuple[int, float] | str]
"""For a video file or folder: number of frames and their rate, or why it cannot be read."""


@dataclass(frozen=True)
class Probe:
    """How to check videos: in ``workers`` processes, with ``timeout`` seconds per video.

    ``watch`` wraps the names of the videos to show the progress.
    """

    workers: int = 1
    timeout: float = 120.0
    watch: Callable[[Iterator[Any], int], Iterator[Any]] = lambda items, _: items


def sets_of(cfg: Config) -> list[BoxSet]:
    """The lists for training, validation and test in a config, without repetitions.

    Raises:
        ValueError: It has none.
    """
    found: list[BoxSet] = []
    for name in ('train', 'val', 'test'):
        dataset = dataset_of(cfg, f'{name}_dataloader')
        if str(dataset.get('type', '')).rpartition('.')[2] != 'ActionBoxDataset':
            continue
        box_set = _set_of(name, dataset)
        twin = next((n for n, one in enumerate(found) if _same(one, box_set)), None)
        if twin is None:
            found.append(box_set)
        else:
            found[twin] = replace(found[twin], name=f'{found[twin].name} and {name}')
    if not found:
        raise ValueError(f'{cfg.filename} has no data set of boxes (ActionBoxDataset)')
    return found


def check_sets(sets: Sequence[BoxSet], probe: Probe | None = None) -> list[BoxReport]:
    """Check several lists; the classes of the rest must be in ``train``, if there is one."""
    lengths: Lengths = {}
    reports = [_check(box_set, probe or Probe(), lengths) for box_set in sets]
    trained = next((report for report in reports if report.name == 'train'), None)
    learned = {number for number, _, rows in trained.classes if rows} if trained else set()
    for report in reports if learned else []:
        for number, name, rows in report.classes:
            if rows and number not in learned:
                told = f'id {number} ({name}) has {rows} rows, but none in train'
                report.add('warning', 'classes that are not trained on', told)
    return reports


def _set_of(name: str, dataset: Mapping[str, Any]) -> BoxSet:
    keys = [each for each in BoxSet.__dataclass_fields__ if each not in ('name', 'videos')]
    values = {key: dataset[key] for key in keys if key in dataset}
    if dataset.get('boxes', 'proposals') == 'truth':
        values['proposal_file'] = None
    return BoxSet(name=name, videos=VideoPlaces.of(dataset['videos']), **values)


def _same(one: BoxSet, other: BoxSet) -> bool:
    return replace(one, name=other.name) == other


def _check(box_set: BoxSet, probe: Probe, lengths: Lengths) -> BoxReport:
    report = BoxReport(box_set.name)
    label_map = attempt(report, 'label map', lambda: _read_map(box_set))
    rows = _read_rows(report, box_set)
    excluded: set[KeyFrame] = set()
    if box_set.excluded_file is not None:
        path = box_set.excluded_file
        excluded = attempt(report, 'excluded key frames', lambda: read_excluded(path)) or set()
    _check_rows(report, rows, box_set, label_map)
    _count_classes(report, rows, label_map)
    kept: dict[KeyFrame, list[BoxLabel]] = {}
    for row in rows:
        if row[:2] not in excluded:
            kept.setdefault((row.video_id, row.second), []).append(row)
    report.counts.update(
        {
            'rows': len(rows),
            'videos': len({row.video_id for row in rows}),
            'key frames': len(kept),
            'boxes': sum(len(boxes_in_rows(each)) for each in kept.values()),
            'excluded key frames': len({row[:2] for row in rows} & excluded),
        }
    )
    if rows and not kept:
        report.add('error', 'excluded key frames', f'{box_set.excluded_file} excludes all')
    _check_videos(report, kept, box_set, probe, lengths)
    if box_set.proposal_file is not None:
        check_proposals(report, kept, box_set)
    return report


def _read_map(box_set: BoxSet) -> LabelMap:
    label_map = read_label_map(box_set.label_map)
    label_map.class_count(box_set.num_classes)
    return label_map


def _read_rows(report: BoxReport, box_set: BoxSet) -> list[BoxLabel]:
    rows: list[BoxLabel] = []
    faults = 0
    try:
        for row in scan_boxes(box_set.ann_file):
            if isinstance(row, AnnotationError):
                faults += 1
                report.add('error', 'malformed lines', str(row))
            else:
                rows.append(row)
    except AnnotationError as error:
        report.add('error', 'annotation', str(error))
        return rows
    if not rows and not faults:
        report.add('error', 'annotation', f'{box_set.ann_file} has no box')
    return rows


def _check_rows(
    report: BoxReport, rows: Sequence[BoxLabel], box_set: BoxSet, label_map: LabelMap | None
) -> None:
    """Check labels, boxes and persons of each row."""
    classes = None if label_map is None else label_map.class_count(box_set.num_classes)
    seen: dict[tuple[Any, ...], int] = {}
    places: dict[tuple[Any, ...], BoxLabel] = {}
    for row in rows:
        where = f'{box_set.ann_file}:{row.line}'
        if fault := find_row_fault(row._replace(box=_WHOLE), classes, label_map):
            report.add('error', 'labels', f'{where}: {fault}')
        elif label_map is not None and row.label not in label_map.names:
            told = f'{where}: id {row.label} is not in {label_map.path}'
            report.add('warning', 'labels without a name, learned but not evaluated', told)
        if fault := find_box_fault(row.box):
            report.add('error', 'boxes', f'{where}: {fault}')
        elif min(row.box[2] - row.box[0], row.box[3] - row.box[1]) < _TINY:
            box = ','.join(f'{edge:g}' for edge in row.box)
            report.add('warning', 'tiny boxes', f'{where}: {box} has a side below {_TINY:.0%}')
        first = seen.setdefault(row[:5], row.line)
        if first != row.line:
            report.add('warning', 'repeated rows', f'{where}: repeats line {first}')
        if row.person is not None:
            other = places.setdefault((*row[:2], row.person), row)
            if other.box != row.box:
                told = f'{where}: person {row.person} has another box in line {other.line}'
                report.add('warning', 'persons with several boxes', told)


def _count_classes(report: BoxReport, rows: Sequence[BoxLabel], label_map: LabelMap | None) -> None:
    counts = Counter(row.label for row in rows)
    names = {} if label_map is None else label_map.names
    report.classes = [
        (number, names.get(number, '(no name)'), counts[number])
        for number in sorted({*names, *counts})
    ]
    for number, name, count in report.classes:
        if not count:
            report.add('warning', 'classes without rows', f'id {number} ({name})')


def _check_videos(
    report: BoxReport, moments: Moments, box_set: BoxSet, probe: Probe, lengths: Lengths
) -> None:
    """Check that videos exist, can be read and contain the key frames."""
    try:
        places, missing = box_set.videos.find_all(moments)
    except (AnnotationError, OSError) as error:
        report.add('error', 'table or folder of videos', str(error))
        return
    level = 'error' if box_set.missing_videos == 'raise' or not places else 'warning'
    for video in missing:
        wanted = box_set.videos.wanted(video)
        report.add(level, 'missing videos', f'{video}: looked for {wanted}')
    jobs = {place['filename']: place for place in places.values()}
    _measure([job for name, job in jobs.items() if name not in lengths], probe, lengths)
    for name in jobs:
        length = lengths[name]
        if isinstance(length, str):
            report.add('error', 'unreadable videos', f'{name}: {length}')
    for moment, place in places.items():
        fault = _find_time_fault(moment, place, lengths[place['filename']])
        if fault is not None:
            where = f'{box_set.ann_file}:{moments[moment][0].line}'
            count = len(moments[moment])
            report.add('error', 'timestamps outside the video', f'{where}: {fault}', count)


def _find_time_fault(
    moment: KeyFrame, place: Mapping[str, Any], length: tuple[int, float] | str
) -> str | None:
    """Say what is wrong if a key frame is not in its video."""
    video, second = moment
    start = place['start_second']
    if isinstance(length, str) or 0 <= second - start < length[0] / length[1]:
        return None
    end = start + length[0] / length[1]
    return (
        f'second {second:g} of {video}, which lasts from {start:g} to {end:.2f} '
        f'({place["filename"]})'
    )


def _measure(jobs: Sequence[dict[str, Any]], probe: Probe, lengths: Lengths) -> None:
    """Measure frames and rate of each video, or why it cannot be read."""
    outcomes = Processes(probe.workers).run_jobs(measure, jobs, probe.timeout)
    for outcome in probe.watch(outcomes, len(jobs)):
        lengths[jobs[outcome.job]['filename']] = outcome.value or outcome.error


def measure(place: dict[str, Any]) -> tuple[int, float] | str:
    """Open a video and decode three frames; return its frames and rate, or why that fails."""
    try:
        with _open(place) as reader:
            last = len(reader) - 1
            reader.read([0, last // 2, last])
            return len(reader), reader.fps
    except VideoReadError as error:
        return error.reason


def _open(place: Mapping[str, Any]) -> VideoReader:
    if 'filename_tmpl' not in place:
        return open_reader(place['filename'])
    return FrameFolderReader(
        place['filename'], place['filename_tmpl'], place.get('start_index'), fps=place['fps']
    )
