"""Re-encode videos, for ``mmvideomae data transcode``."""

import argparse
from dataclasses import replace

from mmvideomae.cli.job_display import engine_of
from mmvideomae.cli.options import train_command
from mmvideomae.cli.tool import Told, watched
from mmvideomae.formats.list_lines import write_lines
from mmvideomae.preparation.videos.encoding import PRESETS
from mmvideomae.preparation.videos.transcode import plan, transcode_all, unfinished
from mmvideomae.storage import locked


def make(args: argparse.Namespace) -> Told:
    """Transcode the videos that are not finished."""
    given = {name: getattr(args, name) for name in ('short_side', 'gop', 'fps', 'crf')}
    given['preset'] = args.effort
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = replace(PRESETS[args.preset], **chosen)
    everything = plan(args.source, args.out, settings)
    with locked(args.out, 'another run of mmvideomae data transcode'):
        jobs = unfinished(everything, args.out, args.overwrite)
        made = transcode_all(jobs, engine_of(args), args.timeout)
        results = list(watched(made, 'videos', len(jobs)))
        failed = {done.source: done.error for done in results if done.error}
        write_lines(args.out / 'failed.txt', [f'{path}\t{why}' for path, why in failed.items()])
    summary = {
        'videos': len(everything),
        'written': len(results) - len(failed),
        'already_done': len(everything) - len(jobs),
        'failed': len(failed),
        'frames': sum(done.frames for done in results),
        'bytes_before': sum(done.bytes_before for done in results),
        'bytes_after': sum(done.bytes_after for done in results),
        'out': str(args.out),
        'reasons': failed,
    }
    lines = [
        f'{summary["written"]} videos written, {summary["already_done"]} done before, '
        f'{len(failed)} failed; {summary["bytes_before"] / 1e6:.1f} MB became '
        f'{summary["bytes_after"] / 1e6:.1f} MB'
    ]
    lines += [f'  {path}: {reason}' for path, reason in list(failed.items())[:10]]
    following = train_command(folder=args.out) if len(failed) < len(everything) else ''
    return Told(summary, lines, status=1 if failed else 0, following=following)
