"""Export a classifier to ONNX, and check the file against PyTorch under onnxruntime.

python tools/deployment/export.py CONFIG CKPT model.onnx --dynamic-batch

The model takes `clips` and returns `scores` (B, K).  Clips are float32 (B, C, T, H, W), normalised
by the config's mean and standard deviation; with --pixels they are uint8 (B, T, H, W, 3), as read
from a video.  One clip is one view: average the probabilities of several views yourself.  This
needs onnx, onnxscript and onnxruntime.
"""

import argparse
import sys
from dataclasses import asdict

from mmvideomae.apis import init_model
from mmvideomae.apis.export import TOLERANCE, ExportOptions, ExportReport, export_onnx
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.errors import UserError


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', metavar='CONFIG', help='config of the classifier')
    add('checkpoint', metavar='CKPT', help='its weights')
    add('out', metavar='OUT', help='file to write, model.onnx')
    add('--dynamic-batch', action='store_true', help='accept any number of clips')
    add_option(parser, '--pixels', False, 'accept uint8 pixels and normalise them in the model')
    add_option(parser, '--probabilities', False, 'return probabilities instead of class scores')
    add(
        '--shape',
        type=int,
        nargs=3,
        metavar=('T', 'H', 'W'),
        help='frames, height and width of a clip (default: those of the backbone)',
    )
    add('--opset', type=int, help="version of ONNX's operator set (default: PyTorch's choice)")
    add_cfg_options(parser)
    return parser


def as_text(report: ExportReport) -> str:
    """The report as text."""
    shape = ' x '.join('B' if size < 0 else str(size) for size in report.shape)
    batches = ', '.join(map(str, report.batches))
    return (
        f'{report.files[0]}: clips {shape} -> {report.classes} scores, opset {report.opset}, '
        f'{report.megabytes:.1f} MB\n'
        f'largest difference from PyTorch: {report.difference:.1e} of the largest score '
        f'(allowed: {TOLERANCE:.0e}), batches of {batches}'
    )


def make(args: argparse.Namespace) -> Told:
    options = ExportOptions(
        tuple(args.shape) if args.shape else None,
        args.pixels,
        args.probabilities,
        args.dynamic_batch,
        args.opset,
    )
    model = init_model(args.config, args.checkpoint, 'cpu', args.cfg_options)
    try:
        report = export_onnx(model, args.out, options)
    except ImportError as error:
        raise UserError(str(error)) from error
    return Told(asdict(report), as_text(report))


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
