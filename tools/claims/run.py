"""Measure the papers' central claim in small: with few labels, fine-tuning a pre-trained network
beats training the same network from scratch, and the gap shrinks as labels grow.

Synthesizes video files, pre-trains without labels, once per seed, then trains classifiers with
several numbers of labels on both starts, for as many steps, and tests them.  The learning rate of
every start and number of labels is chosen on validation clips with the first seed.  A run that was
stopped continues when the command is given again.  OUT/results.json holds every run, OUT/table.md
and OUT/accuracy.png the summary.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from results import ARMS, NAMES, Result, best_lr, draw, markdown, save, summarise
from rich.console import Console

CLASSES = 4


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--out', type=Path, default=Path('work_dirs/claims'), help='folder to write'
    )
    parser.add_argument('--seeds', type=int, default=3, help='repetitions (default: %(default)s)')
    parser.add_argument(
        '--pretrainings',
        type=int,
        help='pre-trained networks, from which seeds start in turn (default: one per seed)',
    )
    parser.add_argument(
        '--labels',
        type=int,
        nargs='+',
        default=[8, 16, 32],
        help=f'numbers of labelled clips, multiples of {CLASSES} (default: %(default)s)',
    )
    parser.add_argument(
        '--lrs',
        type=float,
        nargs='+',
        default=[1e-3, 4e-3],
        help='learning rates that both starts try (default: %(default)s)',
    )
    parser.add_argument('--workers', type=int, default=2, help='loader processes')
    parser.add_argument(
        '--quick',
        action='store_true',
        help='a few clips and steps: shows that everything runs, measures nothing',
    )
    args = parser.parse_args(arguments)
    if args.pretrainings is not None and args.pretrainings < 1:
        parser.error('--pretrainings must be at least 1')
    if args.seeds < 1 or args.workers < 0 or min(args.lrs) <= 0:
        parser.error('--seeds must be at least 1, --workers at least 0, --lrs above 0')
    if any(labels < CLASSES or labels % CLASSES for labels in args.labels):
        parser.error(f'--labels must be multiples of the {CLASSES} classes, got {args.labels}')
    return args


def plan(seeds: int, labels: Sequence[int], lrs: Sequence[float]) -> int:
    """Number of classifiers to train."""
    return len(ARMS) * len(set(labels)) * (len(set(lrs)) + seeds - 1)


def main() -> None:
    args = parse_args()
    # Spinning threads would starve the loader's processes. OpenMP reads this when PyTorch is
    # imported, which importing the toolbox does.
    os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
    from experiment import Experiment, data_settings

    console = Console(stderr=True)
    out = args.out.resolve()
    experiment = Experiment(
        out=out,
        data=data_settings(CLASSES, max(args.labels), args.quick),
        pretrain_epochs=1 if args.quick else 20,
        finetune_epochs=1 if args.quick else 10,
        pretrainings=args.pretrainings or args.seeds,
        epoch_samples=32 if args.quick else 640,
        workers=args.workers,
    )
    start = time.monotonic()

    def say(text: str) -> None:
        console.print(f'[{time.monotonic() - start:6.0f} s] {text}', markup=False, highlight=False)

    say('data')
    experiment.make_data()
    results: list[Result] = []
    for seed in range(args.seeds):
        if seed < experiment.pretrainings:
            say(f'pre-training, seed {seed}')
            experiment.pretrain(seed)
        for labels in sorted(set(args.labels)):
            for arm in ARMS:
                lrs = args.lrs if seed == 0 else [best_lr(results, arm, labels, 0)]
                for lr in sorted(set(lrs)):
                    results.append(experiment.classify(arm, labels, seed, lr))
                    say(
                        f'{len(results)}/{plan(args.seeds, args.labels, args.lrs)} {NAMES[arm]}, '
                        f'{labels} labels, seed {seed}, lr {lr:g}: {results[-1].test:.1f} %'
                    )
        report(results, experiment.chance, out)
    print((out / 'table.md').read_text(), end='')


def report(results: Sequence[Result], chance: float, out: Path) -> None:
    """Write what is known so far."""
    save(results, out / 'results.json')
    rows = summarise(results)
    (out / 'table.md').write_text(markdown(rows))
    draw(rows, chance, out / 'accuracy.png')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')
