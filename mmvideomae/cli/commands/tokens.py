"""Extract the codes of videos once, so that VIMPAC learns from files instead of pixels.

mmvideomae tokens CONFIG data/howto100m/videos data/howto100m/codes
mmvideomae tokens CONFIG data/ucf101/videos data/ucf101/codes \\
    --fps 16 --size 256 --views all
torchrun --nproc-per-node 8 -m mmvideomae tokens CONFIG VIDEOS OUT

CONFIG has a tokenizer, whose weights come from --checkpoint or from its own init_cfg.  VIDEOS is a
folder of videos or of folders of frames, a list of them, or one of them.  Each video gives
OUT/NAME/VIEW.npy, int16 (frames, rows, columns), for every view, and OUT/codes.json records how all
were made.  Pre-training uses 2 frames per second and the centre; fine-tuning uses 16 frames per
second and all views, or the unmirrored ones if left and right are different classes.

Finished videos are skipped, so that the same command continues an interrupted run; if a video
fails, the reason is written to OUT/NAME.error and the other videos continue.  The processes of
torchrun and Slurm arrays (sbatch --array=0-7) divide the videos among themselves.

The exit status is 0 if all videos of the process have their codes, 1 on invalid input, and 3 if
some videos failed.
"""

import argparse
from pathlib import Path
from typing import Any

from mmvideomae.cli.inputs import checkpoint_path, config_path, video_path
from mmvideomae.cli.job_display import add_engine
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_tool, tool_parser

_PLACES = ('top', 'centre', 'bottom')
CODE_VIEWS: dict[str, dict[str, Any]] = {
    'centre': {},
    'crops': {'positions': _PLACES},
    'unmirrored': {'positions': _PLACES, 'scales': (1, 1.25)},
    'all': {'positions': _PLACES, 'scales': (1, 1.25), 'flip': True},
}


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add(
        'config',
        type=config_path,
        metavar='CONFIG',
        help='config of a tokenizer, or of a model that learns from its codes',
    )
    add('videos', type=video_path, metavar='VIDEOS', help='folder, list or single video')
    add('out', type=Path, metavar='OUT', help='folder for the codes')
    add(
        '--checkpoint',
        type=checkpoint_path,
        metavar='CKPT',
        help='weights of the tokenizer or of a model that has it',
    )
    add_option(parser, '--fps', 2.0, 'encoded frames per second')
    add_option(parser, '--size', 128, 'side of the views in pixels')
    add_option(
        parser,
        '--views',
        'centre',
        'crops are 3, unmirrored 6 (short sides of 1 and 1.25 times the size), all 12',
        choices=CODE_VIEWS,
    )
    add('--data-prefix', default='', metavar='FOLDER', help='folder before the paths of a list')
    what = 'file names in a folder of frames'
    add_option(parser, '--filename-tmpl', 'img_{:05}.jpg', what, metavar='NAME')
    add_option(parser, '--folder-fps', 25.0, 'frame rate of folders of frames')
    add_option(parser, '--batch-size', 64, 'views per batch')
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser)
    add_engine(parser)
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(
        options(), 'mmvideomae.cli.work.tokens', 'interrupted; repeat the command to continue'
    )
