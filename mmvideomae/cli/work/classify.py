"""Classify videos, for ``mmvideomae classify``."""

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from mmvideomae.apis import Prediction, Timeline, VideoClassifier, init_model
from mmvideomae.cli.tool import FIXABLE, Told
from mmvideomae.cli.video_work import VideoWork
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_folders import find_videos
from mmvideomae.visualization.class_colours import class_colours
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.overlay import draw_label
from mmvideomae.visualization.overlay_video import check_target
from mmvideomae.visualization.timeline import draw_timeline, moment


def make(args: argparse.Namespace) -> Told:
    """Classify files, as a whole or window by window, or a live camera."""
    for name in ('top_k', 'batch_size'):
        if getattr(args, name) < 1:
            raise ValueError(f'--{name.replace("_", "-")} must be positive')
    for name in ('window', 'stride', 'seconds'):
        seconds = getattr(args, name)
        if seconds is not None and not 0 < seconds < math.inf:
            raise ValueError(f'--{name} must be a positive number of seconds, got {seconds:g}')
    if not 0 <= args.min_score <= 1:
        raise ValueError(f'--min-score is a probability from 0 to 1, got {args.min_score:g}')
    model = init_model(args.config, args.checkpoint, args.device, args.cfg_options)
    classifier = VideoClassifier(
        model,
        classes=args.classes,
        batch_size=args.batch_size,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )
    if args.live:
        return Told(None, _live(args, classifier))
    places = _stems(_expanded(args.videos), args.out)
    if args.overlay:  # fails before any work is done
        for video, place in places.items():
            check_target(f'{place}.mp4', video)
    with VideoWork() as work:
        found = (_timelines if args.timeline else _predictions)(args, classifier, places, work)
    results = [result for _, result in found]
    files = [r.get('files') or {k: r[k] for k in r if k == 'overlay'} for r in results]
    text: list[str | Table] = [_table([one for one, _ in found])] if found else []
    text += [f'written: {", ".join(paths.values())}' for paths in files if paths]
    failed = work.failed
    summary = {'results': results, 'failed': failed}
    return Told(summary, text, failed.values(), 1 if failed else 0)


def _expanded(paths: list[str]) -> list[str]:
    """The videos; a folder of videos is replaced by its files."""
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        try:
            found += [os.path.join(path, name) for name in find_videos(path)]
        except AnnotationError:  # it holds no video, so it is a folder of frames
            found.append(path)
    return found


def _stems(videos: list[str], out: Path) -> dict[str, Path]:
    """The path of each video's results, without suffix; equal names are numbered."""
    places: dict[str, Path] = {}
    for video in videos:
        name = Path(video).resolve()
        stem = name.name if name.is_dir() else name.stem
        taken, number = set(places.values()), 2
        place = out / stem
        while place in taken:
            place, number = out / f'{stem}_{number}', number + 1
        places[video] = place
    return places


def _predictions(
    args: argparse.Namespace,
    classifier: VideoClassifier,
    places: dict[str, Path],
    work: VideoWork,
) -> list[tuple[Prediction | Timeline, dict[str, Any]]]:
    """Classify whole videos; pair each result with its entry for --json."""
    with work.bar('videos') as advance:
        found = classifier(
            list(places),
            args.top_k,
            advance,
            lambda error: work.failed.update({error.path: str(error)}),
            args.min_score,
        )
    results: list[tuple[Prediction | Timeline, dict[str, Any]]] = []
    for one in found:
        results.append((one, one.as_json()))
        if args.overlay:
            with work.left_out(one.video, FIXABLE):
                results[-1][1]['overlay'] = _overlay(classifier, one, places[one.video], work)
    return results


