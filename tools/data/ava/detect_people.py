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
import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import torch

from mmvideomae.apis.inference import process_device
from mmvideomae.apis.person_boxes import PERSON, PersonDetector
from mmvideomae.cli.job_display import JobDisplay
from mmvideomae.cli.options import add_places, places_of
from mmvideomae.errors import UserError
from mmvideomae.jobs.video_jobs import Outcome, share_of
from mmvideomae.preparation.boxes.detect_people import (
    PeopleFile,
    annotated_moments,
    regular_moments,
)

FAILED = 3


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config of the detector, mmdet::NAME too')
    parser.add_argument('checkpoint', metavar='CKPT', help='its weights, a file or an address')
    parser.add_argument('videos', type=Path, metavar='VIDEOS', help='folder or table')
    parser.add_argument('out', type=Path, metavar='OUT.pkl', help='the proposal file')
    moments = parser.add_mutually_exclusive_group()
    moments.add_argument('--ann', metavar='CSV', help='key frames: those of this annotation')
    moments.add_argument(
        '--every',
        type=float,
        default=1.0,
        metavar='SECONDS',
        help='key frames: so far apart, over whole videos (default: %(default)s)',
    )
    where = parser.add_argument_group('where the videos lie')
    where.add_argument(
        '--folder', default='', help='that the paths of a table are relative to (default: its own)'
    )
    add_places(where)
    parser.add_argument(
        '--threshold',
        type=float,
        default=0.05,
        help='leave out boxes of lower scores; tests choose theirs among what is kept (default: '
        '%(default)s)',
    )
    parser.add_argument('--category', default=PERSON, help='of the detector (default: %(default)s)')
    parser.add_argument(
        '--batch-size', type=int, default=8, help='pictures at a time (default: %(default)s)'
    )
    parser.add_argument('--device', help='for example cpu or cuda:1 (default: a GPU if any)')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def make(args: argparse.Namespace) -> dict[str, Any]:
    """Look through this process's share; returns the summary."""
    is_folder = args.videos.is_dir()
    folder, table = (args.videos, None) if is_folder else (args.folder, str(args.videos))
    places = places_of(args, str(folder), table)
    everything = (
        annotated_moments(args.ann, places) if args.ann else regular_moments(places, args.every)
    )
    share, shares = share_of()
    mine = everything[share::shares]
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
    start, outcome = time.monotonic(), Outcome()
    with JobDisplay(len(mine), 'key frames') as display:
        for outcome in file.make(detector, mine, display.within):
            display.after(outcome)
    found = file.gather(everything)
    return {
        'videos': len(mine),
        'share': share,
        'shares': shares,
        'done': len(outcome.done),
        'skipped': len(outcome.skipped),
        'failed': outcome.failed,
        'key_frames': outcome.units,
        'seconds': round(time.monotonic() - start, 2),
        'out': str(args.out) if found else None,
        'key_frames_in_file': None if found is None else len(found),
        'boxes_in_file': None if found is None else sum(map(len, found.values())),
        'settings': settings,
    }


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


def main() -> int:
    args = parse_args()
    try:
        with redirect_stdout(sys.stderr):  # where mmengine logs; stdout is for the result
            summary = make(args)
    except KeyboardInterrupt:
        print('detect_people.py: interrupted; the same command continues', file=sys.stderr)
        return 130
    except (UserError, ValueError, OSError) as error:
        print(f'detect_people.py: {error}', file=sys.stderr)
        return 1
    except torch.cuda.OutOfMemoryError:
        print('detect_people.py: out of GPU memory: lower --batch-size', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
    else:
        tell(summary)
    return FAILED if summary['failed'] else 0


def tell(summary: dict[str, Any]) -> None:
    """What a person reads."""
    print(
        f'{summary["done"]} of {summary["videos"]} videos looked through '
        f'({summary["key_frames"]} key frames), {summary["skipped"]} were finished before, '
        f'{len(summary["failed"])} failed'
    )
    for name, reason in summary['failed'].items():
        print(f'  {name}: {reason}')
    if summary['key_frames_in_file'] == 0:
        print('all videos failed: no file is written')
    elif summary['out'] is None:
        print('other processes are still at work; the last one writes the file')
    else:
        print(
            f'{summary["out"]}: {summary["boxes_in_file"]} boxes at '
            f'{summary["key_frames_in_file"]} key frames'
        )


if __name__ == '__main__':
    sys.exit(main())
