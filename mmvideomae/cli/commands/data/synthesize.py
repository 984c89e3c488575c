"""Synthesize small labelled video data for first experiments and tests.

mmvideomae data synthesize actions data/actions
mmvideomae data synthesize untrimmed data/untrimmed
mmvideomae data synthesize people data/people
"""

import argparse
import os
from pathlib import Path

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser
from mmvideomae.synthetic.motion import CLASS_NAMES, STYLES
from mmvideomae.synthetic.people import STYLE as PEOPLE


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    kinds = parser.add_subparsers(dest='kind', required=True, metavar='KIND')
    _add_actions(
        kinds.add_parser(
            'actions',
            help='short clips in which only motion reveals the class',
            description='Short H.264 clips of shapes that translate, turn or zoom. Only motion '
            'reveals the class: single frames look alike in all classes. Writes '
            'OUT/videos/, the lists OUT/{train,val,test}.csv (path label), OUT/unlabelled.csv and '
            'OUT/pretrain.csv (paths of train and unlabelled), OUT/classes.txt, OUT/dataset.json.',
        )
    )
    _add_untrimmed(
        kinds.add_parser(
            'untrimmed',
            help='long videos with annotated motion segments on idle background',
            description='Long H.264 videos of shapes that stand still and, from time to time, move '
            'for some seconds in the way of one class. Only motion reveals the class, and '
            "whether anything happens. Writes OUT/videos/, OUT/annotation.json (ActivityNet's "
            'layout, subsets training and validation), OUT/{train,val}.csv (path start total '
            'label of the segments, for fine-tuning), OUT/classes.txt, OUT/dataset.json.',
        )
    )
    _add_people(
        kinds.add_parser(
            'people',
            help='videos of several actors, each with its own motion, with boxes every second',
            description='H.264 videos of two or three textured actors. Around every whole second '
            'each of them makes a stroke of its own class; the frames at whole seconds do '
            'not reveal it. Writes OUT/videos/, OUT/{train,val}.csv (lines video,second,x1,y1,x2,'
            'y2,label,person below a header; boxes are fractions of the frame, labels are names), '
            'OUT/actions/ (clips of single actors from other videos, with lists, path label '
            'with paths relative to OUT/actions, to fine-tune a classifier), OUT/classes.txt, '
            'OUT/dataset.json.',
        )
    )
    return parser


def _add_actions(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py actions``."""
    _add_common(parser)
    _add_classes(parser, 8)
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
        '--unlabelled', type=int, default=0, help='further clips, without labels, for pre-training'
    )
    add_option(parser, '--frames', 40, 'frames per clip')
    _add_looks(parser, '64', 25.0)


def _add_untrimmed(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py untrimmed``."""
    _add_common(parser)
    _add_classes(parser, 4)
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
    _add_looks(parser, '40', 10.0)


def _add_people(parser: argparse.ArgumentParser) -> None:
    """The options of ``synthesize.py people``."""
    _add_common(parser)
    _add_classes(parser, 4)
    add_option(parser, '--train', 60, 'training videos')
    add_option(parser, '--val', 20, 'validation videos')
    add_option(parser, '--train-clips', 2400, 'clips of single actors to train a classifier on')
    add_option(parser, '--val-clips', 200, 'clips of single actors to validate it on')
    for option, default, what in (
        ('--seconds', (10, 20), 'length of a video'),
        ('--act-seconds', (2, 4), 'how long actors keep their positions and motions'),
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
        help='other actors in clips of a single actor (default: as in videos)',
    )
    add_option(parser, '--crop', 48, 'side of clips of a single actor, in pixels')
    parser.add_argument(
        '--random-polarity',
        action=argparse.BooleanOptionalAction,
        default=PEOPLE.random_polarity,
        help='actors are brighter or darker than the background at random, which makes motion '
        'harder to see, or always brighter (default: at random)',
    )
    parser.add_argument(
        '--size', type=_parse_size, default='96x128', help='HxW in pixels (default: %(default)s)'
    )
    add_option(parser, '--fps', 20.0, 'frames per second')
    _add_speed(parser, 'about a hundredth')


def _add_classes(parser: argparse.ArgumentParser, default: int) -> None:
    """The option for the number of classes."""
    parser.add_argument(
        '--classes',
        type=int,
        default=default,
        help=f'how many classes of {", ".join(CLASS_NAMES)} (default: %(default)s)',
    )


def _add_looks(parser: argparse.ArgumentParser, size: str, fps: float) -> None:
    """Options for the look and speed of videos."""
    parser.add_argument(
        '--size',
        type=_parse_size,
        default=size,
        help='side or HxW in pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--fps', type=float, default=fps, help='frames per second (default: %(default)s)'
    )
    parser.add_argument(
        '--difficulty',
        choices=sorted(STYLES),
        default='easy',
        help='easy: bright shapes on a darker background; hard: random polarity and textures; '
        'crowd: many fast shapes of random polarity (as in `make demo` and `make claims`)',
    )
    parser.add_argument(
        '--textures',
        action=argparse.BooleanOptionalAction,
        help='textured shapes and backgrounds, regardless of the difficulty',
    )
    _add_speed(parser, 'as the difficulty says')


def _add_speed(parser: argparse.ArgumentParser, default: str) -> None:
    """The option for the speed of shapes."""
    parser.add_argument(
        '--speed',
        type=float,
        nargs=2,
        metavar=('MIN', 'MAX'),
        help=f'translation per frame as a fraction of the shorter side (default: {default})',
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Options for all kinds of data."""
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write')
    parser.add_argument('--seed', type=int, default=0, help='the same seed gives the same files')
    parser.add_argument(
        '--workers', type=int, default=min(8, os.cpu_count() or 1), help='processes'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace existing data in OUT')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')


def _parse_size(text: str) -> tuple[int, int]:
    """``'64'`` or ``'48x64'`` -> (H, W) in pixels."""
    sides = text.lower().split('x')
    if len(sides) > 2 or not all(side.isdigit() for side in sides):
        raise argparse.ArgumentTypeError(f'{text!r} is neither a side in pixels nor HxW')
    return int(sides[0]), int(sides[-1])


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.data.synthesize', json_help=None)
