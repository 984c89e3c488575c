"""Draw videos whose codes are hidden in blocks and one by one, and restored from neighbours.

python tools/visualizations/masked_codes.py CONFIG VIDEOS OUT --checkpoint CKPT

CONFIG has a tokenizer, whose weights come from --checkpoint or from its own init_cfg.  For every
video, OUT/NAME.png shows a clip, its decoded codes and, for each mask, what remains visible and the
result of copying the nearest visible code, from the same frame (spatial) or any frame
(spatio-temporal).  Nothing is trained: a network learns nothing from codes that this restores
(VIMPAC, Figure 4).  Copies are compared with the codes themselves and, when decoded, in decibels.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from mmvideomae.analysis.masked_clips import MaskedClips
from mmvideomae.apis import init_tokenizer
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser, watched
from mmvideomae.jobs.video_jobs import jobs_of
from mmvideomae.visualization.files import save_picture


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add(
        'config',
        metavar='CONFIG',
        help='config of a tokenizer, or of a model that learns from its codes',
    )
    add('videos', metavar='VIDEOS', help='folder, list or single video')
    add('out', type=Path, metavar='OUT', help='folder for the pictures')
    add('--checkpoint', metavar='CKPT', help='weights of the tokenizer or of a model with it')
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


def make(args: argparse.Namespace) -> Told:
    jobs = jobs_of(args.videos)[: args.limit]
    tokenizer = init_tokenizer(args.config, args.checkpoint, args.device, args.cfg_options)
    clips = MaskedClips(
        tokenizer, args.frames, args.fps, args.size, args.mask_ratios, args.draws, args.seed
    )
    videos = []
    for job in watched(jobs, 'videos'):
        clip = clips(job.path)
        path = save_picture(args.out / f'{job.video_id}.png', clip.picture())
        videos.append({'video': job.path, 'out': str(path), 'masks': clip.summaries})
    mean = _mean([mask for video in videos for mask in video['masks']])
    return Told(
        {'mean': mean, 'videos': videos}, [f'{len(videos)} pictures in {args.out}', _table(mean)]
    )


def _mean(masks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Averages over videos, by ratio and kind of mask."""
    rows = defaultdict(list)
    for mask in masks:
        rows[mask['ratio'], mask['mask']].append(mask)
    return [
        {
            'mask': kind,
            'ratio': ratio,
            'masked_share': round(float(np.mean([each['masked_share'] for each in found])), 4),
            **{
                measure: {
                    name: round(float(np.mean([each[measure][name] for each in found])), 4)
                    for name in found[0][measure]
                }
                for measure in ('accuracy', 'psnr')
            },
        }
        for (ratio, kind), found in rows.items()
    ]


def _table(mean: list[dict[str, Any]]) -> Table:
    table = Table('mask', 'asked', 'hidden', 'spatial copy', 'spatio-temporal copy')
    for row in mean:
        shares = [f'{100 * row[key]:.1f} %' for key in ('ratio', 'masked_share')]
        copies = zip(row['accuracy'].values(), row['psnr'].values(), strict=True)
        told = [f'{100 * accuracy:.1f} %, {psnr:.1f} dB' for accuracy, psnr in copies]
        table.add_row(row['mask'], *shares, *told)
    return table


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
