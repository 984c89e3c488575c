"""Draw how a pre-trained model reconstructs the hidden part of a video, or a tokenizer all of it.

python tools/visualizations/reconstruct.py CONFIG CKPT video.mp4 picture.png
"""

import argparse
import sys
from pathlib import Path

from mmvideomae.apis import Reconstructor, init_model
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.visualization.figure import LAYOUTS
from mmvideomae.visualization.reconstruction import STATISTICS


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', metavar='CONFIG', help='config of the pre-training')
    add('checkpoint', metavar='CKPT', help='its checkpoint')
    add('video', metavar='VIDEO', help='video file')
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
        choices=LAYOUTS,
    )
    add_option(
        parser,
        '--statistics',
        'ground_truth',
        'source of the mean and deviation of patches if the model predicts normalised ones; '
        "ground_truth: the original's own, as in the papers; visible: estimated from "
        'visible patches; none: mid-grey',
        choices=STATISTICS,
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


def make(args: argparse.Namespace) -> Told:
    out = (
        args.out if args.out.suffix or not args.format else args.out.with_suffix(f'.{args.format}')
    )
    if args.format and out.suffix.lower() != f'.{args.format}':
        raise ValueError(f'--format {args.format} contradicts the name {out}')
    model = init_model(args.config, args.checkpoint, args.device, args.cfg_options)
    reconstructor = Reconstructor(model, args.statistics, args.all_tokens, args.seed)
    clip = reconstructor(args.video, args.mask_ratios or 'usual', args.start, args.stride)
    clip.save(out, args.layout, args.frames, args.fps)
    summary = {
        'out': str(out),
        'video': args.video,
        'seconds': [round(float(second), 4) for second in clip.seconds[[0, -1]]],
        'note': clip.views[0].note,
        'masks': [
            {'masked_share': round(view.masked_share, 4), 'loss': view.loss} for view in clip.views
        ],
    }
    losses = ', '.join(
        f'{view.loss:.3f} at {100 * view.masked_share:.1f} % hidden' for view in clip.views
    )
    return Told(summary, [f'{out}: loss {losses}', summary['note']])


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
