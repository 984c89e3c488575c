"""Evaluate the segments in a file: mAP, recall, and the kinds of errors as a picture.

python tools/analysis_tools/eval_segments.py RESULTS.json ANNOTATIONS --subset validation

RESULTS is JSON in ActivityNet's layout, {"results": {ID: [{"segment", "score", "label"}]}}, as
SegmentMAP(outfile=...) and tools/demo/localize.py write it. ANNOTATIONS is JSON in the same layout,
CSV of video,start,end,label, or THUMOS14's folder. OUT receives errors.png and metrics.json.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmvideomae.analysis.eval_segments import evaluate_segment_files
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.segment_errors import draw_error_breakdown


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('results', type=Path, metavar='RESULTS', help='predicted segments')
    add('annotations', type=Path, metavar='ANNOTATIONS', help='true segments')
    add(
        '--subset',
        nargs='+',
        help='subsets to evaluate, such as validation (default: all)',
    )
    add(
        '--iou',
        type=float,
        nargs='+',
        default=[0.3, 0.4, 0.5, 0.6, 0.7],
        help="IoU thresholds (default: THUMOS14's, 0.3 0.4 0.5 0.6 0.7)",
    )
    add_option(parser, '--errors-at', 0.5, 'IoU threshold for the kinds of errors')
    add_option(parser, '--out', Path('work_dirs/eval_segments'), 'folder')
    return parser


def as_text(evaluation: dict[str, Any], out: Path) -> Iterator[str]:
    yield f'average mAP {100 * evaluation["mAP"]:.2f}; see {out}'
    for name, value in evaluation['mAP_at'].items():
        recall = '  '.join(
            f'recall@{k} {100 * row[name]:.2f}' for k, row in evaluation['recall'].items()
        )
        yield f'  IoU {name}: mAP {100 * value:.2f}  {recall}'
    for name, value in sorted(evaluation['AP'].items(), key=lambda each: -each[1]):
        yield f'  {name}: {100 * value:.2f}'


def make(args: argparse.Namespace) -> Told:
    evaluation = evaluate_segment_files(
        args.results, args.annotations, args.subset, args.iou, args.errors_at
    )
    picture = draw_error_breakdown(evaluation['errors'], args.results.name)
    save_picture(args.out / 'errors.png', picture)
    (args.out / 'metrics.json').write_text(json.dumps(evaluation, indent=1) + '\n')
    summary = {**evaluation, 'out': str(args.out)}
    return Told(summary, as_text(evaluation, args.out), evaluation['notes'])


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
