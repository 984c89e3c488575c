"""Propose the sizes of a detector, for ``mmvideomae data analyze-segments``."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from mmvideomae.analysis.segments import (
    Proposal,
    SegmentStatistics,
    measure_segments,
    propose,
    summary_of,
)
from mmvideomae.cli.tool import Told
from mmvideomae.formats.feature_files import FeatureFormat
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.segment_lengths import draw_segment_lengths


def _as_text(statistics: SegmentStatistics, proposal: Proposal, out: Path) -> Iterator[str]:
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
    return Told(summary, _as_text(statistics, proposal, args.out))
