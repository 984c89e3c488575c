"""Convert weight files, for ``mmvideomae convert``."""

import argparse
from pathlib import Path

from rich.console import Console

from mmvideomae.apis.convert_checkpoint import ConversionReport, convert_checkpoint
from mmvideomae.cli.tool import Told


def _as_text(report: ConversionReport, source: str) -> str:
    """Describe what was found and what became of it."""
    facts = report.as_json()
    sizes = facts['architecture']
    lines = [f'{source}: {facts["title"]}']
    if sizes:
        lines.append(', '.join(f'{k.replace("_", " ")} {v}' for k, v in sizes.items() if v))
    lines.append(f'{facts["tensors"]} tensors, {facts["parameters"] / 1e6:.3f} M parameters')
    lines += report.conversion.lines
    return '\n'.join([*lines, *(f'wrote {path}' for path in facts['written'])])


def make(args: argparse.Namespace) -> Told:
    with Console(stderr=True).status(f'converting {args.source}'):
        report = convert_checkpoint(
            Path(args.source),
            args.target,
            args.to,
            args.trust,
            args.config and Path(args.config),
            args.tubelet_size,
            args.classifier,
            args.base,
        )
    return Told(report.as_json(), _as_text(report, args.source))
