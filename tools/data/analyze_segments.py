"""Propose the sizes of an ActionFormer for a data set from the lengths of its segments.

python tools/data/analyze_segments.py data/own/annotation.json --features data/own/features
python tools/data/analyze_segments.py data/own/segments.csv --stride 4 --window 16 --fps 25

Prints the longest sequence to train on and the regression range and attention window of each level,
as lines of a config, and draws the segment lengths against the levels. ANNOTATIONS is JSON in
ActivityNet's layout, CSV of video,start,end,label, or THUMOS14's folder.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from mmvideomae.analysis.segments import (
    Proposal,
    SegmentStatistics,
    measure_segments,
    propose,
    summary_of,
)
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.formats.feature_files import FeatureFormat
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.segment_lengths import draw_segment_lengths


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('annotations', type=Path, metavar='ANNOTATIONS', help='segments to analyze')
    add('--features', type=Path, metavar='DIR', help='folder of features, preferably with sidecars')
    add('--stride', type=float, help='frames from one feature to the next')
    add('--window', type=int, help='frames covered by a feature')
    add('--fps', type=float, help='frames per second (default: from sidecars or annotation)')
    add('--subsets', nargs='+', help='subset to analyze, such as training (default: all videos)')
    add('--feature-name', default='{}.npy', metavar='NAME', help='default: %(default)s')
    add_option(
        parser, '--out', Path('work_dirs/segment_lengths.png'), 'picture to write', metavar='PNG'
    )
    return parser


def as_text(statistics: SegmentStatistics, proposal: Proposal, out: Path) -> Iterator[str]:
    """The proposal in words."""
    summary = summary_of(statistics, proposal)
    yield (
        f'{summary["segments"]} segments of {summary["classes"]} classes in {summary["videos"]} '
        f'videos; picture in {out}'
    )
    for name in ('segment_seconds', 'segment_steps', 'video_steps'):
        row = ', '.join(f'{share} {value:g}' for share, value in summary[name].items())
        yield (f'  {name.replace("_", " in ")}, at most: {row}')
    yield ('Half lengths of segments by level:')
    for level, (low, high) in enumerate(proposal.regression_ranges):
        count = proposal.segments_by_level[level]
        yield (f'  level {level}, stride {2**level}, range {low} to {high} steps: {count} segments')
    for note in proposal.notes:
        yield f'Note: {note}.'
    if statistics.dropped:
        yield f'Note: {statistics.dropped}.'
    if statistics.faults:
        yield f'{len(statistics.faults)} videos are left out, for example: {statistics.faults[0]}'
    yield (f'\n{proposal.config(len(statistics.classes))}')


def make(args: argparse.Namespace) -> Told:
    expected = FeatureFormat(args.stride, args.window, fps=args.fps)
    statistics = measure_segments(
        args.annotations, args.features, expected, args.subsets, args.feature_name
    )
    proposal = propose(statistics)
    picture = draw_segment_lengths(
        statistics.segment_steps,
        statistics.video_steps,
        proposal.regression_ranges,
        proposal.max_seq_len,
        args.annotations.name,
    )
    save_picture(args.out, picture)
    summary = {**summary_of(statistics, proposal), 'picture': str(args.out)}
    return Told(summary, as_text(statistics, proposal, args.out))


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
