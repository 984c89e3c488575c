"""Find people in key frames, for ``mmvideomae data detect-people``."""

import argparse
import shlex
from functools import partial
from typing import Any

from mmvideomae.apis.inference import process_device
from mmvideomae.apis.person_boxes import PersonDetector
from mmvideomae.cli.job_display import told_of_share, work_on_share
from mmvideomae.cli.options import option_word, places_of
from mmvideomae.cli.tool import Told
from mmvideomae.jobs.cluster import Share
from mmvideomae.preparation.boxes.detect_people import (
    PeopleFile,
    annotated_moments,
    regular_moments,
)


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
        'threshold': args.min_box_score,
        'every': None if args.ann else args.every,
        # Settings that decide which frame belongs to a second.
        'start_second': places.start_second,
        'filename_tmpl': places.filename_tmpl,
        'start_index': places.start_index,
        'fps': places.fps,
    }
    file = PeopleFile(args.out, settings)
    summary = work_on_share(everything, 'key frames', partial(_share, args, settings), args)
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
    proposals = option_word('test_dataloader.dataset.proposal_file', args.out)
    following = f'mmvideomae test CONFIG CKPT --cfg-options {shlex.quote(proposals)}'
    return told_of_share(
        summary,
        f'processed ({summary["key_frames"]} key frames)',
        end,
        following=following if found else '',
    )


def _share(args: argparse.Namespace, settings: dict[str, Any]) -> Share:
    """What detects people in one process."""
    file, detector = PeopleFile(args.out, settings), _build(args)
    return Share(lambda mine, progress: file.make(detector, mine, progress), settings)


def _build(args: argparse.Namespace) -> PersonDetector:
    """The detector that the options describe, on the GPU of this process."""
    return PersonDetector(
        args.config,
        args.checkpoint,
        device=process_device(args.device),
        category=args.category,
        min_score=args.min_box_score,
        batch_size=args.batch_size,
    )
