"""Measure the speed and memory of pre-training, compared with Hugging Face's VideoMAE.

python tools/analysis_tools/benchmark_pretrain.py --arch base --batch-size 4

One training step is forward, backward and an AdamW update (PyTorch's default
implementation) with gradients then set to None, on random clips that are already
normalised and on the device.  All contenders use the same clips, tube masks of 90 %
and, for dual masking, running-cell masks of 50 %.  They take turns, round by round, in
rotating order; figures are medians over the rounds, and ratios are medians of the
ratios within rounds, so that a busy machine affects all of them alike.

The ceiling is the speed of a large square matrix product, measured before and after
each step; a contender's share of it counts the matrix products that one step
executes, two operations per multiply-accumulate.

``mocov3`` sees two views of every clip, through the encoder and its moving average.
"""

import argparse
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import track

from mmvideomae.analysis.choices import CONTRAST, DTYPES, OURS, SHAPES, THEIRS
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.errors import UserError

RATIOS = (
    ('dual', 'hf-sdpa'),
    ('dual', 'hf-eager'),
    ('encoder-only', 'hf-sdpa'),
    ('encoder-only', 'hf-eager'),
    ('dual', 'encoder-only'),
    ('encoder-only', 'mocov3'),
)


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('--arch', choices=SHAPES, default='base', help='size of the encoder (default: %(default)s)')
    add('--batch-size', type=int, default=4, help='clips per step (default: %(default)s)')
    add('--rounds', type=int, default=5, help='steps per contender (default: %(default)s)')
    add('--dtype', choices=DTYPES, default='fp32', help='autocast type (default: %(default)s)')
    add('--device', help='cpu, cuda, cuda:1, ... (default: a GPU if there is one)')
    add('--threads', type=int, help="CPU threads (default: PyTorch's choice)")
    add('--img-size', type=int, default=224, help='side in pixels (default: %(default)s)')
    add('--frames', type=int, default=16, help='frames per clip (default: %(default)s)')
    add('--compile', action='store_true', help='use torch.compile for every contender')
    add('--ceiling-size', type=int, help='side of the matrices (default: 2048; 8192 on a GPU)')
    add(
        '--only',
        nargs='+',
        choices=[*OURS, *THEIRS, *CONTRAST],
        default=[*OURS, *THEIRS],
        metavar='NAME',
        help=f'contenders to measure, out of {", ".join([*OURS, *THEIRS, *CONTRAST])} (default: '
        'all but the last)',
    )
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_pretrain'))

import torch

from mmvideomae.analysis.measurement import matmul_rate
from mmvideomae.analysis.pretrain_contenders import (
    Contender,
    StepTimes,
    build_pretrainer,
    contrast_contenders,
    make_batch,
    our_contenders,
    their_contenders,
)


