"""Evaluate segments in a file: mAP, recall, and the kinds of errors as a picture.

python tools/analysis_tools/eval_segments.py RESULTS.json ANNOTATIONS --subset validation

RESULTS is JSON in the layout of ActivityNet, {"results": {ID: [{"segment", "score", "label"}]}},
as SegmentMAP(outfile=...) and tools/demo/localize.py write it. ANNOTATIONS is JSON of the same
layout, CSV of video,start,end,label, or THUMOS14's folder. OUT gets errors.png and metrics.json.
"""

import argparse
import json
import sys
from pathlib import Path

from mmvideomae.analysis.eval_segments import evaluate_files
from mmvideomae.errors import UserError
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.segment_errors import draw_error_breakdown


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('results', type=Path, metavar='RESULTS', help='predicted segments')
    parser.add_argument('annotations', type=Path, metavar='ANNOTATIONS', help='true segments')
    parser.add_argument(
        '--subset', nargs='+', help='evaluate these videos of the annotation (default: all)'
    )
    parser.add_argument(
        '--iou',
        type=float,
        nargs='+',
        default=[0.3, 0.4, 0.5, 0.6, 0.7],
        help='thresholds (default: 0.3 0.4 0.5 0.6 0.7, THUMOS14)',
    )
    parser.add_argument(
        '--errors-at', type=float, default=0.5, help='IoU of the errors (default: %(default)s)'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/eval_segments'),
        help='folder (default: %(default)s)',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    try:
        evaluation = evaluate_files(
            args.results, args.annotations, args.subset, args.iou, args.errors_at
        )
        picture = draw_error_breakdown(evaluation['errors'], args.results.name)
        save_picture(args.out / 'errors.png', picture)
        (args.out / 'metrics.json').write_text(json.dumps(evaluation, indent=1) + '\n')
    except (UserError, ValueError, OSError) as error:
        print(f'eval_segments.py: {error}', file=sys.stderr)
        return 1
    for note in evaluation['notes']:
        print(f'eval_segments.py: {note}', file=sys.stderr)
    if args.json:
        print(json.dumps({**evaluation, 'out': str(args.out)}))
        return 0
    print(f'average mAP {100 * evaluation["mAP"]:.2f}; see {args.out}')
    for name, value in evaluation['mAP_at'].items():
        recall = '  '.join(
            f'recall@{k} {100 * row[name]:.2f}' for k, row in evaluation['recall'].items()
        )
        print(f'  IoU {name}: mAP {100 * value:.2f}  {recall}')
    for name, value in sorted(evaluation['AP'].items(), key=lambda each: -each[1]):
        print(f'  {name}: {100 * value:.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
