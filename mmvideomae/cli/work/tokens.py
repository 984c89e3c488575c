"""Extract codes, for ``mmvideomae tokens``."""

import argparse
from dataclasses import asdict
from functools import partial

from mmvideomae.apis import init_tokenizer
from mmvideomae.apis.inference import process_device
from mmvideomae.cli.commands.tokens import CODE_VIEWS
from mmvideomae.cli.job_display import told_of_share, work_on_share
from mmvideomae.cli.tool import Told
from mmvideomae.jobs.cluster import Share
from mmvideomae.jobs.video_jobs import jobs_of
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.preparation.codes.jobs import extract_codes


def make(args: argparse.Namespace) -> Told:
    """Extract this process's share."""
    everything = jobs_of(args.videos, args.data_prefix, args.filename_tmpl)
    summary = work_on_share(everything, 'frames', partial(_share, args), args)
    speed = round(summary['frames'] / max(summary['seconds'], 1e-9), 2)
    summary |= {'frames_per_second': speed, 'out': str(args.out)}
    views = len(summary['settings']['views'])
    frames = f'{summary["frames"]} frames in {views} views, {speed} per second'
    return told_of_share(summary, f'extracted into {args.out} ({frames})')


def _share(args: argparse.Namespace) -> Share:
    """What extracts codes in one process."""
    extractor = CodeExtractor(
        init_tokenizer(args.config, args.checkpoint, process_device(args.device), args.cfg_options),
        args.fps,
        args.size,
        **CODE_VIEWS[args.views],
        batch_size=args.batch_size,
        filename_tmpl=args.filename_tmpl,
        folder_fps=args.folder_fps,
    )
    return Share(
        lambda jobs, progress: extract_codes(extractor, jobs, args.out, progress),
        asdict(extractor.info),
    )