def make(args: argparse.Namespace) -> Told:
    for name in ('batch_size', 'rounds', 'img_size', 'frames'):
        if getattr(args, name) < 1:
            raise UsageError(f'--{name.replace("_", "-")} must be at least 1')
    console = Console(stderr=True)
    if args.threads:
        torch.set_num_threads(args.threads)
    args.device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(args.device)
        torch.empty(1, device=device)
        contenders, missing = build_contenders(args, device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(str(error)) from error
    if missing:
        console.print(f'Without {", ".join(missing)}: transformers >= 5 is not installed.')
    if not contenders:
        raise UserError('nothing left to measure; pip install "transformers>=5"')
    report = measure(contenders, args, device, console)
    report['missing'] = missing
    return Told(report, as_text(report))


def build_contenders(
    args: argparse.Namespace, device: torch.device
) -> tuple[list[Contender], list[str]]:
    """Selected contenders, and the names of those that are not installed."""
    torch.manual_seed(0)
    model = build_pretrainer(args.arch, args.img_size, args.frames)
    batch = make_batch(model, args.batch_size)
    names = set(args.only)
    setting = (names, model, batch, device, args.dtype, args.compile)
    theirs: list[Contender] = []
    missing: list[str] = []
    if names.intersection(THEIRS):
        try:
            theirs = their_contenders(*setting)
        except ImportError:
            missing = [name for name in THEIRS if name in names]
    ours = our_contenders(*setting) if names.intersection(OURS) else []
    return ours + theirs + contrast_contenders(*setting), missing


def measure(
    contenders: list[Contender], args: argparse.Namespace, device: torch.device, console: Console
) -> dict[str, Any]:
    """Warm up, count and weigh every contender, then let them take turns."""
    size = args.ceiling_size or (8192 if device.type == 'cuda' else 2048)
    macs, memory = {}, {}
    for contender in track(contenders, 'Warming up, counting', console=console):
        macs[contender.name] = contender.count_step()
        if args.compile:
            contender.time_step()
        memory[contender.name] = asdict(contender.measure_memory())
    times, shares, ceilings = take_turns(
        contenders,
        args.rounds,
        macs,
        lambda: matmul_rate(device, getattr(torch, DTYPES[args.dtype]), size),
        console,
    )
    clips = args.batch_size
    results = {
        name: {
            'clips_per_s': clips / median(step.step for step in steps),
            'seconds': {
                part: median(getattr(step, part) for step in steps)
                for part in ('forward', 'backward', 'update')
            },
            'gmacs_per_clip': macs[name] / clips / 1e9,
            'share_of_ceiling': median(shares[name]),
            'memory': memory[name],
        }
        for name, steps in times.items()
    }
    return {
        'setting': setting_of(args, device),
        'ceiling_gflops': median(ceilings) / 1e9,
        'contenders': results,
        'speed_ratios': speed_ratios(times),
        'memory_ratios': memory_ratios(memory),
    }


def take_turns(
    contenders: list[Contender],
    rounds: int,
    macs: dict[str, int],
    ceiling: Callable[[], float],
    console: Console,
) -> tuple[dict[str, list[StepTimes]], dict[str, list[float]], list[float]]:
    """Times and shares of the ceiling by contender and round, and all ceilings measured."""
    times: dict[str, list[StepTimes]] = {contender.name: [] for contender in contenders}
    shares: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    ceilings = [ceiling()]
    for turn in track(range(rounds), 'Taking turns', console=console):
        first = turn % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            step = contender.time_step()
            ceilings.append(ceiling())
            reached = 2 * macs[contender.name] / step.step
            times[contender.name].append(step)
            shares[contender.name].append(reached / (sum(ceilings[-2:]) / 2))
    return times, shares, ceilings


def speed_ratios(times: dict[str, list[StepTimes]]) -> dict[str, float]:
    """How many times as fast as the second the first is: medians of the ratios within rounds."""
    return {
        f'{fast} / {slow}': median(
            theirs.step / ours.step for ours, theirs in zip(times[fast], times[slow], strict=True)
        )
        for fast, slow in RATIOS
        if fast in times and slow in times
    }


def memory_ratios(memory: dict[str, dict[str, int]]) -> dict[str, dict[str, float]]:
    """Ratios of the bytes of the first to those of the second."""
    return {
        f'{light} / {heavy}': {
            kind: size / memory[heavy][kind] for kind, size in memory[light].items()
        }
        for light, heavy in RATIOS
        if light in memory and heavy in memory
    }


def setting_of(args: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Settings that are needed to repeat the measurement."""
    keys = ('arch', 'batch_size', 'rounds', 'dtype', 'img_size', 'frames', 'compile')
    on_gpu = device.type == 'cuda'
    transformers = sys.modules.get('transformers')
    return {
        **{key: getattr(args, key) for key in keys},
        'device': torch.cuda.get_device_name(device) if on_gpu else platform.machine(),
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
        'transformers': getattr(transformers, '__version__', None),
    }


def as_text(report: dict[str, Any]) -> str:
    """Tables of speed and memory, then the ratios."""
    setting = ', '.join(f'{key} {value}' for key, value in report['setting'].items())
    lines = [
        setting,
        f'ceiling: {report["ceiling_gflops"]:.0f} GFLOP/s in matrix products',
        '',
        f'{"":<14}{"clips/s":>9}{"forward":>10}{"backward":>10}{"update":>9}'
        f'{"GMAC/clip":>11}{"of ceiling":>12}{"saved":>10}{"retained":>10}{"peak":>10}',
        f'{"":<14}{"":>9}{"s":>10}{"s":>10}{"s":>9}{"":>11}{"":>12}{"MiB":>10}{"MiB":>10}{"MiB":>10}',
    ]
    for name, row in report['contenders'].items():
        seconds = row['seconds']
        mebibytes = ''.join(f'{size / 2**20:>10.0f}' for size in row['memory'].values())
        lines.append(
            f'{name:<14}{row["clips_per_s"]:>9.3f}{seconds["forward"]:>10.3f}'
            f'{seconds["backward"]:>10.3f}{seconds["update"]:>9.3f}{row["gmacs_per_clip"]:>11.2f}'
            f'{row["share_of_ceiling"]:>12.1%}{mebibytes}'
        )
    lines += [
        'saved: tensors that autograd keeps for the backward pass; retained: memory the allocator',
        'holds after the forward pass; peak: weights, optimizer state and the maximum above them',
    ]
    if report['speed_ratios']:
        lines += ['', 'clips/s, first over second (median over rounds)']
        lines += [f'  {pair:<28}{ratio:>6.2f}' for pair, ratio in report['speed_ratios'].items()]
        lines += ['', 'memory, first over second: saved, retained, peak']
        for pair, ratios in report['memory_ratios'].items():
            lines.append(f'  {pair:<28}' + ''.join(f'{ratio:>6.2f}' for ratio in ratios.values()))
    return '\n'.join(lines)
