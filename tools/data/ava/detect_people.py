"""Find people in the key frames of videos with an mmdet detector, for a proposal file.

python tools/data/ava/detect_people.py CONFIG CKPT data/ava/videos data/ava/people.pkl \\
    --ann data/ava/annotations/ava_val_v2.2.csv --start-second 900
python tools/data/ava/detect_people.py mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py CKPT \\
    data/own/videos.csv data/own/val_proposals.pkl --every 1
torchrun --nproc-per-node 8 tools/data/ava/detect_people.py CONFIG CKPT VIDEOS OUT.pkl --ann ANN

VIDEOS is a folder of videos (or of folders of frames, with --filename-tmpl), or a table of
video,path,start_second[,fps] lines such as tools/data/ava/init.py writes. Key frames are those of
ANN, or one every so many seconds. OUT.pkl has mmaction2's layout: boxes as fractions of the frame,
with scores; a key frame in which nobody was found has an entry without boxes.

Finished videos are kept in the folder OUT.parts, so that the same command continues an interrupted
run; delete the folder once you are satisfied with OUT.pkl. If a video fails, the reason is written
there and the other videos continue. The processes of torchrun and Slurm arrays (sbatch
--array=0-7) divide the videos among themselves.

The exit status is 0 if all videos of the process were processed, 1 on invalid input, and 3 if some
videos failed.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from mmvideomae.apis.inference import process_device
from mmvideomae.apis.person_boxes import PERSON, PersonDetector
from mmvideomae.cli.job_display import add_engine, told_of_share, work_on_share
from mmvideomae.cli.options import add_option, add_places, places_of
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.jobs.cluster import Share
from mmvideomae.preparation.boxes.detect_people import (
    PeopleFile,
    annotated_moments,
    regular_moments,
)


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', metavar='CONFIG', help='config of the detector, or mmdet::NAME')
    add('checkpoint', metavar='CKPT', help='its weights: a file or a URL')
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
        '--threshold',
        0.05,
        'leave out boxes with lower scores; tests can set a higher minimum',
    )
    add_option(parser, '--category', PERSON, 'of the detector')
    add_option(parser, '--batch-size', 8, 'pictures per batch')
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_engine(parser)
    return parser


def make(args: argparse.Namespace) -> Told:
    """Process this process's share of the videos."""
    is_folder = args.videos.is_dir()
    folder, table = (args.videos, None) if is_folder else (args.folder, str(args.videos))
    places = places_of(args, str(folder), table)
    everything = (
        annotated_moments(args.ann, places) if args.ann else regular_moments(places, args.every)
    )
    settings = {
        'config': args.config,
        'checkpoint': args.checkpoint,
        'category': args.category,
        'threshold': args.threshold,
        'every': None if args.ann else args.every,
        # Settings that decide which frame belongs to a second.
        'start_second': places.start_second,
        'filename_tmpl': places.filename_tmpl,
        'start_index': places.start_index,
        'fps': places.fps,
    }
    file = PeopleFile(args.out, settings)
    summary = work_on_share(everything, 'key frames', partial(share, args, settings), args)
    found = file.gather(everything)
    boxes = None if found is None else sum(map(len, found.values()))
    summary |= {
        'out': str(args.out) if found else None,
        'key_frames_in_file': None if found is None else len(found),
        'boxes_in_file': boxes,
    }
    end = f'{args.out}: {boxes} boxes at {len(found or ())} key frames'
    if found is None:
        end = 'other processes are still running; the last one writes the file'
    elif not found:
        end = 'all videos failed: no file is written'
    return told_of_share(summary, f'processed ({summary["key_frames"]} key frames)', end)


def share(args: argparse.Namespace, settings: dict[str, Any]) -> Share:
    """What detects people in one process."""
    file, detector = PeopleFile(args.out, settings), build(args)
    return Share(lambda mine, progress: file.make(detector, mine, progress), settings)


def build(args: argparse.Namespace) -> PersonDetector:
    """The detector that the options describe, on the GPU of this process."""
    return PersonDetector(
        args.config,
        args.checkpoint,
        device=process_device(args.device),
        category=args.category,
        min_score=args.threshold,
        batch_size=args.batch_size,
    )


if __name__ == '__main__':
    sys.exit(run_tool(options(), make, 'interrupted; repeat the command to continue'))
