"""Make small labelled video data out of nothing, for a first try and for tests.

python tools/data/synthesize.py actions data/actions
python tools/data/synthesize.py untrimmed data/untrimmed
python tools/data/synthesize.py people data/people
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmvideomae.errors import UserError
from mmvideomae.synthetic.motion import CLASS_NAMES, STYLES, Style
from mmvideomae.synthetic.motion_dataset import (
    SETTINGS_FILE,
    UNFINISHED_FILE,
    ActionsSettings,
    settings_text,
    write_actions,
)
from mmvideomae.synthetic.people import STYLE as PEOPLE
from mmvideomae.synthetic.people import PeopleSettings
from mmvideomae.synthetic.people_dataset import FOLDERS as PEOPLE_FOLDERS
from mmvideomae.synthetic.people_dataset import settings_text as people_text
from mmvideomae.synthetic.people_dataset import write_people
from mmvideomae.synthetic.untrimmed import UntrimmedSettings, write_untrimmed
from mmvideomae.synthetic.untrimmed import settings_text as untrimmed_text


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
    add_people(
        kinds.add_parser(
            'people',
            help='videos of several actors, each with its own motion, and boxes per second',
            description='H.264 videos of two or three textured actors. Through every whole second '
            'each of them makes a stroke of its own class; the frames of whole seconds themselves '
            'do not tell it. Writes OUT/videos/, OUT/{train,val}.csv (lines video,second,x1,y1,x2,'
            'y2,label,person below a header; boxes in shares of the frame, labels are names), '
            'OUT/actions/ (clips of single actors of other videos, and lists of them, path label '
            'with paths relative to OUT/actions, to fine-tune a classifier on), OUT/classes.txt, '
            'OUT/dataset.json.',
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


def add_people(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py people``."""
    add_common(parser)
    add_classes(parser, 4)
    for option, default, what in (
        ('--train', 60, 'training videos'),
        ('--val', 20, 'validation videos'),
        ('--train-clips', 2400, 'clips of single actors to train a classifier on'),
        ('--val-clips', 200, 'clips of single actors to validate it on'),
    ):
        parser.add_argument(
            option, type=int, default=default, help=f'{what} (default: %(default)s)'
        )
    for option, default, what in (
        ('--seconds', (10, 20), 'length of a video'),
        ('--act-seconds', (2, 4), 'how long actors keep their places and motions'),
    ):
        parser.add_argument(
            option,
            type=int,
            nargs=2,
            default=default,
            metavar=('MIN', 'MAX'),
            help=f'{what} (default: {default[0]} {default[1]})',
        )
    parser.add_argument(
        '--actors',
        type=int,
        nargs=2,
        default=PEOPLE.num_shapes,
        metavar=('MIN', 'MAX'),
        help='actors in a video (default: {} {})'.format(*PEOPLE.num_shapes),
    )
    parser.add_argument(
        '--clip-actors',
        type=int,
        nargs=2,
        metavar=('MIN', 'MAX'),
        help='actors around in clips of a single actor (default: as in videos)',
    )
    parser.add_argument(
        '--crop',
        type=int,
        default=48,
        help='side in pixels of clips of a single actor (default: %(default)s)',
    )
    parser.add_argument(
        '--random-polarity',
        action=argparse.BooleanOptionalAction,
        default=PEOPLE.random_polarity,
        help='actors are brighter or darker than the ground at random, which makes motion harder '
        'to see, or always brighter (default: at random)',
    )
    parser.add_argument(
        '--size', type=parse_size, default='96x128', help='HxW in pixels (default: %(default)s)'
    )
    parser.add_argument(
        '--fps', type=float, default=20.0, help='frames per second (default: %(default)s)'
    )
    add_speed(parser, 'about a hundredth')
    parser.set_defaults(make=make_people)


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
    add_speed(parser, 'as the difficulty says')


