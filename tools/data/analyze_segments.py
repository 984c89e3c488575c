"""Propose the sizes of an ActionFormer for a data set, from the lengths of its segments.

python tools/data/analyze_segments.py data/own/annotation.json --features data/own/features
python tools/data/analyze_segments.py data/own/segments.csv --stride 4 --window 16 --fps 25

Prints the longest sequence to train on, the regression range and the attention window of each
level, as lines of a config, and draws the lengths of segments against the levels. ANNOTATIONS is
JSON in the layout of ActivityNet, CSV of video,start,end,label, or THUMOS14's folder.
"""

import argparse
import json
import sys
from pathlib import Path

from mmvideomae.analysis.segments import (
    Proposal,
    SegmentStatistics,
    measure_segments,
    propose,
    summary_of,
)
from mmvideomae.errors import UserError
from mmvideomae.formats.feature_files import FeatureFormat
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.segment_lengths import draw_segment_lengths


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('annotations', type=Path, metavar='ANNOTATIONS', help='what to analyze')
    parser.add_argument(
        '--features', type=Path, metavar='DIR', help='folder of ID.npy files, best with sidecars'
    )
    parser.add_argument('--stride', type=float, help='frames from one feature to the next')
    parser.add_argument('--window', type=int, help='frames that a feature is computed from')
    parser.add_argument(
        '--fps', type=float, help='frames per second (default: as sidecars or the annotation say)'
    )
    parser.add_argument('--subsets', nargs='+', help='such as training (default: all videos)')
    parser.add_argument(
        '--feature-name', default='{}.npy', metavar='NAME', help='default: %(default)s'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/segment_lengths.png'),
        metavar='PNG',
        help='picture to write (default: %(default)s)',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def report(statistics: SegmentStatistics, proposal: Proposal, out: Path) -> None:
    """Print the proposal in words."""
    summary = summary_of(statistics, proposal)
    print(
        f'{summary["segments"]} segments of {summary["classes"]} classes in {summary["videos"]} '
        f'videos; picture in {out}'
    )
    for name in ('segment_seconds', 'segment_steps', 'video_steps'):
        row = ', '.join(f'{share} {value:g}' for share, value in summary[name].items())
        print(f'  {name.replace("_", " in ")}, at most: {row}')
    print('Half lengths of segments by level:')
    for level, (low, high) in enumerate(proposal.regression_ranges):
        count = proposal.segments_by_level[level]
        print(f'  level {level}, stride {2**level}, range {low} to {high} steps: {count} segments')
    for note in proposal.notes:
        print(f'Note: {note}.')
    if statistics.dropped:
        print(f'Note: {statistics.dropped}.')
    if statistics.faults:
        print(f'{len(statistics.faults)} videos are left out, such as: {statistics.faults[0]}')
    print(f'\n{proposal.config(len(statistics.classes))}')


def main() -> int:
    args = parse_args()
    try:
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
    except (UserError, ValueError, OSError) as error:
        print(f'analyze_segments.py: {error}', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps({**summary_of(statistics, proposal), 'picture': str(args.out)}))
    else:
        report(statistics, proposal, args.out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
