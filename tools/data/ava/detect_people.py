"""Find people at the key frames of videos with a detector of mmdet, for a proposal file.

python tools/data/ava/detect_people.py CONFIG CKPT data/ava/videos data/ava/people.pkl \\
    --ann data/ava/annotations/ava_val_v2.2.csv --start-second 900
python tools/data/ava/detect_people.py mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py CKPT \\
    data/own/videos.csv data/own/val_proposals.pkl --every 1
torchrun --nproc-per-node 8 tools/data/ava/detect_people.py CONFIG CKPT VIDEOS OUT.pkl --ann ANN

VIDEOS is a folder of videos (or of folders of frames, with --filename-tmpl), or a table of
video,path,start_second[,fps] lines such as tools/data/ava/init.py writes. Key frames are those of
ANN, or every so many seconds. OUT.pkl is in mmaction2's layout: boxes as shares of the frame, with
scores; a key frame in which nobody was found has an entry without boxes.

What is finished lies in the folder OUT.parts, so that the same command continues what was
interrupted; delete it when OUT.pkl is as wanted. A video that fails leaves its reason there and
does not stop the rest. torchrun and Slurm arrays (sbatch --array=0-7) share the videos out.

The exit status is 0 when all videos of the process were looked through, 1 on wrong input, and 3
when some videos failed.
"""

import argparse
import sys
from pathlib import Path

from mmvideomae.apis.inference import process_device
from mmvideomae.apis.person_boxes import PERSON, PersonDetector
from mmvideomae.cli.job_display import told_of_share, work_on_share
from mmvideomae.cli.options import add_option, add_places, places_of
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.preparation.boxes.detect_people import (
    PeopleFile,
    annotated_moments,
    regular_moments,
)


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', metavar='CONFIG', help='config of the detector, mmdet::NAME too')
    add('checkpoint', metavar='CKPT', help='its weights, a file or an address')
    add('videos', type=Path, metavar='VIDEOS', help='folder or table')
    add('out', type=Path, metavar='OUT.pkl', help='the proposal file')
    moments = parser.add_mutually_exclusive_group()
    moments.add_argument('--ann', metavar='CSV', help='key frames: those of this annotation')
    add_option(
        moments, '--every', 1.0, 'key frames: so far apart, over whole videos', metavar='SECONDS'
    )
    where = parser.add_argument_group('where the videos lie')
    where.add_argument(
        '--folder', default='', help='that the paths of a table are relative to (default: its own)'
    )
    add_places(where)
    add_option(
        parser,
        '--threshold',
        0.05,
        'leave out boxes of lower scores; tests choose theirs among what is kept',
    )
    add_option(parser, '--category', PERSON, 'of the detector')
    add_option(parser, '--batch-size', 8, 'pictures at a time')
    add('--device', help='for example cpu or cuda:1 (default: a GPU if any)')
    return parser


def make(args: argparse.Namespace) -> Told:
    """Look through this process's share."""
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
        # What says which frame a second is.
        'start_second': places.start_second,
        'filename_tmpl': places.filename_tmpl,
        'start_index': places.start_index,
        'fps': places.fps,
    }
    file = PeopleFile(args.out, settings)
    detector = build(args)
    summary = work_on_share(
        everything, 'key frames', lambda mine, progress: file.make(detector, mine, progress)
    )
    found = file.gather(everything)
    boxes = None if found is None else sum(map(len, found.values()))
    summary |= {
        'out': str(args.out) if found else None,
        'key_frames_in_file': None if found is None else len(found),
        'boxes_in_file': boxes,
        'settings': settings,
    }
    end = f'{args.out}: {boxes} boxes at {len(found or ())} key frames'
    if found is None:
        end = 'other processes are still at work; the last one writes the file'
    elif not found:
        end = 'all videos failed: no file is written'
    return told_of_share(summary, f'looked through ({summary["key_frames"]} key frames)', end)


def build(args: argparse.Namespace) -> PersonDetector:
    """The detector that the options ask for, on the GPU of this process."""
    return PersonDetector(
        args.config,
        args.checkpoint,
        device=process_device(args.device),
        category=args.category,
        min_score=args.threshold,
        batch_size=args.batch_size,
    )


if __name__ == '__main__':
    sys.exit(run_tool(options(), make, 'interrupted; the same command continues'))
