"""Evaluate boxes in a file as AVA does: frame mAP, and each class as a table and a picture.

python tools/analysis_tools/eval_boxes.py RESULTS.csv ANN.csv LABEL_MAP.pbtxt --excluded EXC.csv

RESULTS is in AVA's layout of results, lines of video,second,x1,y1,x2,y2,id,score with boxes as
shares of the frame, as FrameMAP(outfile='x.csv') writes it. ANN is the annotation in AVA's layout.
Only ids that LABEL_MAP names are evaluated, by the protocol of AVA's own evaluation or of mmaction2
(docs/detection.md). OUT gets per_class.png and metrics.json.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mmvideomae.analysis.eval_boxes import PROTOCOLS, evaluate_files
from mmvideomae.errors import UserError
from mmvideomae.visualization.class_ap import draw_class_ap
from mmvideomae.visualization.files import save_picture


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('results', type=Path, metavar='RESULTS', help='predicted boxes')
    parser.add_argument('annotations', type=Path, metavar='ANN', help='true boxes')
    parser.add_argument('label_map', type=Path, metavar='LABEL_MAP', help='names of the ids')
    parser.add_argument('--excluded', type=Path, metavar='CSV', help='key frames that do not count')
    parser.add_argument(
        '--iou', type=float, default=0.5, help='at which a box is found (default: %(default)s)'
    )
    parser.add_argument(
        '--protocol',
        choices=list(PROTOCOLS),
        default='official',
        help='official: every line counts, and what is found on a key frame without a true box is '
        'wrong; mmaction2: scores up to 0.002 and such key frames are left out (default: '
        '%(default)s)',
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/eval_boxes'),
        help='folder (default: %(default)s)',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def table_of(evaluation: dict[str, Any]) -> Table:
    """Classes by falling average precision, those without true boxes last."""
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


def main() -> int:
    args = parse_args()
    try:
        evaluation = evaluate_files(
            args.results,
            args.annotations,
            args.label_map,
            args.excluded,
            args.iou,
            args.protocol,
        )
        picture = draw_class_ap(evaluation['classes'], evaluation['mAP'], args.results.name)
        save_picture(args.out / 'per_class.png', picture)
        (args.out / 'metrics.json').write_text(json.dumps(evaluation, indent=1) + '\n')
    except (UserError, ValueError, OSError) as error:
        print(f'eval_boxes.py: {error}', file=sys.stderr)
        return 1
    for note in evaluation['notes']:
        print(f'eval_boxes.py: {note}', file=sys.stderr)
    if args.json:
        print(json.dumps({**evaluation, 'out': str(args.out)}))
        return 0
    Console(width=None if sys.stdout.isatty() else 200).print(table_of(evaluation), highlight=False)
    print(
        f'frame mAP {100 * evaluation["mAP"]:.2f} at IoU {args.iou:g} on '
        f'{evaluation["key_frames"]} key frames by the {args.protocol} protocol; see {args.out}'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
