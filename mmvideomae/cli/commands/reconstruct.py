"""Draw how a pre-trained model reconstructs the hidden part of a video, or a tokenizer all of it.

mmvideomae reconstruct CONFIG CKPT video.mp4 picture.png
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import checkpoint_path, config_path, video_path
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of the pre-training')
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='its checkpoint')
    add('video', type=video_path, metavar='VIDEO', help='video file')
    add('out', metavar='OUT', type=Path, help='picture.png, animation.gif or animation.mp4')
    add(
        '--format',
        choices=('png', 'gif', 'mp4'),
        help='format, if the name of OUT has no suffix',
    )
    add(
        '--mask-ratios',
        type=float,
        nargs='+',
        metavar='R',
        help='shares of hidden tokens, side by side (default: 0.75 0.9 0.95, or for codes the '
        "config's)",
    )
    add_option(parser, '--frames', 8, 'frames in a still')
    add_option(
        parser,
        '--layout',
        'stacked',
        'layout of a still; stacked: frames are columns and masks are below one another; '
        'side_by_side: frames are rows, as in the papers',
        choices=('stacked', 'side_by_side'),
    )
    add_option(
        parser,
        '--statistics',
        'ground_truth',
        'source of the mean and deviation of patches if the model predicts normalised ones; '
        "ground_truth: the original's own, as in the papers; visible: estimated from "
        'visible patches; none: mid-grey',
        choices=('ground_truth', 'visible', 'none'),
    )
    add(
        '--no-ground-truth-stats',
        dest='statistics',
        action='store_const',
        const='visible',
        help='the same as --statistics visible',
    )
    add_option(
        parser,
        '--all-tokens',
        False,
        'reconstruct every hidden token, even if training uses a decoder mask',
    )
    add('--start', type=float, help='start of the clip in seconds (default: in the middle)')
    add('--stride', type=int, help="distance between frames (default: the config's)")
    add('--fps', type=float, help="speed of an animation (default: the clip's)")
    add_option(parser, '--seed', 0, 'seed of the masks')
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser)
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.reconstruct')
