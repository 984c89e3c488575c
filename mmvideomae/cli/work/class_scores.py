"""Score the classes of whole videos, for ``mmvideomae class-scores``."""

import argparse
from functools import partial
from pathlib import Path

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.apis.class_names import read_class_names
from mmvideomae.apis.inference import process_device
from mmvideomae.cli.job_display import told_of_share, work_on_share
from mmvideomae.cli.tool import Told, UsageError
from mmvideomae.jobs.cluster import Share
from mmvideomae.jobs.video_jobs import jobs_of
from mmvideomae.preparation.segments.class_scores import (
    ClassScorer,
    detector_classes,
    gather_scores,
    named_by,
    score_videos,
)


def make(args: argparse.Namespace) -> Told:
    """Score this process's share, and gather what is finished."""
    if args.out.suffix != '.json':
        raise UsageError(f'OUT must end in .json, got {args.out}')
    if args.window is not None and args.window <= 0:
        raise UsageError(f'--window must be positive seconds, got {args.window:g}')
    jobs = named_by(jobs_of(args.videos, args.data_prefix, args.filename_tmpl), args.name)
    folder = args.out.with_suffix('.parts')
    summary = work_on_share(jobs, 'scored videos', partial(_share, args, folder), args)
    missing = gather_scores(jobs, folder, args.out, summary['settings'])
    summary |= {'out': str(args.out), 'missing': missing}
    told = f'{missing} of {len(jobs)} videos have no scores yet' if missing else f'all {len(jobs)}'
    return told_of_share(summary, 'scored', f'written: {args.out} ({told})')


def _share(args: argparse.Namespace, folder: Path) -> Share:
    """What scores videos in one process."""
    model = init_model(args.config, args.checkpoint, process_device(args.device), args.cfg_options)
    classifier = VideoClassifier(
        model,
        classes=args.classifier_classes,
        batch_size=args.batch_size,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )
    classes = read_class_names(args.classes) if args.classes else detector_classes(args.annotation)
    scorer = ClassScorer(classifier, classes, args.window)
    return Share(
        lambda jobs, progress: score_videos(scorer, jobs, folder, progress), scorer.settings
    )
