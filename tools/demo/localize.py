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
import sys
from pathlib import Path

from mmvideomae.apis.features.encoder import PRECISIONS
from mmvideomae.apis.features.settings import PRESET_NAMES
from mmvideomae.cli.demos.localize import make
from mmvideomae.cli.options import OptionsAction, add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('feature_config', metavar='FEATURE_CONFIG', help='of the feature model')
    add('feature_checkpoint', metavar='FEATURE_CKPT', help='its weights')
    add('config', metavar='CONFIG', help='config of the detector')
    add('checkpoint', metavar='CKPT', help='its weights')
    add('videos', metavar='VIDEO', nargs='+', help='file or folder of frames')
    add('--out', type=Path, required=True, metavar='DIR', help='folder of what is written')
    add(
        '--classes',
        metavar='FILE',
        help="names of the classes, one to a line (default: those in the detector's config)",
    )
    add(
        '--min-score',
        type=float,
        default=0.0,
        metavar='X',
        help='leave out segments of lower scores (default: none that the detector keeps)',
    )
    add_option(parser, '--top-k', 10, 'rows of the table for a video')
    add(
        '--preset',
        choices=PRESET_NAMES,
        help="windows and preprocessing (default: the feature config's, else finetuned)",
    )
    add(
        '--settings',
        nargs='+',
        action=OptionsAction,
        metavar='KEY=VALUE',
        help='what differs from the preset: window, stride, interval, offset, resize, size, ...',
    )
    add_reading(parser)
    add_option(
        parser,
        '--overlay',
        False,
        'write OUT/NAME.mp4; choose --min-score, for segments of low scores are everywhere',
    )
    add_option(
        parser,
        '--html',
        False,
        'write OUT/NAME.html, which holds the video itself; large files, and those that '
        'browsers do not play, as a silent copy of at most 640 pixels',
    )
    return parser


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How videos are read and features computed."""
    add_option(parser, '--batch-size', 8, 'windows at a time')
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default='auto',
        help='what features are computed in (default: float16 on a GPU, else float32)',
    )
    add_frames(parser)
    parser.add_argument('--device', help='for example cpu or cuda:1 (default: a GPU if any)')


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
