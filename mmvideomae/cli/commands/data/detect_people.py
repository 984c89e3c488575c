"""Find people in the key frames of videos with an mmdet detector, for a proposal file.

mmvideomae data detect-people CONFIG CKPT data/ava/videos data/ava/people.pkl \\
    --ann data/ava/annotations/ava_val_v2.2.csv --start-second 900
mmvideomae data detect-people mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py CKPT \\
    data/own/videos.csv data/own/val_proposals.pkl --every 1
torchrun --nproc-per-node 8 -m mmvideomae data detect-people CONFIG CKPT VIDEOS OUT.pkl --ann ANN

VIDEOS is a folder of videos (or of folders of frames, with --filename-tmpl), or a table of
video,path,start_second[,fps] lines such as mmvideomae data init-boxes writes. Key frames are those
of ANN, or one every so many seconds. OUT.pkl has mmaction2's layout: boxes as fractions of the
frame, with scores; a key frame in which nobody was found has an entry without boxes.

Finished videos are kept in the folder OUT.parts, so that the same command continues an interrupted
run; delete the folder once you are satisfied with OUT.pkl. If a video fails, the reason is written
there and the other videos continue. The processes of torchrun and Slurm arrays (sbatch
--array=0-7) divide the videos among themselves.

The exit status is 0 if all videos of the process were processed, 1 on invalid input, and 3 if some
videos failed.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import checkpoint_path, config_path
from mmvideomae.cli.job_display import add_engine
from mmvideomae.cli.options import add_option, add_places
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of the detector, or mmdet::NAME')
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='its weights: a file or a URL')
    add('videos', type=Path, metavar='VIDEOS', help='folder or table of videos')
    add('out', type=Path, metavar='OUT.pkl', help='proposal file to write')
    moments = parser.add_mutually_exclusive_group()
    moments.add_argument('--ann', metavar='CSV', help='use the key frames of this annotation')
    add_option(
        moments,
        '--every',
        1.0,
        'use key frames this far apart over whole videos',
        metavar='SECONDS',
    )
    where = parser.add_argument_group('how videos are found')
    where.add_argument(
        '--folder',
        default='',
        help='folder to which paths in a table are relative (default: its own)',
    )
    add_places(where)
    add_option(
        parser,
        '--min-box-score',
        0.05,
        'leave out boxes with lower scores; tests can set a higher minimum',
    )
    add_option(parser, '--category', 'person', 'of the detector')
    add_option(parser, '--batch-size', 8, 'pictures per batch')
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_engine(parser)
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(
        options(),
        'mmvideomae.cli.work.data.detect_people',
        'interrupted; repeat the command to continue',
    )
