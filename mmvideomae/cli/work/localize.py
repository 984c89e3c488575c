"""Find segments in videos, for ``mmvideomae localize``."""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from rich.markup import escape
from rich.table import Table

from mmvideomae.apis import FoundSegments, TemporalLocalizer
from mmvideomae.apis.found_segments import activitynet_results
from mmvideomae.cli.feature_options import feature_settings
from mmvideomae.cli.inputs import checkpoint_path, config_path
from mmvideomae.cli.tool import FIXABLE, Told, UsageError
from mmvideomae.cli.video_work import VideoWork
from mmvideomae.configs import CONFIG_SUFFIXES, apply_options, read_config
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.storage import write_text
from mmvideomae.visualization.browser_video import browser_video
from mmvideomae.visualization.class_colours import class_colours
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.overlay import draw_label
from mmvideomae.visualization.overlay_video import Draw, check_target
from mmvideomae.visualization.segment_page import write_segment_page
from mmvideomae.visualization.timeline import Truth, draw_segments, moment


def make(args: argparse.Namespace) -> Told:
    """Find the segments of a live source, or those of all videos, and draw them.

    ``segments.json`` is extended after every video, and a later failure does not affect it.
    """
    if args.top_k < 1:
        raise ValueError('--top-k must be positive')
    detector = _take_detector(args)
    if args.live:
        _require_live(args, *detector)
        return Told(None, _live(args, _localizer(args, *detector)))
    if args.out is None:
        raise UsageError('--out is needed for the results')
    names = [Path(video).stem for video in args.videos]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f'two videos have the name {twice[0]!r}: rename one of them')
    if args.overlay:
        for video in args.videos:
            check_target(args.out / f'{Path(video).stem}.mp4', video)
    truth = _truth(args)
    localizer = _localizer(args, *detector)
    args.out.mkdir(parents=True, exist_ok=True)
    found: list[FoundSegments] = []
    written: dict[str, dict[str, str]] = {'pictures': {}, 'overlays': {}, 'pages': {}}
    file = args.out / 'segments.json'
    with VideoWork() as work:
        for video in args.videos:
            with work.left_out(video):
                with work.bar(f'windows of {Path(video).name}') as advance:
                    one = localizer(video, advance).at_least(args.min_score)
                found.append(one)
                write_text(file, json.dumps(activitynet_results(found), indent=1) + '\n')
                for kind, path in _drawings(
                    localizer, one, args, work, truth.get(one.video_id, ())
                ):
                    written[kind][one.video_id] = str(path)
    files = {'segments': str(file) if found else None, **written}
    summary = {**activitynet_results(found), 'files': files, 'failed': work.failed}
    paths = [str(file), *(path for kind in written.values() for path in kind.values())]
    text = [_table(found, args.top_k), f'written: {", ".join(paths)}'] if found else []
    return Told(summary, text, work.failed.values(), 1 if work.failed else 0)


def _take_detector(args: argparse.Namespace) -> tuple[str | None, str | None]:
    """Move config and weights of a detector on features, if they are given, out of the videos."""
    if not args.videos[0].endswith(CONFIG_SUFFIXES):
        return None, None
    if len(args.videos) < 3:
        raise UsageError('after CONFIG and CKPT of the features come those of the detector, VIDEO')
    detector, checkpoint, *args.videos = args.videos
    return config_path(detector), checkpoint_path(checkpoint)


def _localizer(
    args: argparse.Namespace, detector: str | None, weights: str | None
) -> TemporalLocalizer:
    config: str | Config = detector or args.config
    if args.cfg_options:
        config = read_config(config)
        apply_options(config, args.cfg_options)
    return TemporalLocalizer(
        args.config if detector else config,
        args.checkpoint,
        config if detector else None,
        weights,
        classes=args.classes,
        preset=args.preset,
        settings=feature_settings(args) or None,
        device=args.device,
        batch_size=args.batch_size,
        precision=args.precision,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )


