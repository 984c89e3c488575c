"""Evaluate the boxes in a file as AVA does: frame mAP, and each class as a table and a picture.

python tools/analysis_tools/eval_boxes.py RESULTS.csv ANN.csv LABEL_MAP.pbtxt --excluded EXC.csv

RESULTS has AVA's layout of results, lines video,second,x1,y1,x2,y2,id,score with boxes as
fractions of the frame, as FrameMAP(outfile='x.csv') writes it. ANN is in AVA's layout.
Only ids in LABEL_MAP are evaluated, with AVA's own protocol or mmaction2's (docs/detection.md).
OUT receives per_class.png and metrics.json.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from mmvideomae.analysis.eval_boxes import PROTOCOLS, evaluate_box_files
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.visualization.class_ap import draw_class_ap
from mmvideomae.visualization.files import save_picture


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('results', type=Path, metavar='RESULTS', help='predicted boxes')
    add('annotations', type=Path, metavar='ANN', help='true boxes')
    add('label_map', type=Path, metavar='LABEL_MAP', help='names of the ids')
    add('--excluded', type=Path, metavar='CSV', help='key frames to ignore')
    add_option(parser, '--iou', 0.5, 'IoU at which a box counts as found')
    add_option(
        parser,
        '--protocol',
        'official',
        'official: every line counts, and predictions on a key frame without a true box are '
        'wrong; mmaction2: scores up to 0.002 and such key frames are left out',
        choices=list(PROTOCOLS),
    )
    add_option(parser, '--out', Path('work_dirs/eval_boxes'), 'folder')
    return parser


def table_of(evaluation: dict[str, Any]) -> Table:
    """Classes by decreasing average precision, those without true boxes last."""
    table = Table(box=None)
    for name in ('id', 'AP', 'true boxes', 'predictions'):
        table.add_column(name, justify='right')
    table.add_column('class')
    rows = evaluation['classes']
    for each in sorted(rows, key=lambda row: -1 if row['AP'] is None else -row['AP'] - 2):
        numbers = (f'{each["boxes"]:,}', f'{each["predictions"]:,}')
        precision = '' if each['AP'] is None else f'{100 * each["AP"]:.2f}'
        table.add_row(str(each['id']), precision, *numbers, escape(each['name']))
    return table


def make(args: argparse.Namespace) -> Told:
    evaluation = evaluate_box_files(
        args.results, args.annotations, args.label_map, args.excluded, args.iou, args.protocol
    )
    picture = draw_class_ap(evaluation['classes'], evaluation['mAP'], args.results.name)
    save_picture(args.out / 'per_class.png', picture)
    (args.out / 'metrics.json').write_text(json.dumps(evaluation, indent=1) + '\n')
    line = (
        f'frame mAP {100 * evaluation["mAP"]:.2f} at IoU {args.iou:g} on '
        f'{evaluation["key_frames"]} key frames by the {args.protocol} protocol; see {args.out}'
    )
    summary = {**evaluation, 'out': str(args.out)}
    return Told(summary, [table_of(evaluation), line], evaluation['notes'])


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
