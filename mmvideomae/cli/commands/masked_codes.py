"""Draw videos whose codes are hidden in blocks and one by one, and restored from neighbours.

mmvideomae masked-codes CONFIG VIDEOS OUT --checkpoint CKPT

CONFIG has a tokenizer, whose weights come from --checkpoint or from its own init_cfg.  For every
video, OUT/NAME.png shows a clip, its decoded codes and, for each mask, what remains visible and the
result of copying the nearest visible code, from the same frame (spatial) or any frame
(spatio-temporal).  Nothing is trained: a network learns nothing from codes that this restores
(VIMPAC, Figure 4).  Copies are compared with the codes themselves and, when decoded, in decibels.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import checkpoint_path, config_path, video_path
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


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
    add('out', type=Path, metavar='OUT', help='folder for the pictures')
    add(
        '--checkpoint',
        type=checkpoint_path,
        metavar='CKPT',
        help='weights of the tokenizer or of a model with it',
    )
    add_option(parser, '--frames', 5, 'of a clip')
    add_option(parser, '--fps', 2.0, 'frames per second of a clip')
    add_option(parser, '--size', 128, 'side of frames in pixels')
    add(
        '--mask-ratios',
        type=float,
        nargs='+',
        default=(0.15, 0.45),
        metavar='R',
        help='shares of hidden codes (default: 0.15 0.45)',
    )
    add_option(parser, '--draws', 8, 'masks of each kind over which accuracies are averaged')
    add_option(parser, '--seed', 0, 'of the masks')
    add('--limit', type=int, metavar='N', help='use only the first N videos')
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser)
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.masked_codes')
