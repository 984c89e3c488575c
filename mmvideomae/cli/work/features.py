"""Extract features, for ``mmvideomae features``."""

import argparse
import shlex
from functools import partial

from mmvideomae.apis import FeatureExtractor
from mmvideomae.apis.features.jobs import extract_all
from mmvideomae.apis.inference import process_device
from mmvideomae.cli.feature_options import feature_settings
from mmvideomae.cli.job_display import told_of_share, work_on_share
from mmvideomae.cli.tool import Told
from mmvideomae.configs import apply_options, read_config
from mmvideomae.jobs.cluster import Share
from mmvideomae.jobs.video_jobs import jobs_of


def make(args: argparse.Namespace) -> Told:
    """Extract this process's share."""
    everything = jobs_of(args.videos, args.data_prefix, args.filename_tmpl)
    summary = work_on_share(everything, 'windows', partial(_share, args), args)
    speed = round(summary['windows'] / max(summary['seconds'], 1e-9), 2)
    summary |= {'windows_per_second': speed, 'out': str(args.out)}
    windows = f'{summary["windows"]} windows, {speed} per second'
    words = ['mmvideomae', 'data', 'analyze-segments', 'ANNOTATIONS', '--features', str(args.out)]
    what = f'extracted into {args.out} ({windows})'
    return told_of_share(summary, what, following=shlex.join(words))


def _share(args: argparse.Namespace) -> Share:
    """What extracts features in one process."""
    extractor = _build(args)
    return Share(
        lambda jobs, progress: extract_all(extractor, jobs, args.out, progress),
        extractor.expected(),
    )


def _build(args: argparse.Namespace) -> FeatureExtractor:
    """The extractor that the options describe, on the GPU of this process."""
    cfg = read_config(args.config)
    apply_options(cfg, args.cfg_options)
    return FeatureExtractor(
        cfg,
        args.checkpoint,
        preset=args.preset,
        settings=feature_settings(args),
        device=process_device(args.device),
        batch_size=args.batch_size,
        precision=args.precision,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )
