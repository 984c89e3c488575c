"""Tell who does what in a video, with a detector of actions.

python tools/demo/detect.py CONFIG CKPT film.mp4 --out work_dirs/film --overlay \\
    --people mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py --people-checkpoint rtmdet_m.pth
python tools/demo/detect.py CONFIG CKPT film.mp4 --out work_dirs/film --people boxes.pkl
python tools/demo/detect.py CONFIG CKPT clip.mp4 --out work_dirs/clip --people whole_frame

VIDEO is a file or a folder of frames. People are found by a detector of mmdet, stand in a proposal
file (.pkl, .json or .csv, such as tools/data/ava/detect_people.py writes), or fill the whole frame.
DIR/NAME.json holds the people of every key frame, their boxes in pixels and their actions. With
--overlay DIR/NAME.mp4 is the video with boxes and actions on every frame: between two key frames
the box of a person moves from the one to the other. Actions are named by the config or --classes.
"""

import argparse
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from mmvideomae.apis import ActionDetector, DetectedActions, init_model
from mmvideomae.apis.box_tracks import BoxTracks
from mmvideomae.apis.key_frames import video_name
from mmvideomae.cli.options import add_cfg_options, add_frames
from mmvideomae.video.readers import VideoReadError
from mmvideomae.visualization.boxes import Said, ShownBox, draw_boxes
from mmvideomae.visualization.overlay_video import check_target, overlay_video
from mmvideomae.visualization.timeline import clock


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config of the detector of actions')
    parser.add_argument('checkpoint', metavar='CKPT', help='its weights')
    parser.add_argument('video', metavar='VIDEO', help='file or folder of frames')
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR', help='folder of what is written'
    )
    add_people(parser.add_argument_group('where people are'))
    parser.add_argument(
        '--classes',
        metavar='FILE',
        help='names of the actions, one to a line, or a label map (.pbtxt) (default: those that '
        'the config names)',
    )
    parser.add_argument(
        '--step',
        type=float,
        default=1.0,
        metavar='SECONDS',
        help='from one key frame to the next (default: %(default)s)',
    )
    parser.add_argument(
        '--min-score',
        type=float,
        default=0.3,
        metavar='X',
        help='leave out actions of lower scores (default: %(default)s)',
    )
    parser.add_argument(
        '--top-k', type=int, default=3, help='actions of a person at most (default: %(default)s)'
    )
    parser.add_argument('--overlay', action='store_true', help='write DIR/NAME.mp4')
    parser.add_argument(
        '--batch-size', type=int, default=4, help='key frames at a time (default: %(default)s)'
    )
    add_frames(parser)
    parser.add_argument('--device', help='for example cpu or cuda:1 (default: a GPU if any)')
    add_cfg_options(parser)
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def add_people(group: Any) -> None:
    """Where boxes of people come from."""
    group.add_argument(
        '--people',
        default='whole_frame',
        metavar='P',
        help='whole_frame, a proposal file, or a config of mmdet, which may be one that comes with '
        'it (mmdet::NAME) (default: %(default)s)',
    )
    group.add_argument('--people-checkpoint', metavar='F', help='weights of the config of mmdet')
    group.add_argument(
        '--min-box-score',
        type=float,
        default=0.8,
        metavar='X',
        help='leave out people of lower scores (default: %(default)s)',
    )
    group.add_argument(
        '--start-second',
        type=float,
        default=0.0,
        metavar='S',
        help='second of the first frame in the proposal file (default: %(default)s)',
    )


def make(args: argparse.Namespace) -> tuple[dict[str, Any], DetectedActions]:
    """Everything but what is printed; wrong input is raised."""
    if args.top_k < 1:
        raise ValueError('--top-k must be positive')
    if args.overlay:  # before all the work
        check_target(args.out / f'{video_name(args.video)}.mp4', args.video)
    detector = build(args)
    quiet = not sys.stderr.isatty()  # a log needs no bar
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task(escape(f'key frames of {Path(args.video).name}'), total=None)
        found = detector(
            args.video,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            start_second=args.start_second,
        ).at_least(args.min_score, args.top_k)
        args.out.mkdir(parents=True, exist_ok=True)
        result, file = found.to_dict(), args.out / f'{found.video_id}.json'
        file.write_text(json.dumps(result, indent=1) + '\n', encoding='utf-8')
        files = {'json': str(file)}
        if args.overlay:
            path = args.out / f'{found.video_id}.mp4'
            files['overlay'] = str(overlay(detector, found, path, bar))
    return {**result, 'files': files}, found


def build(args: argparse.Namespace) -> ActionDetector:
    """The detector that the options ask for."""
    return ActionDetector(
        init_model(args.config, args.checkpoint, args.device, args.cfg_options),
        classes=args.classes,
        people=args.people,
        people_checkpoint=args.people_checkpoint,
        min_box_score=args.min_box_score,
        step_seconds=args.step,
        batch_size=args.batch_size,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )


def overlay(detector: ActionDetector, found: DetectedActions, path: Path, bar: Progress) -> Path:
    """Write the video with everybody who is seen, and what they do, on every frame."""
    tracks = BoxTracks(found)
    task = bar.add_task(escape(f'overlay of {path.name}'), total=None)

    def draw(frame: np.ndarray, now: float) -> np.ndarray:
        shown = [
            ShownBox(
                sight.box.tolist(),
                [Said(one.label, one.score) for one in sight.actions],
                sight.person,
            )
            for sight in tracks.at(now)
        ]
        return draw_boxes(frame, shown)

    return overlay_video(
        detector.open_stream(found.video),
        path,
        draw,
        lambda done, total: bar.update(task, completed=done, total=total),
    )


def table_of(found: DetectedActions) -> Table:
    """The people of every key frame and their actions."""
    table = Table('time', 'box', 'person', 'actions', box=None)
    for frame in found:
        time = clock(round(frame.second, 1))
        for box, score, actions in zip(frame.boxes, frame.box_scores, frame.actions, strict=True):
            edges = ' '.join(f'{edge:.0f}' for edge in box)
            said = ', '.join(f'{escape(one.label)} {100 * one.score:.0f} %' for one in actions)
            table.add_row(time, edges, f'{100 * score:.0f} %', said)
            time = ''
        if not len(frame.boxes):
            table.add_row(time, '', '', 'nobody')
    return table


def main() -> int:
    args = parse_args()
    try:
        with redirect_stdout(sys.stderr):  # where mmengine logs; stdout is for the result
            summary, found = make(args)
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError, VideoReadError) as error:
        print(f'detect.py: {error}', file=sys.stderr)
        return 1
    except torch.cuda.OutOfMemoryError:
        print('detect.py: out of GPU memory: lower --batch-size', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
    else:
        console = Console(width=None if sys.stdout.isatty() else 200)
        console.print(table_of(found), highlight=False)
        print(f'written: {", ".join(summary["files"].values())}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
