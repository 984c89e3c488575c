"""Evaluate the segments in a file: mAP, recall, and the kinds of errors as a picture.

mmvideomae eval-segments RESULTS.json ANNOTATIONS --subset validation

RESULTS is JSON in ActivityNet's layout, {"results": {ID: [{"segment", "score", "label"}]}}, as
SegmentMAP(outfile=...) and mmvideomae localize write it. ANNOTATIONS is JSON in the same layout,
CSV of video,start,end,label, or THUMOS14's folder. OUT receives errors.png and metrics.json.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('results', type=existing_path, metavar='RESULTS', help='predicted segments')
    add('annotations', type=existing_path, metavar='ANNOTATIONS', help='true segments')
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


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.eval_segments')
