"""Make small labelled video data out of nothing, for a first try and for tests.

python tools/data/synthesize.py actions data/actions
python tools/data/synthesize.py untrimmed data/untrimmed
"""

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmvideomae.testing.motion import CLASS_NAMES, STYLES, Style
from mmvideomae.testing.motion_dataset import (
    SETTINGS_FILE,
    UNFINISHED_FILE,
    ActionsSettings,
    settings_text,
    write_actions,
)
from mmvideomae.testing.untrimmed import UntrimmedSettings, write_untrimmed
from mmvideomae.testing.untrimmed import settings_text as untrimmed_text


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest='kind', required=True, metavar='KIND')
    add_actions(
        kinds.add_parser(
            'actions',
            help='short clips in which only motion tells the class',
            description='Short H.264 clips of shapes that translate, turn or zoom. Motion alone '
            'tells the class: every frame by itself is drawn alike for all classes. Writes '
            'OUT/videos/, the lists OUT/{train,val,test}.csv (path label), OUT/unlabelled.csv and '
            'OUT/pretrain.csv (paths of train and unlabelled), OUT/classes.txt, OUT/dataset.json.',
        )
    )
    add_untrimmed(
        kinds.add_parser(
            'untrimmed',
            help='long videos with annotated motion segments on idle background',
            description='Long H.264 videos of shapes that stand still and, from time to time, move '
            'for some seconds as one of the classes says. Motion alone tells the class, and '
            'whether anything happens. Writes OUT/videos/, OUT/annotation.json (layout of '
            'ActivityNet, subsets training and validation), OUT/{train,val}.csv (path start total '
            'label of the segments, to fine-tune on), OUT/classes.txt, OUT/dataset.json.',
        )
    )
    return parser.parse_args()


