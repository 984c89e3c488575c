"""Make training data from segments, for ``mmvideomae data prepare-segments``."""

import argparse

from mmvideomae.cli.tool import Told, watched
from mmvideomae.preparation.segments.prepare import prepare_segments, write_prepared


def make(args: argparse.Namespace) -> Told:
    prepared = prepare_segments(
        args.segments,
        args.videos,
        args.val_share,
        args.seed,
        args.skip_bad,
        lambda videos: watched(videos, 'videos'),
    )
    written = write_prepared(prepared, args.out, args.overwrite)
    summary = {**prepared.summary(), 'files': [str(path) for path in written]}
    notes = [f'left out: {fault}' for fault in prepared.left_out]
    notes += [prepared.dropped] if prepared.dropped else []
    notes += [f'{n} videos of {name!r} are in no list' for name, n in summary['other'].items()]
    line = (
        f'{summary["segments"]} segments of {len(prepared.classes)} classes in '
        f'{summary["videos"]} videos: {summary["training"]} for training, '
        f'{summary["validation"]} for validation; in {", ".join(summary["files"])}'
    )
    return Told(summary, line, notes)
