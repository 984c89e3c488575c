"""Compare speed and memory of VIMPAC's attention layouts with joint attention (Table 13).

python tools/analysis_tools/benchmark_layouts.py --sizes 5x128 10x256

One training step is forward, backward and an AdamW update of masked prediction, on random codes
with masks of five blocks. At each size all layouts take turns, round by round, in rotating order;
figures are medians, and ratios to the first layout are medians of the ratios within rounds.

PyTorch has no fused attention with dropout on a CPU, so joint attention then keeps all scores of a
layer; --attn-drop-rate 0 measures it with fused attention.
"""

import argparse
import platform
import re
import sys
from typing import Any

from rich.console import Console

from mmvideomae.analysis.choices import DTYPES
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.errors import UserError
from mmvideomae.ops.code_archs import CODE_ARCHS, CodeArch

TINY = CodeArch(32, 2, 2)
LAYOUTS = ('T,H|W', 'TxHxW', 'T,H,W', 'T,HxW')
PIXELS_OF_A_CODE = 8


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add_option(parser, '--arch', 'small', 'encoder', choices=('tiny', *CODE_ARCHS))
    parser.add_argument('--depth', type=int, help='number of layers (default: as in the encoder)')
    parser.add_argument(
        '--layouts',
        nargs='+',
        default=list(LAYOUTS),
        metavar='LAYOUT',
        help=f'layouts; the first is the reference (default: {" ".join(LAYOUTS)})',
    )
    parser.add_argument(
        '--sizes',
        nargs='+',
        default=['5x128'],
        metavar='TxS',
        help='frames and side in pixels of the clips (default: 5x128)',
    )
    add_option(parser, '--batch-size', 1, 'clips per step')
    add_option(parser, '--rounds', 3, 'steps for each layout')
    add_option(parser, '--attn-drop-rate', 0.1, 'dropout rate of attention probabilities')
    add_option(parser, '--dtype', 'fp32', 'type to autocast to', choices=DTYPES)
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ... (default: a GPU if there is one)')
    parser.add_argument('--threads', type=int, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument('--compile', action='store_true', help='use torch.compile for every layout')
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_layouts'))

import torch

from mmvideomae.analysis.layout_contenders import compare_layouts, layout_contender


def grid_of(size: str) -> tuple[int, int, int]:
    """Frames, rows and columns of codes of a size such as '5x128'."""
    found = re.fullmatch(r'(\d+)x(\d+)', size)
    frames, side = map(int, found.groups()) if found else (0, 0)
    if not frames or not side or side % PIXELS_OF_A_CODE:
        raise UsageError(
            f'{size!r} is not a size: write frames and side, a multiple of 8 pixels, as in 5x128'
        )
    return frames, side // PIXELS_OF_A_CODE, side // PIXELS_OF_A_CODE


def make(args: argparse.Namespace) -> Told:
    depth = 1 if args.depth is None else args.depth
    if min(args.batch_size, args.rounds, depth) < 1 or not 0 <= args.attn_drop_rate < 1:
        raise UsageError('sizes, depth and rounds must be positive, --attn-drop-rate in [0, 1)')
    grids = {size: grid_of(size) for size in args.sizes}
    if args.threads:
        torch.set_num_threads(args.threads)
    args.device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    console = Console(stderr=True)
    results = {}
    try:
        device = torch.device(args.device)
        for size, grid in grids.items():
            console.print(f'{size}: {args.rounds} rounds of {", ".join(args.layouts)}')
            results[size] = measure(args, grid, device)
    except (RuntimeError, AssertionError, ValueError) as error:
        raise UserError(str(error)) from error
    report = {'setting': setting_of(args, device), 'sizes': results}
    return Told(report, as_text(report))


def measure(
    args: argparse.Namespace, grid: tuple[int, int, int], device: torch.device
) -> dict[str, dict[str, Any]]:
    """All layouts at one size."""
    arch = TINY if args.arch == 'tiny' else CODE_ARCHS[args.arch]
    arch = arch._replace(depth=args.depth or arch.depth)
    contenders = [
        layout_contender(
            layout,
            arch._asdict(),
            grid,
            args.batch_size,
            args.attn_drop_rate,
            device,
            args.dtype,
            args.compile,
        )
        for layout in args.layouts
    ]
    return compare_layouts(contenders, args.rounds, args.batch_size)


def setting_of(args: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Settings that are needed to repeat the measurement."""
    keys = ('arch', 'depth', 'batch_size', 'rounds', 'attn_drop_rate', 'dtype', 'compile')
    on_gpu = device.type == 'cuda'
    return {
        **{key: value for key in keys if (value := getattr(args, key)) is not None},
        'device': torch.cuda.get_device_name(device) if on_gpu else platform.machine(),
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
    }


def as_text(report: dict[str, Any]) -> str:
    """A table for each size."""
    lines = [', '.join(f'{key} {value}' for key, value in report['setting'].items())]
    for size, rows in report['sizes'].items():
        lines += [
            '',
            f'{size:<10}{"clips/s":>9}{"times":>8}{"GMAC/clip":>11}{"saved, MiB":>12}'
            f'{"peak, MiB":>11}',
        ]
        lines += [
            f'{layout:<10}{row["clips_per_s"]:>9.3f}{row["times_the_first"]:>8.2f}'
            f'{row["gmacs_per_clip"]:>11.1f}{row["memory"]["saved"] / 2**20:>12.0f}'
            f'{row["memory"]["peak"] / 2**20:>11.0f}'
            for layout, row in rows.items()
        ]
    return '\n'.join(
        [
            *lines,
            '',
            'times: speed relative to the first; saved: tensors kept for the backward pass; peak:',
            'weights, optimizer state and the maximum above them during a step',
        ]
    )
