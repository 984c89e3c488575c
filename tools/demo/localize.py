"""Tell when something happens in videos, and what, with a temporal detector.

python tools/demo/localize.py FEATURE_CONFIG FEATURE_CKPT CONFIG CKPT film.mp4 --out work_dirs/film
python tools/demo/localize.py FEATURE_CONFIG FEATURE_CKPT CONFIG CKPT *.mp4 --out work_dirs/films \\
    --preset videomaev2_thumos14 --classes classes.txt --min-score 0.2

FEATURE_CONFIG makes the features, CONFIG detects segments in them: they must be those that the
detector was trained on.  OUT/segments.json holds the segments of all videos in ActivityNet's layout
of results, which tools/analysis_tools/eval_segments.py reads, and OUT/NAME.png shows those of one.
With --overlay OUT/NAME.mp4 is the video with the best segment of the moment written on it, with
--html OUT/NAME.html a page that plays the video above its segments and needs nothing else.
A video that cannot be read is told of and left out; the exit status is then 1.
"""

import argparse
import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from mmvideomae.apis import FoundSegments, TemporalLocalizer
from mmvideomae.apis.features import ExtractionError
from mmvideomae.apis.features.encoder import PRECISIONS
from mmvideomae.apis.features.settings import PRESET_NAMES
from mmvideomae.apis.temporal_localizer import activitynet_results
from mmvideomae.cli.options import OptionsAction, add_frames
from mmvideomae.errors import UserError
from mmvideomae.video.readers import VideoReadError
from mmvideomae.visualization.browser_video import browser_video
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.overlay import draw_label
from mmvideomae.visualization.overlay_video import check_target, overlay_video
from mmvideomae.visualization.segment_page import write_segment_page
from mmvideomae.visualization.timeline import clock, draw_segments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('feature_config', metavar='FEATURE_CONFIG', help='of the feature model')
    parser.add_argument('feature_checkpoint', metavar='FEATURE_CKPT', help='its weights')
    parser.add_argument('config', metavar='CONFIG', help='config of the detector')
    parser.add_argument('checkpoint', metavar='CKPT', help='its weights')
    parser.add_argument('videos', metavar='VIDEO', nargs='+', help='file or folder of frames')
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR', help='folder of what is written'
    )
    parser.add_argument(
        '--classes',
        metavar='FILE',
        help="names of the classes, one to a line (default: those in the detector's config)",
    )
    parser.add_argument(
        '--min-score',
        type=float,
        default=0.0,
        metavar='X',
        help='leave out segments of lower scores (default: none that the detector keeps)',
    )
    parser.add_argument(
        '--top-k', type=int, default=10, help='rows of the table for a video (default: %(default)s)'
    )
    parser.add_argument(
        '--preset',
        choices=PRESET_NAMES,
        help="windows and preprocessing (default: the feature config's, else finetuned)",
    )
    parser.add_argument(
        '--settings',
        nargs='+',
        action=OptionsAction,
        metavar='KEY=VALUE',
        help='what differs from the preset: window, stride, interval, offset, resize, size, ...',
    )
    add_reading(parser)
    parser.add_argument(
        '--overlay',
        action='store_true',
        help='write OUT/NAME.mp4; choose --min-score, for segments of low scores are everywhere',
    )
    parser.add_argument(
        '--html',
        action='store_true',
        help='write OUT/NAME.html, which holds the video itself; large files, and those that '
        'browsers do not play, as a silent copy of at most 640 pixels',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How videos are read and features computed."""
    parser.add_argument(
        '--batch-size', type=int, default=8, help='windows at a time (default: %(default)s)'
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default='auto',
        help='what features are computed in (default: float16 on a GPU, else float32)',
    )
    add_frames(parser)
    parser.add_argument('--device', help='for example cpu or cuda:1 (default: a GPU if any)')


def make(args: argparse.Namespace) -> tuple[dict[str, Any], list[FoundSegments]]:
    """Everything but what is printed; wrong input is raised."""
    if args.top_k < 1:
        raise ValueError('--top-k must be positive')
    names = [Path(video).stem for video in args.videos]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f'two videos are called {twice[0]!r}: rename one of them')
    localizer = build(args)
    found: list[FoundSegments] = []
    failed: dict[str, str] = {}
    written: dict[str, dict[str, str]] = {'pictures': {}, 'overlays': {}, 'pages': {}}
    args.out.mkdir(parents=True, exist_ok=True)
    quiet = not sys.stderr.isatty()  # a log needs no bar
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        for video in args.videos:
            try:
                if args.overlay:  # before all the work
                    check_target(args.out / f'{Path(video).stem}.mp4', video)
                one = localize(localizer, video, bar).at_least(args.min_score)
                files = illustrate(localizer, one, args, bar)
            except (VideoReadError, ExtractionError, ValueError) as error:
                failed[video] = str(error)
                continue
            found.append(one)
            for kind, path in files.items():
                written[kind][one.video_id] = str(path)
    results = activitynet_results(found)
    file = args.out / 'segments.json'
    if found:
        file.write_text(json.dumps(results, indent=1) + '\n', encoding='utf-8')
    files = {'segments': str(file) if found else None, **written}
    return {**results, 'files': files, 'failed': failed}, found


def build(args: argparse.Namespace) -> TemporalLocalizer:
    """The localizer that the options ask for."""
    return TemporalLocalizer(
        args.feature_config,
        args.feature_checkpoint,
        args.config,
        args.checkpoint,
        classes=args.classes,
        preset=args.preset,
        settings=args.settings,
        device=args.device,
        batch_size=args.batch_size,
        precision=args.precision,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )


def localize(localizer: TemporalLocalizer, video: str, bar: Progress) -> FoundSegments:
    task = bar.add_task(escape(f'windows of {Path(video).name}'), total=None)
    found = localizer(video, lambda done, total: bar.update(task, completed=done, total=total))
    bar.remove_task(task)
    return found


def illustrate(
    localizer: TemporalLocalizer, found: FoundSegments, args: argparse.Namespace, bar: Progress
) -> dict[str, Path]:
    """Write what is asked for of one video; paths by kind."""
    title = f'{Path(found.video).name}: {len(found)} segments'
    written = {}
    if args.overlay:
        written['overlays'] = overlay(localizer, found, args.out, bar)
    if args.html:
        written['pages'] = page(localizer, found, args.out / f'{found.video_id}.html', title, bar)
    picture = draw_segments(found, found.duration, title)
    written['pictures'] = save_picture(args.out / f'{found.video_id}.png', picture)
    return written


def page(
    localizer: TemporalLocalizer, found: FoundSegments, path: Path, title: str, bar: Progress
) -> Path:
    """Write the page that plays the video above its segments."""
    task = bar.add_task(escape(f'page {path.name}'), total=None)
    with (
        tempfile.TemporaryDirectory() as folder,
        localizer.extractor.open_stream(found.video) as stream,
    ):
        playable = browser_video(
            stream,
            Path(folder) / 'copy.mp4',
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        write_segment_page(path, playable, found, found.duration, title)
    bar.remove_task(task)
    return path


def overlay(localizer: TemporalLocalizer, found: FoundSegments, out: Path, bar: Progress) -> Path:
    """Write the video with the best segment of the moment, if any, on every frame."""
    path = out / f'{found.video_id}.mp4'
    task = bar.add_task(escape(f'overlay of {path.name}'), total=None)

    def draw(frame: np.ndarray, now: float) -> np.ndarray:
        best = next((span for span in found if span.start <= now < span.end), None)
        if best is None:
            return frame
        note = f'{clock(round(best.start, 1))} to {clock(round(best.end, 1))}'
        return draw_label(frame, best.label, best.score, note)

    overlay_video(
        localizer.extractor.open_stream(found.video),
        path,
        draw,
        lambda done, total: bar.update(task, completed=done, total=total),
    )
    bar.remove_task(task)
    return path


def table_of(found: list[FoundSegments], top_k: int) -> Table:
    """The best segments of each video."""
    table = Table('video', 'from', 'to', 'class', 'score', box=None)
    for one in found:
        name = escape(one.video)  # names may hold what rich takes for its markup
        for span in one[:top_k]:
            times = (clock(round(span.start, 1)), clock(round(span.end, 1)))
            table.add_row(name, *times, escape(span.label), f'{span.score:.3f}')
            name = ''
        if not len(one):
            table.add_row(name, '', '', 'no segments', '')
    return table


def main() -> int:
    args = parse_args()
    try:
        with redirect_stdout(sys.stderr):  # where mmengine logs; stdout is for the result
            summary, found = make(args)
    except KeyboardInterrupt:
        return 130
    except (UserError, ValueError, OSError) as error:
        print(f'localize.py: {error}', file=sys.stderr)
        return 1
    except torch.cuda.OutOfMemoryError:
        print('localize.py: out of GPU memory: lower --batch-size', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
    elif found:
        console = Console(width=None if sys.stdout.isatty() else 200)
        console.print(table_of(found, args.top_k), highlight=False)
        files = summary['files']
        kinds = ('pictures', 'overlays', 'pages')
        shown = [path for kind in kinds for path in files[kind].values()]
        print(f'written: {", ".join([files["segments"], *shown])}')
    for reason in summary['failed'].values():
        print(f'localize.py: {reason}', file=sys.stderr)
    return 1 if summary['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