def add_speed(parser: argparse.ArgumentParser, default: str) -> None:
    """How fast things move."""
    parser.add_argument(
        '--speed',
        type=float,
        nargs=2,
        metavar=('MIN', 'MAX'),
        help=f'translation per frame in shorter sides (default: {default})',
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


def people_settings(args: argparse.Namespace) -> PeopleSettings:
    """The settings that the command line asks for; ``ValueError`` says what is wrong."""
    style = replace(PEOPLE, num_shapes=tuple(args.actors), random_polarity=args.random_polarity)
    if args.speed is not None:
        style = replace(style, speed=tuple(args.speed))
    return PeopleSettings(
        videos={'train': args.train, 'val': args.val},
        clips={'train': args.train_clips, 'val': args.val_clips},
        classes=args.classes,
        size=args.size,
        fps=args.fps,
        seconds=tuple(args.seconds),
        act_seconds=tuple(args.act_seconds),
        crop=args.crop,
        clip_actors=tuple(args.clip_actors) if args.clip_actors else None,
        style=style,
        seed=args.seed,
    )


def make_actions(args: argparse.Namespace) -> dict[str, object]:
    """Write the clips, unless the same ones stand there already; returns the summary."""
    settings = actions_settings(args)
    text, total = settings_text(settings), sum(settings.clips.values())
    return make(args, text, write_actions(args.out, settings, args.workers), {'clips': total})


def make_untrimmed(args: argparse.Namespace) -> dict[str, object]:
    """Write the videos, unless the same ones stand there already; returns the summary."""
    settings = untrimmed_settings(args)
    text, total = untrimmed_text(settings), sum(settings.videos.values())
    return make(args, text, write_untrimmed(args.out, settings, args.workers), {'videos': total})


def make_people(args: argparse.Namespace) -> dict[str, object]:
    """Write videos and clips, unless the same ones stand there already; returns the summary."""
    settings = people_settings(args)
    counts = {'videos': sum(settings.videos.values()), 'clips': sum(settings.clips.values())}
    written = write_people(args.out, settings, args.workers)
    return make(args, people_text(settings), written, counts, PEOPLE_FOLDERS)


def make(
    args: argparse.Namespace,
    wanted: str,
    written: Iterable[object],
    counts: dict[str, int],
    folders: Sequence[str] = ('videos',),
) -> dict[str, object]:
    """Let ``written``, a lazy iterable, write the data whose settings are the text ``wanted``."""
    total = sum(counts.values())
    summary: dict[str, object] = {'kind': args.kind, 'out': str(args.out), **counts}
    if not prepare_folder(args.out, wanted, args.overwrite, folders):
        return {**summary, 'written': 0}
    start = time.perf_counter()
    for _ in track(written, ' and '.join(counts), total=total, console=Console(stderr=True)):
        pass
    seconds = time.perf_counter() - start
    rate = f'{next(iter(counts))}_per_second'
    return {
        **summary,
        'written': total,
        'seconds': round(seconds, 2),
        rate: round(next(iter(counts.values())) / seconds, 1),
    }


def prepare_folder(out: Path, wanted: str, overwrite: bool, folders: Sequence[str]) -> bool:
    """Whether there is something to write: false where the same data stands whole.

    Begun data of the same settings is begun again; other data (of files in ``folders``) is
    refused, and removed only with ``overwrite``.
    """
    whole, begun = out / SETTINGS_FILE, out / UNFINISHED_FILE
    found = next((file.read_text() for file in (whole, begun) if file.is_file()), None)
    if not overwrite and found == wanted and whole.is_file():
        return False
    standing = [out / name for name in folders if (out / name).exists()]
    if not overwrite and found != wanted and (found is not None or standing):
        raise ValueError(f'{out} holds other data: choose another folder, or --overwrite')
    for folder in standing:
        shutil.rmtree(folder)
    return True


def main() -> int:
    args = parse_args()
    try:
        summary = args.make(args)
    except (UserError, ValueError, OSError) as error:
        print(f'synthesize.py: {error}', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
        return 0
    counts = ' and '.join(f'{summary[k]} {k}' for k in ('videos', 'clips') if k in summary)
    if not summary['written']:
        print(f'{counts} stand in {summary["out"]} already')
    elif args.kind == 'people':
        print(f'{counts} in {summary["out"]}: {summary["seconds"]} s')
    else:
        what = 'clips' if args.kind == 'actions' else 'videos'
        rate = summary[f'{what}_per_second']
        print(f'{counts} in {summary["out"]}: {summary["seconds"]} s, {rate} {what}/s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
