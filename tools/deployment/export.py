"""Export a classifier to ONNX, and check the file against PyTorch under onnxruntime.

python tools/deployment/export.py CONFIG CKPT model.onnx --dynamic-batch

The file takes `clips` and gives `scores` (B, K).  Clips are float32 (B, C, T, H, W), normalised by
mean and deviation of the config; with --pixels they are uint8 (B, T, H, W, 3), as videos hold them.
One clip is one view: average the probabilities of several views yourself.  Needs onnx, onnxscript
and onnxruntime.
"""

import argparse
import json
import sys
from dataclasses import asdict

from mmvideomae.apis import init_model
from mmvideomae.apis.export import TOLERANCE, ExportOptions, ExportReport, export_onnx
from mmvideomae.cli.options import add_cfg_options
from mmvideomae.errors import UserError


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config of the classifier')
    parser.add_argument('checkpoint', metavar='CKPT', help='its weights')
    parser.add_argument('out', metavar='OUT', help='file to write, model.onnx')
    parser.add_argument('--dynamic-batch', action='store_true', help='take any number of clips')
    parser.add_argument(
        '--pixels', action='store_true', help='take uint8 pixels and normalise them inside'
    )
    parser.add_argument(
        '--probabilities', action='store_true', help='give probabilities, not class scores'
    )
    parser.add_argument(
        '--shape',
        type=int,
        nargs=3,
        metavar=('T', 'H', 'W'),
        help='frames, height and width of a clip (default: those the backbone is made for)',
    )
    parser.add_argument(
        '--opset', type=int, help="version of ONNX's operators (default: PyTorch's choice)"
    )
    add_cfg_options(parser)
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def as_text(report: ExportReport) -> str:
    """What a person reads."""
    shape = ' x '.join('B' if size < 0 else str(size) for size in report.shape)
    batches = ', '.join(map(str, report.batches))
    return (
        f'{report.files[0]}: clips {shape} -> {report.classes} scores, opset {report.opset}, '
        f'{report.megabytes:.1f} MB\n'
        f'largest difference from PyTorch: {report.difference:.1e} of the largest score '
        f'(allowed: {TOLERANCE:.0e}), batches of {batches}'
    )


def main() -> int:
    args = parse_args()
    options = ExportOptions(
        tuple(args.shape) if args.shape else None,
        args.pixels,
        args.probabilities,
        args.dynamic_batch,
        args.opset,
    )
    try:
        model = init_model(args.config, args.checkpoint, 'cpu', args.cfg_options)
        report = export_onnx(model, args.out, options)
    except (UserError, ValueError, OSError, ImportError) as error:
        print(f'export.py: {error}', file=sys.stderr)
        return 1
    print(json.dumps(asdict(report)) if args.json else as_text(report))
    return 0


if __name__ == '__main__':
    sys.exit(main())