def add_actions(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py actions``."""
    add_common(parser)
    add_classes(parser, 8)
    count = parser.add_mutually_exclusive_group()
    count.add_argument(
        '--clips', type=int, default=1000, help='labelled clips in all (default: %(default)s)'
    )
    count.add_argument('--clips-per-class', type=int, help='labelled clips of each class')
    parser.add_argument(
        '--splits',
        type=float,
        nargs=3,
        default=(0.6, 0.2, 0.2),
        metavar=('TRAIN', 'VAL', 'TEST'),
        help='shares of the labelled clips, adding up to 1 (default: 0.6 0.2 0.2)',
    )
    parser.add_argument(
        '--unlabelled', type=int, default=0, help='more clips, without labels, to pre-train on'
    )
    parser.add_argument(
        '--frames', type=int, default=40, help='frames per clip (default: %(default)s)'
    )
    add_looks(parser, '64', 25.0)
    parser.set_defaults(make=make_actions)


def add_untrimmed(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py untrimmed``."""
    add_common(parser)
    add_classes(parser, 4)
    parser.add_argument(
        '--train', type=int, default=60, help='training videos (default: %(default)s)'
    )
    parser.add_argument(
        '--val', type=int, default=20, help='validation videos (default: %(default)s)'
    )
    for option, default, what in (
        ('--seconds', (20.0, 60.0), 'length of a video'),
        ('--segment-seconds', (2.0, 6.0), 'length of a motion'),
        ('--gap-seconds', (1.0, 5.0), 'stillness between two motions'),
    ):
        parser.add_argument(
            option,
            type=float,
            nargs=2,
            default=default,
            metavar=('MIN', 'MAX'),
            help=f'{what} (default: {default[0]:g} {default[1]:g})',
        )
    add_looks(parser, '40', 10.0)
    parser.set_defaults(make=make_untrimmed)


def add_classes(parser: argparse.ArgumentParser, default: int) -> None:
    """How many classes there are."""
    parser.add_argument(
        '--classes',
        type=int,
        default=default,
        help=f'classes, the first of (default: %(default)s): {", ".join(CLASS_NAMES)}',
    )


def add_looks(parser: argparse.ArgumentParser, size: str, fps: float) -> None:
    """How videos look and how fast they move."""
    parser.add_argument(
        '--size', type=parse_size, default=size, help='side or HxW in pixels (default: %(default)s)'
    )
    parser.add_argument(
        '--fps', type=float, default=fps, help='frames per second (default: %(default)s)'
    )
    parser.add_argument(
        '--difficulty',
        choices=sorted(STYLES),
        default='easy',
        help='easy: bright shapes on a darker ground; hard: random polarity and textures; crowd: '
        'many fast shapes of random polarity (the data of `make demo` and `make claims`)',
    )
    parser.add_argument(
        '--textures',
        action=argparse.BooleanOptionalAction,
        help='textured shapes and grounds, whatever the difficulty says',
    )
    parser.add_argument(
        '--speed',
        type=float,
        nargs=2,
        metavar=('MIN', 'MAX'),
        help='translation per frame in shorter sides (default: as the difficulty says)',
    )


def add_common(parser: argparse.ArgumentParser) -> None:
    """What every kind of data asks."""
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write')
    parser.add_argument('--seed', type=int, default=0, help='the same seed makes the same files')
    parser.add_argument(
        '--workers', type=int, default=min(8, os.cpu_count() or 1), help='processes'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace what stands in OUT')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')


def parse_size(text: str) -> tuple[int, int]:
    """``'64'`` or ``'48x64'`` -> (H, W) in pixels."""
    sides = text.lower().split('x')
    if len(sides) > 2 or not all(side.isdigit() for side in sides):
        raise argparse.ArgumentTypeError(f'{text!r} is neither a side nor HxW in pixels')
    return int(sides[0]), int(sides[-1])


def actions_settings(args: argparse.Namespace) -> ActionsSettings:
    """The settings that the command line asks for; ``ValueError`` says what is wrong."""
    if min(args.splits) < 0 or abs(sum(args.splits) - 1) > 1e-6:
        raise ValueError(f'--splits {args.splits} must be three shares that add up to 1')
    total = args.clips if args.clips_per_class is None else args.clips_per_class * args.classes
    train, val = (round(total * share) for share in args.splits[:2])
    return ActionsSettings(
        clips={
            'train': train,
            'val': val,
            'test': total - train - val,
            'unlabelled': args.unlabelled,
        },
        classes=args.classes,
        size=args.size,
        frames=args.frames,
        fps=args.fps,
        style=style_asked(args),
        seed=args.seed,
    )


def untrimmed_settings(args: argparse.Namespace) -> UntrimmedSettings:
    """The settings that the command line asks for; ``ValueError`` says what is wrong."""
    return UntrimmedSettings(
        videos={'train': args.train, 'val': args.val},
        classes=args.classes,
        size=args.size,
        fps=args.fps,
        seconds=tuple(args.seconds),
        segment_seconds=tuple(args.segment_seconds),
        gap_seconds=tuple(args.gap_seconds),
        style=style_asked(args),
        seed=args.seed,
    )


def style_asked(args: argparse.Namespace) -> Style:
    """The difficulty with what is changed of it."""
    style = STYLES[args.difficulty]
    if args.textures is not None:
        style = replace(style, textured=args.textures)
    if args.speed is not None:
        style = replace(style, speed=tuple(args.speed))
    return style


def make_untrimmed(args: argparse.Namespace) -> dict[str, object]:
    """Write the videos, unless the same ones stand there already; returns the summary."""
    settings = untrimmed_settings(args)
    videos = sum(settings.videos.values())
    summary: dict[str, object] = {'kind': 'untrimmed', 'out': str(args.out), 'videos': videos}
    if not prepare_folder(args.out, untrimmed_text(settings), args.overwrite):
        return {**summary, 'written': 0}
    start = time.perf_counter()
    written = write_untrimmed(args.out, settings, args.workers)
    for _ in track(written, 'videos', total=videos, console=Console(stderr=True)):
        pass
    seconds = time.perf_counter() - start
    return {
        **summary,
        'written': videos,
        'seconds': round(seconds, 2),
        'videos_per_second': round(videos / seconds, 1),
    }


def make_actions(args: argparse.Namespace) -> dict[str, object]:
    """Write the clips, unless the same ones stand there already; returns the summary."""
    settings = actions_settings(args)
    clips = sum(settings.clips.values())
    summary: dict[str, object] = {'kind': 'actions', 'out': str(args.out), 'clips': clips}
    if not prepare_folder(args.out, settings_text(settings), args.overwrite):
        return {**summary, 'written': 0}
    start = time.perf_counter()
    written = write_actions(args.out, settings, args.workers)
    for _ in track(written, 'clips', total=clips, console=Console(stderr=True)):
        pass
    seconds = time.perf_counter() - start
    return {
        **summary,
        'written': clips,
        'seconds': round(seconds, 2),
        'clips_per_second': round(clips / seconds, 1),
    }


def prepare_folder(out: Path, wanted: str, overwrite: bool) -> bool:
    """Whether there is something to write: false where the same data stands whole.

    Begun data of the same settings is begun again; other data is refused, and removed
    only with ``overwrite``.
    """
    whole, begun = out / SETTINGS_FILE, out / UNFINISHED_FILE
    found = next((file.read_text() for file in (whole, begun) if file.is_file()), None)
    if not overwrite and found == wanted and whole.is_file():
        return False
    videos = out / 'videos'
    if not overwrite and found != wanted and (found is not None or videos.exists()):
        raise ValueError(f'{out} holds other data: choose another folder, or --overwrite')
    if videos.exists():
        shutil.rmtree(videos)
    return True


def main() -> int:
    args = parse_args()
    try:
        summary = args.make(args)
    except (ValueError, OSError) as error:
        print(f'synthesize.py: {error}', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
        return 0
    what = 'clips' if args.kind == 'actions' else 'videos'
    if summary['written']:
        print(
            f'{summary[what]} {what} in {summary["out"]}: {summary["seconds"]} s, '
            f'{summary[f"{what}_per_second"]} {what}/s'
        )
    else:
        print(f'{summary[what]} {what} stand in {summary["out"]} already')
    return 0


if __name__ == '__main__':
    sys.exit(main())
