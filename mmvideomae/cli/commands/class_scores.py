"""Score the classes of whole videos, for detectors that find actions but not their classes.

mmvideomae class-scores CONFIG CKPT data/activitynet/videos \\
    data/activitynet/class_scores.json \\
    --annotation data/activitynet/activity_net.v1-3.min.json --name 'v_{}'
mmvideomae test DETECTOR_CONFIG DETECTOR_CKPT \\
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
from pathlib import Path

from mmvideomae.cli.inputs import checkpoint_path, config_path, video_path
from mmvideomae.cli.job_display import add_engine
from mmvideomae.cli.options import add_cfg_options, add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of the classifier')
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='its weights')
    add('videos', type=video_path, metavar='VIDEOS', help='folder, list or single video')
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


def main() -> int:
    """Run the command line."""
    return run_tool(
        options(), 'mmvideomae.cli.work.class_scores', 'interrupted; repeat the command to continue'
    )
