"""Evaluate boxes in files, for ``mmvideomae eval-boxes``."""

import argparse
import json
from typing import Any

from rich.markup import escape
from rich.table import Table

from mmvideomae.analysis.eval_boxes import evaluate_box_files
from mmvideomae.cli.tool import Told
from mmvideomae.visualization.class_ap import draw_class_ap
from mmvideomae.visualization.files import save_picture


def _table_of(evaluation: dict[str, Any]) -> Table:
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
    return Told(summary, [_table_of(evaluation), line], evaluation['notes'])
