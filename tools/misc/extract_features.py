"""Extract features of untrimmed videos for temporal detection.

python tools/misc/extract_features.py CONFIG CKPT data/videos work_dirs/features
python tools/misc/extract_features.py CONFIG CKPT data/thumos14 data/thumos14/features \\
    --preset videomaev2_thumos14
torchrun --nproc-per-node 8 tools/misc/extract_features.py CONFIG CKPT VIDEOS OUT

VIDEOS is a folder of videos or of folders of frames, a list of them, or one of them.  Each gives
OUT/NAME.npy, float32 (steps, width), and OUT/NAME.json, which says how it was made and where
its steps lie in time.  Finished videos are skipped, so that the same command continues what was
interrupted; a video that fails leaves its reason in OUT/NAME.error and does not stop the rest.
torchrun and Slurm arrays (sbatch --array=0-7) share the videos out.

The exit status is 0 when all videos of the process have their features, 1 on wrong input, and 3
when some videos failed.
"""

import argparse
import json
import sys
import time
from contextlib import redirect_stdout
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from mmvideomae.apis import FeatureExtractor, FeatureSettings
from mmvideomae.apis.features.encoder import PRECISIONS
from mmvideomae.apis.features.jobs import extract_all
from mmvideomae.apis.features.settings import PRESET_NAMES, RESIZES
from mmvideomae.apis.inference import process_device
from mmvideomae.cli.job_display import JobDisplay
from mmvideomae.cli.options import add_cfg_options, add_frames
from mmvideomae.configs import apply_options, read_config
from mmvideomae.errors import UserError
from mmvideomae.jobs.video_jobs import Outcome, jobs_of, share_of

FAILED = 3


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config of the model')
    parser.add_argument('checkpoint', metavar='CKPT', help='its weights')
    parser.add_argument('videos', metavar='VIDEOS', help='folder, list or one video')
    parser.add_argument('out', type=Path, metavar='OUT', help='folder of the features')
    parser.add_argument(
        '--preset',
        choices=PRESET_NAMES,
        help="windows and preprocessing (default: the config's features, else finetuned: the "
        'clips of its test)',
    )
    add_settings(parser.add_argument_group('what differs from the preset'))
    parser.add_argument(
        '--data-prefix', default='', metavar='FOLDER', help='folder before the paths of a list'
    )
    add_frames(parser)
    parser.add_argument(
        '--batch-size', type=int, default=8, help='windows at a time (default: %(default)s)'
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default='auto',
        help='what the model computes in (default: float16 on a GPU, else float32)',
    )
    parser.add_argument('--device', help='for example cpu or cuda:1 (default: a GPU if any)')
    add_cfg_options(parser)
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def add_settings(group: Any) -> None:
    """The fields of `FeatureSettings`."""
    group.add_argument('--window', type=int, metavar='FRAMES', help='of a feature')
    group.add_argument('--stride', type=int, metavar='FRAMES', help='from a feature to the next')
    group.add_argument(
        '--interval', type=int, metavar='FRAMES', help='from one frame of a window to the next'
    )
    group.add_argument('--offset', type=int, metavar='FRAMES', help='before the first window')
    group.add_argument('--resize', choices=RESIZES, help='squash frames, or crop their middle')
    group.add_argument('--size', type=int, metavar='PIXELS', help="side of the model's input")
    group.add_argument(
        '--short-side', type=int, metavar='PIXELS', help='of frames before they are cropped'
    )
    for name in ('mean', 'std'):
        group.add_argument(
            f'--{name}', type=float, nargs=3, metavar=name[0].upper(), help='of pixels in 0 to 255'
        )


def make(args: argparse.Namespace) -> dict[str, Any]:
    """Extract this process's share; returns the summary."""
    share, shares = share_of()
    jobs = jobs_of(args.videos, args.data_prefix, args.filename_tmpl)[share::shares]
    extractor = build(args)
    start, outcome = time.monotonic(), Outcome()
    with JobDisplay(len(jobs), 'windows') as display:
        for outcome in extract_all(extractor, jobs, args.out, display.within):
            display.after(outcome)
    seconds = time.monotonic() - start
    return {
        'videos': len(jobs),
        'share': share,
        'shares': shares,
        'done': len(outcome.done),
        'skipped': len(outcome.skipped),
        'failed': outcome.failed,
        'windows': outcome.units,
        'seconds': round(seconds, 2),
        'windows_per_second': round(outcome.units / max(seconds, 1e-9), 2),
        'out': str(args.out),
        'settings': extractor.expected(),
    }


def build(args: argparse.Namespace) -> FeatureExtractor:
    """The extractor that the options ask for, on the GPU of this process."""
    cfg = read_config(args.config)
    apply_options(cfg, args.cfg_options)
    return FeatureExtractor(
        cfg,
        args.checkpoint,
        preset=args.preset,
        settings={each.name: getattr(args, each.name) for each in fields(FeatureSettings)},
        device=process_device(args.device),
        batch_size=args.batch_size,
        precision=args.precision,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )


def main() -> int:
    args = parse_args()
    try:
        with redirect_stdout(sys.stderr):  # where mmengine logs; stdout is for the result
            summary = make(args)
    except KeyboardInterrupt:
        print('extract_features.py: interrupted; the same command continues', file=sys.stderr)
        return 130
    except (UserError, ValueError, OSError) as error:
        print(f'extract_features.py: {error}', file=sys.stderr)
        return 1
    except torch.cuda.OutOfMemoryError:
        print('extract_features.py: out of GPU memory: lower --batch-size', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
    else:
        print(
            f'{summary["done"]} of {summary["videos"]} videos extracted into {args.out} '
            f'({summary["windows"]} windows, {summary["windows_per_second"]} per second), '
            f'{summary["skipped"]} were finished before, {len(summary["failed"])} failed'
        )
        for name, reason in summary['failed'].items():
            print(f'  {name}: {reason}')
    return FAILED if summary['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
