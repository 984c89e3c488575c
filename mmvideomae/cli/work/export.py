"""Export a classifier to ONNX, for ``mmvideomae export``."""

import argparse
from dataclasses import asdict

from mmvideomae.apis import init_model
from mmvideomae.apis.export import TOLERANCE, ExportOptions, ExportReport, export_onnx
from mmvideomae.cli.tool import Told
from mmvideomae.errors import UserError


def _as_text(report: ExportReport) -> str:
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
    return Told(asdict(report), _as_text(report))
