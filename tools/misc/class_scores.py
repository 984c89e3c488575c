"""Score the classes of whole videos, for detectors that find actions but not their classes.

python tools/misc/class_scores.py CONFIG CKPT data/activitynet/videos \\
    data/activitynet/class_scores.json \\
    --annotation data/activitynet/activity_net.v1-3.min.json --name 'v_{}'
python tools/test.py DETECTOR_CONFIG DETECTOR_CKPT \\
    --cfg-options model.external_scores.path=data/activitynet/class_scores.json

CONFIG is a classifier of the detector's classes, whose names are compared.  VIDEOS is a folder of
videos or of folders of frames, a list of them, or one of them.  OUT is JSON {"results": {VIDEO:
[score of class 0, ...]}, ...}, with classes in the order of the detector's data set: those of
--classes, or all labels of --annotation in alphabetical order.

Each video also gives a file in the folder OUT without suffix, with .parts.  Videos that have one
are skipped, so that the same command continues an interrupted run; if a video fails, the reason is
written there to NAME.error and the other videos continue.  The processes of torchrun and Slurm
arrays (sbatch --array=0-7) divide the videos among themselves; the last one completes OUT.

The exit status is 0 if all videos of the process have scores, 1 on invalid input, and 3 if some
videos failed.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.apis.class_names import read_class_names
from mmvideomae.apis.inference import process_device
from mmvideomae.cli.job_display import add_engine, told_of_share, work_on_share
from mmvideomae.cli.options import add_cfg_options, add_frames, add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.jobs.cluster import Share
from mmvideomae.jobs.video_jobs import jobs_of
from mmvideomae.preparation.segments.class_scores import (
    ClassScorer,
    detector_classes,
    gather_scores,
    named_by,
    score_videos,
)


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', metavar='CONFIG', help='config of the classifier')
    add('checkpoint', metavar='CKPT', help='its weights')
    add('videos', metavar='VIDEOS', help='folder, list or single video')
    add('out', type=Path, metavar='OUT', help='file for the scores, NAME.json')
    order = parser.add_mutually_exclusive_group(required=True)
    order.add_argument(
        '--annotation', metavar='FILE', help="the detector's annotation, whose labels are scored"
    )
    order.add_argument(
        '--classes', metavar='FILE', help="the detector's class names, one per line, in their order"
    )
    add(
        '--classifier-classes',
        metavar='FILE',
        help="the classifier's class names, one per line (default: those of its config)",
    )
    add(
        '--window',
        type=float,
        metavar='SECONDS',
        help='classify windows of this length and take the highest score of each class (default: '
        "the views of the classifier's test, spread over the video)",
    )
    add_option(parser, '--name', '{}', 'how a file is named after its video in the annotation')
    add('--data-prefix', default='', metavar='FOLDER', help='folder before the paths of a list')
    add_frames(parser)
    add_option(parser, '--batch-size', 4, 'windows per batch')
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser)
    add_engine(parser)
    return parser


def make(args: argparse.Namespace) -> Told:
    """Score this process's share, and gather what is finished."""
    if args.out.suffix != '.json':
        raise UsageError(f'OUT must end in .json, got {args.out}')
    if args.window is not None and args.window <= 0:
        raise UsageError(f'--window must be positive seconds, got {args.window:g}')
    jobs = named_by(jobs_of(args.videos, args.data_prefix, args.filename_tmpl), args.name)
    folder = args.out.with_suffix('.parts')
    summary = work_on_share(jobs, 'scored videos', partial(share, args, folder), args)
    missing = gather_scores(jobs, folder, args.out, summary['settings'])
    summary |= {'out': str(args.out), 'missing': missing}
    told = f'{missing} of {len(jobs)} videos have no scores yet' if missing else f'all {len(jobs)}'
    return told_of_share(summary, 'scored', f'written: {args.out} ({told})')


def share(args: argparse.Namespace, folder: Path) -> Share:
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


if __name__ == '__main__':
    sys.exit(run_tool(options(), make, 'interrupted; repeat the command to continue'))
