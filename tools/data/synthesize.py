"""Make small labelled video data out of nothing, for a first try and for tests.

python tools/data/synthesize.py actions data/actions
python tools/data/synthesize.py untrimmed data/untrimmed
python tools/data/synthesize.py people data/people
"""

import argparse
import os
import sys
from pathlib import Path

from mmvideomae.cli.options import add_option
from mmvideomae.cli.synthesize import make
from mmvideomae.cli.tool import run_tool, tool_parser
from mmvideomae.synthetic.motion import CLASS_NAMES, STYLES
from mmvideomae.synthetic.people import STYLE as PEOPLE


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
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
    return parser


def add_actions(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py actions``."""
    add_common(parser)
    add_classes(parser, 8)
    count = parser.add_mutually_exclusive_group()
    add_option(count, '--clips', 1000, 'labelled clips in all')
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
    add_option(parser, '--frames', 40, 'frames per clip')
    add_looks(parser, '64', 25.0)


def add_untrimmed(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py untrimmed``."""
    add_common(parser)
    add_classes(parser, 4)
    add_option(parser, '--train', 60, 'training videos')
    add_option(parser, '--val', 20, 'validation videos')
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
    add_option(parser, '--crop', 48, 'side in pixels of clips of a single actor')
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
    add_option(parser, '--fps', 20.0, 'frames per second')
    add_speed(parser, 'about a hundredth')


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


if __name__ == '__main__':
    sys.exit(run_tool(options(), make, json_help=None))