def _truth(args: argparse.Namespace) -> dict[str, list[Truth]]:
    """True segments by video."""
    if args.truth is None:
        return {}
    return {
        video.video_id: [
            (start, end, label)
            for (start, end), label in zip(video.segments, video.labels, strict=True)
        ]
        for video in read_segments(args.truth)
    }


def _require_live(args: argparse.Namespace, detector: str | None, _: str | None) -> None:
    if detector is not None:
        raise ValueError('--live needs a detector that is trained end to end, not on features')
    if len(args.videos) != 1:
        raise ValueError(f'--live takes one source, got {len(args.videos)}')
    if args.overlay or args.html or args.truth or args.out is not None:
        raise ValueError('--live prints segments; --out, --overlay, --html and --truth need files')


def _live(args: argparse.Namespace, localizer: TemporalLocalizer) -> Iterator[str]:
    """Segments of a live source as they become final, until it ends or Ctrl-C is pressed."""
    try:
        for found in localizer.live(args.videos[0], args.seconds):
            for span in found:
                if span.score < args.min_score:
                    continue
                if args.json:
                    yield json.dumps(span._asdict())
                    continue
                times = ' to '.join(f'{moment(time):>8}' for time in span[:2])
                yield f'{times}  {span.score:.3f}  {span.label}'
    except KeyboardInterrupt:
        pass  # the usual way to stop it; what is not final has not been printed


def _drawings(
    localizer: TemporalLocalizer,
    found: FoundSegments,
    args: argparse.Namespace,
    work: VideoWork,
    truth: Sequence[Truth],
) -> Iterator[tuple[str, Path]]:
    """Write the requested files of one video; yield the kind and path of each that succeeded."""
    title = f'{Path(found.video).name}: {len(found)} segments'
    base, colours = args.out / found.video_id, class_colours(localizer.classes)
    with work.left_out(found.video, FIXABLE):
        picture = draw_segments(found, found.duration, title, colours=colours, truth=truth)
        yield 'pictures', save_picture(f'{base}.png', picture)
    if args.overlay:
        with work.left_out(found.video, FIXABLE):
            stream = localizer.open_stream(found.video)
            yield 'overlays', work.overlay(stream, f'{base}.mp4', _labelled(found, colours))
    if args.html:
        with work.left_out(found.video, FIXABLE):
            yield 'pages', _page(localizer, found, Path(f'{base}.html'), work, truth)


def _page(
    localizer: TemporalLocalizer,
    found: FoundSegments,
    path: Path,
    work: VideoWork,
    truth: Sequence[Truth],
) -> Path:
    """Write the page that plays the video above its segments."""
    stream = localizer.open_stream(found.video)
    with (
        stream,
        work.bar(f'page {path.name}') as advance,
        tempfile.TemporaryDirectory() as folder,
    ):
        playable = browser_video(stream, Path(folder) / 'copy.mp4', progress=advance)
        return write_segment_page(
            path,
            playable,
            found,
            found.duration,
            Path(found.video).name,
            colours=class_colours(localizer.classes),
            truth=truth,
        )


def _labelled(found: FoundSegments, colours: Mapping[str, str]) -> Draw:
    """Writes the best current segment, if there is one, on a frame."""

    def draw(frame: np.ndarray, now: float) -> np.ndarray:
        best = next((span for span in found if span.start <= now < span.end), None)
        if best is None:
            return frame
        note = f'{moment(best.start)} to {moment(best.end)}'
        return draw_label(frame, best.label, best.score, note, colours[best.label])

    return draw


def _table(found: Sequence[FoundSegments], top_k: int) -> Table:
    """The best segments of each video."""
    table = Table('video', 'from', 'to', 'class', 'score', box=None)
    for one in found:
        name = escape(one.video)  # names may contain characters that rich reads as markup
        for span in one[:top_k]:
            times = (moment(span.start), moment(span.end))
            table.add_row(name, *times, escape(span.label), f'{span.score:.3f}')
            name = ''
        if not len(one):
            table.add_row(name, '', '', 'no segments', '')
    return table