def _timelines(
    args: argparse.Namespace,
    classifier: VideoClassifier,
    places: dict[str, Path],
    work: VideoWork,
) -> list[tuple[Prediction | Timeline, dict[str, Any]]]:
    """Classify videos window by window; pair each result with its entry for --json."""
    args.out.mkdir(parents=True, exist_ok=True)
    results: list[tuple[Prediction | Timeline, dict[str, Any]]] = []
    for video, place in places.items():
        with work.left_out(video):
            with work.bar(f'windows of {Path(video).name}') as advance:
                timeline = classifier.timeline(
                    video, args.window, args.stride, args.all_views, advance
                )
            files: dict[str, str] = {}
            plain = timeline.as_json(args.top_k, args.min_score)
            results.append((timeline, {**plain, 'files': files}))
            with work.left_out(video, FIXABLE):
                for kind, path in _files(timeline, place, args):
                    files[kind] = str(path)
            if args.overlay:
                with work.left_out(video, FIXABLE):
                    files['overlay'] = _overlay(classifier, timeline, place, work)
    return results


def _files(timeline: Timeline, place: Path, args: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Write a timeline; yield the kind and path of each file."""
    paths = {kind: Path(f'{place}.{kind}') for kind in ('json', 'csv', 'png')}
    timeline.save_json(paths['json'], args.top_k, args.min_score)
    timeline.save_csv(paths['csv'])
    title = f'{Path(timeline.video).name}: windows of {args.window:g} s'
    picture = draw_timeline(
        timeline.starts, timeline.ends, timeline.scores, timeline.classes, title
    )
    save_picture(paths['png'], picture)
    yield from paths.items()


def _overlay(
    classifier: VideoClassifier, result: Prediction | Timeline, place: Path, work: VideoWork
) -> str:
    """Write the video with the current class, or that of the whole video, on every frame."""
    stream = classifier.open_stream(result.video)
    end, colours = float(stream.times[-1]), class_colours(classifier.classes)

    def draw(frame: np.ndarray, now: float) -> np.ndarray:
        if isinstance(result, Prediction) and not result.top:
            return frame
        best = result.nearest(now) if isinstance(result, Timeline) else result.top[0]
        note = f'{moment(now)} of {moment(end)}'
        return draw_label(frame, best.label, best.score, note, colours[best.label])

    return str(work.overlay(stream, f'{place}.mp4', draw))


def _live(args: argparse.Namespace, classifier: VideoClassifier) -> Iterator[str]:
    """Labels of a live source until it ends or Ctrl-C is pressed; on a terminal, shown in place."""
    if len(args.videos) != 1:
        raise ValueError(f'--live takes one source, got {len(args.videos)}')
    if args.timeline or args.overlay:
        raise ValueError('--live prints labels; --timeline and --overlay need files')
    in_place = sys.stdout.isatty() and not args.json
    shown = None
    try:
        for span, _ in classifier.live(args.videos[0], args.window, args.seconds, args.all_views):
            if args.json:
                yield json.dumps(span._asdict())
            elif in_place:
                sys.stdout.write(f'\r{_as_line(span)}\033[K')
                sys.stdout.flush()
            elif span.label != shown:  # in a log, only changes matter
                yield _as_line(span)
            shown = span.label
    except KeyboardInterrupt:
        pass  # the usual way to stop it
    if in_place and shown is not None:
        yield ''


def _as_line(span: Any) -> str:
    return f'{moment(span.end):>8}  {100 * span.score:5.1f} %  {span.label}'


def _table(found: Sequence[Prediction | Timeline]) -> Table:
    """The results as a table."""
    table = Table('video', 'class', 'probability', box=None)
    if found and isinstance(found[0], Timeline):
        table = Table('video', 'from', 'to', 'class', 'probability', box=None)
    for one in found:
        name = escape(one.video)  # names may contain characters that rich reads as markup
        if isinstance(one, Timeline):
            for span in one.segments():
                times = (moment(span.start), moment(span.end))
                table.add_row(name, *times, escape(span.label), f'{100 * span.score:.1f} %')
                name = ''
            continue
        for best in one.top:
            table.add_row(name, escape(best.label), f'{100 * best.score:.1f} %')
            name = ''
        if not one.top:
            table.add_row(name, 'no class reaches --min-score', '')
    return table
