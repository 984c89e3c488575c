"""Name what happens in videos, with the config and checkpoint of a classifier.

python tools/demo/classify.py CONFIG CKPT clip.mp4 other.mp4
python tools/demo/classify.py CONFIG CKPT film.mp4 --timeline --overlay --out work_dirs/film
python tools/demo/classify.py CONFIG CKPT 0 --live

A VIDEO is a file, a folder of frames, or a folder of video files, which are all classified; with
--live it is the number of a camera, the address of a stream (rtsp://, http://) or a file that is
played like one.  Class names come from the config or from --classes.  A video that cannot be read
is named at the end, and the exit status is then 1.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from mmvideomae.apis import Prediction, Timeline, VideoClassifier, init_model
from mmvideomae.cli.options import add_cfg_options, add_frames
from mmvideomae.formats.annotations import AnnotationError, find_videos
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.writer import VideoWriteError, draw_label
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.overlay_video import overlay_video
from mmvideomae.visualization.timeline import clock, draw_timeline


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config of the classifier')
    parser.add_argument('checkpoint', metavar='CKPT', help='its weights')
    parser.add_argument('videos', metavar='VIDEO', nargs='+', help='what to classify')
    parser.add_argument(
        '--classes',
        metavar='FILE',
        help='names of the classes, one to a line (default: those that the config names)',
    )
    parser.add_argument(
        '--top-k', type=int, default=5, help='classes shown of each video (default: %(default)s)'
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        default=4,
        help='videos or windows forwarded at a time (default: %(default)s)',
    )
    parser.add_argument(
        '--timeline',
        action='store_true',
        help='classify window by window, into OUT/NAME.json, .csv and .png',
    )
    parser.add_argument(
        '--overlay', action='store_true', help='write OUT/NAME.mp4, labelled with the current class'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/classify'),
        metavar='OUT',
        help='folder of timelines and overlays (default: %(default)s)',
    )
    parser.add_argument(
        '--window',
        type=float,
        default=3.0,
        metavar='SECONDS',
        help='length of a window of --timeline and --live (default: %(default)s)',
    )
    parser.add_argument(
        '--stride',
        type=float,
        metavar='SECONDS',
        help='from one window of --timeline to the next (default: half a window)',
    )
    parser.add_argument(
        '--all-views',
        action='store_true',
        help='forward all clips and crops of the test pipeline for each window, and not one',
    )
    parser.add_argument('--live', action='store_true', help='label a camera or stream as it comes')
    parser.add_argument(
        '--seconds', type=float, help='end --live after so long (default: with Ctrl-C)'
    )
    add_frames(parser)
    parser.add_argument('--device', help='for example cpu or cuda:1 (default: a GPU if any)')
    add_cfg_options(parser)
    parser.add_argument(
        '--json',
        action='store_true',
        help='print one JSON object on stdout; with --live one for each label',
    )
    return parser.parse_args()


def expanded(paths: list[str]) -> list[str]:
    """The videos, with the files of folders of videos in the place of the folders."""
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        try:
            found += [os.path.join(path, name) for name in find_videos(path)]
        except AnnotationError:  # no video in it: a folder of frames
            found.append(path)
    return found


def stems(videos: list[str], out: Path) -> dict[str, Path]:
    """Where the results of each video go, without their suffix; equal names get numbers."""
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


def classify(
    args: argparse.Namespace, classifier: VideoClassifier, bar: Progress, failed: dict[str, str]
) -> Any:
    """Classify whole videos; returns what --json prints, and the predictions."""
    videos = expanded(args.videos)
    task = bar.add_task('videos', total=len(videos))
    found = classifier(
        videos,
        args.top_k,
        lambda done, total: bar.update(task, completed=done),
        lambda error: failed.update({error.path: str(error)}),
    )
    results = [one.as_json() for one in found]
    if args.overlay:
        places = stems(videos, args.out)
        for one, result in zip(found, results, strict=True):
            place = places[one.video]
            with left_out(one.video, failed):
                path = place.with_name(f'{place.name}.mp4')
                result['overlay'] = str(overlay(classifier, one, path))
    return results, found


def timelines(
    args: argparse.Namespace, classifier: VideoClassifier, bar: Progress, failed: dict[str, str]
) -> Any:
    """Classify videos window by window and write what that gives."""
    results, found = [], []
    args.out.mkdir(parents=True, exist_ok=True)
    for video, place in stems(expanded(args.videos), args.out).items():
        with left_out(video, failed):
            timeline, files = timeline_of(video, place, args, classifier, bar)
            written = {kind: str(file) for kind, file in files.items()}
            results.append({**timeline.as_json(args.top_k), 'files': written})
            found.append(timeline)
    return results, found


@contextmanager
def left_out(video: str, failed: dict[str, str]) -> Iterator[None]:
    """Go on with the next video where one cannot be read or drawn."""
    try:
        yield
    except (VideoReadError, VideoWriteError) as error:
        failed[video] = str(error)


def timeline_of(
    video: str, place: Path, args: argparse.Namespace, classifier: VideoClassifier, bar: Progress
) -> tuple[Timeline, dict[str, Path]]:
    """Classify one video window by window and write what that gives, by kind."""
    task = bar.add_task(escape(f'windows of {Path(video).name}'), total=None)
    timeline = classifier.timeline(
        video,
        args.window,
        args.stride,
        args.all_views,
        lambda done, total: bar.update(task, completed=done, total=total),
    )
    files = {kind: place.with_name(f'{place.name}.{kind}') for kind in ('json', 'csv', 'png')}
    timeline.save_json(files['json'], args.top_k)
    timeline.save_csv(files['csv'])
    title = f'{Path(video).name}: windows of {args.window:g} s'
    picture = draw_timeline(
        timeline.starts, timeline.ends, timeline.scores, timeline.classes, title
    )
    save_picture(files['png'], picture)
    if args.overlay:
        path = place.with_name(f'{place.name}.mp4')
        files['overlay'] = overlay(classifier, timeline, path, bar)
    return timeline, files


def overlay(
    classifier: VideoClassifier,
    result: Prediction | Timeline,
    path: Path,
    bar: Progress | None = None,
) -> Path:
    """Write the video with the class of the moment, or of the whole, on every frame."""
    stream = classifier.open_stream(result.video)
    end = float(stream.times[-1])
    task = bar.add_task(escape(f'overlay of {path.name}'), total=len(stream)) if bar else None

    def draw(frame: np.ndarray, now: float) -> np.ndarray:
        best = result.nearest(now) if isinstance(result, Timeline) else result.top[0]
        note = f'{clock(round(now, 1))} of {clock(round(end, 1))}'
        return draw_label(frame, best.label, best.score, note)

    def advance(done: int, total: int) -> None:
        if bar:
            bar.update(task, completed=done)

    return overlay_video(stream, path, draw, advance)


def watch(args: argparse.Namespace, classifier: VideoClassifier) -> None:
    """Print the label of a live source until it ends or Ctrl-C is pressed."""
    if len(args.videos) != 1:
        raise ValueError(f'--live takes one source, got {len(args.videos)}')
    if args.timeline or args.overlay:
        raise ValueError('--live prints labels; --timeline and --overlay need files')
    shown = None
    for span, _ in classifier.live(args.videos[0], args.window, args.seconds, args.all_views):
        if args.json:
            print(json.dumps(span._asdict()), flush=True)
            continue
        if sys.stdout.isatty():
            print(f'\r{as_line(span)}\033[K', end='', flush=True)
        elif span.label != shown:  # a log needs changes only
            print(as_line(span), flush=True)
        shown = span.label
    if shown is not None and sys.stdout.isatty():
        print()


def as_line(span: Any) -> str:
    return f'{clock(round(span.end, 1)):>8}  {100 * span.score:5.1f} %  {span.label}'


def tables(found: list[Prediction | Timeline]) -> Table:
    """What a person reads."""
    table = Table('video', 'class', 'probability', box=None)
    if found and isinstance(found[0], Timeline):
        table = Table('video', 'from', 'to', 'class', 'probability', box=None)
    for one in found:
        name = escape(one.video)  # names may hold what rich takes for its markup
        if isinstance(one, Timeline):
            for span in one.segments():
                times = (clock(round(span.start, 1)), clock(round(span.end, 1)))
                table.add_row(name, *times, escape(span.label), f'{100 * span.score:.1f} %')
                name = ''
            continue
        for best in one.top:
            table.add_row(name, escape(best.label), f'{100 * best.score:.1f} %')
            name = ''
    return table


def run(args: argparse.Namespace) -> dict[str, str]:
    """Everything; returns why videos failed, by their names.  What else is wrong is raised."""
    for name in ('top_k', 'batch_size'):
        if getattr(args, name) < 1:
            raise ValueError(f'--{name.replace("_", "-")} must be positive')
    model = init_model(args.config, args.checkpoint, args.device, args.cfg_options)
    classifier = VideoClassifier(
        model,
        classes=args.classes,
        batch_size=args.batch_size,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )
    if args.live:
        watch(args, classifier)
        return {}
    failed: dict[str, str] = {}
    quiet = not sys.stderr.isatty()  # a log needs no bar
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        make = timelines if args.timeline else classify
        results, found = make(args, classifier, bar, failed)
    if args.json:
        print(json.dumps({'results': results, 'failed': failed}))
        return failed
    if found:
        Console(width=None if sys.stdout.isatty() else 200).print(tables(found), highlight=False)
    for result in results:
        written = result.get('files') or {k: v for k, v in result.items() if k == 'overlay'}
        if written:
            print(f'written: {", ".join(written.values())}')
    return failed


def main() -> int:
    try:
        failed = run(parse_args())
    except KeyboardInterrupt:
        print()
        return 0
    except (ValueError, OSError, VideoReadError) as error:
        print(f'classify.py: {error}', file=sys.stderr)
        return 1
    for reason in failed.values():
        print(f'classify.py: {reason}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
