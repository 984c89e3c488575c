"""Draw masked codes, for ``mmvideomae masked-codes``."""

import argparse
from collections import defaultdict
from typing import Any

import numpy as np
from rich.table import Table

from mmvideomae.analysis.masked_clips import MaskedClips
from mmvideomae.apis import init_tokenizer
from mmvideomae.cli.tool import Told, watched
from mmvideomae.jobs.video_jobs import jobs_of
from mmvideomae.visualization.files import save_picture


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
