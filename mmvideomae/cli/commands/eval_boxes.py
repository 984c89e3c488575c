"""Evaluate the boxes in a file as AVA does: frame mAP, and each class as a table and a picture.

mmvideomae eval-boxes RESULTS.csv ANN.csv LABEL_MAP.pbtxt --excluded EXC.csv

RESULTS has AVA's layout of results, lines video,second,x1,y1,x2,y2,id,score with boxes as
fractions of the frame, as FrameMAP(outfile='x.csv') writes it. ANN is in AVA's layout.
Only ids in LABEL_MAP are evaluated, with AVA's own protocol or mmaction2's (docs/detection.md).
OUT receives per_class.png and metrics.json.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('results', type=existing_path, metavar='RESULTS', help='predicted boxes')
    add('annotations', type=existing_path, metavar='ANN', help='true boxes')
    add('label_map', type=existing_path, metavar='LABEL_MAP', help='names of the ids')
    add('--excluded', type=existing_path, metavar='CSV', help='key frames to ignore')
    add_option(parser, '--iou', 0.5, 'IoU at which a box counts as found')
    add_option(
        parser,
        '--protocol',
        'official',
        'official: every line counts, and predictions on a key frame without a true box are '
        'wrong; mmaction2: scores up to 0.002 and such key frames are left out',
        choices=('official', 'mmaction2'),
    )
    add_option(parser, '--out', Path('work_dirs/eval_boxes'), 'folder')
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.eval_boxes')
