"""Draw what a pre-trained model makes of the hidden part of a video.

python tools/visualizations/reconstruct.py CONFIG CKPT video.mp4 picture.png
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mmvideomae.apis import Reconstructor, init_model
from mmvideomae.cli.options import add_cfg_options
from mmvideomae.video.readers import VideoReadError
from mmvideomae.visualization.figure import LAYOUTS
from mmvideomae.visualization.reconstruction import STATISTICS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config of the pre-training')
    parser.add_argument('checkpoint', metavar='CKPT', help='checkpoint that it wrote')
    parser.add_argument('video', metavar='VIDEO', help='video file')
    parser.add_argument(
        'out', metavar='OUT', type=Path, help='picture.png, animation.gif or animation.mp4'
    )
    parser.add_argument(
        '--format',
        choices=('png', 'gif', 'mp4'),
        help='where the name of OUT has no suffix that tells',
    )
    parser.add_argument(
        '--mask-ratios',
        type=float,
        nargs='+',
        default=(0.75, 0.9, 0.95),
        metavar='R',
        help='shares of hidden tokens, side by side (default: 0.75 0.9 0.95)',
    )
    parser.add_argument(
        '--frames', type=int, default=8, help='frames in a still (default: %(default)s)'
    )
    parser.add_argument(
        '--layout',
        choices=LAYOUTS,
        default='stacked',
        help='of a still; stacked: frames are columns and masks stand below one another; '
        'side_by_side: frames are rows, as in the papers (default: %(default)s)',
    )
    parser.add_argument(
        '--statistics',
        choices=STATISTICS,
        default='ground_truth',
        help='where mean and deviation of patches come from if the model predicts them '
        "normalised; ground_truth: the original's own, as in the papers; visible: estimated from "
        'visible patches; none: mid-grey (default: %(default)s)',
    )
    parser.add_argument(
        '--no-ground-truth-stats',
        dest='statistics',
        action='store_const',
        const='visible',
        help='the same as --statistics visible',
    )
    parser.add_argument(
        '--all-tokens',
        action='store_true',
        help='reconstruct every hidden token, also where training uses a decoder mask',
    )
    parser.add_argument(
        '--start', type=float, help='where the clip begins, in seconds (default: in the middle)'
    )
    parser.add_argument('--stride', type=int, help="frames between frames (default: the config's)")
    parser.add_argument('--fps', type=float, help="speed of an animation (default: the clip's)")
    parser.add_argument('--seed', type=int, default=0, help='of the masks (default: %(default)s)')
    parser.add_argument('--device', help='for example cpu or cuda:1 (default: a GPU if any)')
    add_cfg_options(parser)
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def reconstruct(args: argparse.Namespace) -> dict[str, Any]:
    """Write the picture and return what to tell about it."""
    out = (
        args.out if args.out.suffix or not args.format else args.out.with_suffix(f'.{args.format}')
    )
    if args.format and out.suffix.lower() != f'.{args.format}':
        raise ValueError(f'--format {args.format} contradicts the name {out}')
    model = init_model(args.config, args.checkpoint, args.device, args.cfg_options)
    reconstructor = Reconstructor(model, args.statistics, args.all_tokens, args.seed)
    clip = reconstructor(args.video, args.mask_ratios, args.start, args.stride)
    clip.save(out, args.layout, args.frames, args.fps)
    return {
        'out': str(out),
        'video': args.video,
        'seconds': [round(float(second), 4) for second in clip.seconds[[0, -1]]],
        'note': clip.views[0].note,
        'masks': [
            {'masked_share': round(view.masked_share, 4), 'loss': view.loss} for view in clip.views
        ],
    }


def main() -> int:
    args = parse_args()
    try:
        summary = reconstruct(args)
    except (ValueError, OSError, VideoReadError) as error:
        print(f'reconstruct.py: {error}', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
        return 0
    losses = ', '.join(
        f'{m["loss"]:.3f} at {100 * m["masked_share"]:.1f} %' for m in summary['masks']
    )
    print(f'{summary["out"]}: loss {losses} hidden')
    print(summary['note'])
    return 0


if __name__ == '__main__':
    sys.exit(main())
