"""Evaluate segments in files, for ``mmvideomae eval-segments``."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmvideomae.analysis.eval_segments import evaluate_segment_files
from mmvideomae.cli.tool import Told
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.segment_errors import draw_error_breakdown


def _as_text(evaluation: dict[str, Any], out: Path) -> Iterator[str]:
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
    return Told(summary, _as_text(evaluation, args.out), evaluation['notes'])
