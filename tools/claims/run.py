"""Measure the papers' claims at small scale.

Pre-training: with few labels, fine-tuning a pre-trained network beats training the same network
from scratch, and the gap shrinks as labels grow.  Linear probing: a linear classifier on the frozen
pre-trained network beats one on random weights.  Distillation: a small student that learns a
fine-tuned network's scores on clips without labels beats the same student trained on its teacher's
labels.  The last two are measured with 10 % and 100 % of the labels.

The tool synthesizes video files, pre-trains without labels, once per seed, then trains classifiers
from all starting points for the same number of steps, and tests them.  For every arm and number of
labels, the learning rate is chosen on validation clips with the first seed.  To continue an
interrupted run, repeat the command.  OUT/results.json holds every run, and OUT/table.md and
OUT/accuracy.png hold the summary.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from options import carry_out

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
        help='learning rates to try for both starting points (default: %(default)s)',
    )
    parser.add_argument('--workers', type=int, default=2, help='loader processes')
    parser.add_argument(
        '--quick',
        action='store_true',
        help='use only a few clips and steps, to check that everything runs',
    )
    args = parser.parse_args(arguments)
    if args.pretrainings is not None and args.pretrainings < 1:
        parser.error('--pretrainings must be at least 1')
    if args.seeds < 1 or args.workers < 0 or min(args.lrs) <= 0:
        parser.error('--seeds must be at least 1, --workers at least 0, --lrs above 0')
    if any(labels < CLASSES or labels % CLASSES for labels in args.labels):
        parser.error(f'--labels must be multiples of the {CLASSES} classes, got {args.labels}')
    return args


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(carry_out(parse_args(), 'run'))

from experiment import Experiment, data_settings, labelled_settings, teller
from results import (
    DISTILLATION,
    NAMES,
    PRETRAINING,
    PROBING,
    TEACHING,
    Result,
    best_lr,
    draw,
    markdown,
    save,
    summarise,
)

LABELLED_CLIPS = 80
FRACTIONS = (0.1, 1.0)
"""Shares of the labelled clips whose labels probes, teachers and students get."""


def plan(labels: Sequence[int], labelled_clips: int) -> list[tuple[str, int]]:
    """Arms and numbers of labels in the order in which they run: teachers before their students."""
    shares = [round(labelled_clips * fraction) for fraction in FRACTIONS]
    few = [(arm, count) for count in sorted(set(labels)) for arm in PRETRAINING]
    many = (*PROBING, 'teacher', *DISTILLATION)
    return [*few, *((arm, count) for count in shares for arm in many)]


def main(args: argparse.Namespace) -> None:
    out = args.out.resolve()
    labelled_clips = 40 if args.quick else LABELLED_CLIPS
    experiment = Experiment(
        out=out,
        data=data_settings(CLASSES, max(args.labels), args.quick),
        labelled=labelled_settings(CLASSES, labelled_clips),
        pretrain_epochs=1 if args.quick else 20,
        finetune_epochs=1 if args.quick else 10,
        pretrainings=args.pretrainings or args.seeds,
        epoch_samples=32 if args.quick else 640,
        workers=args.workers,
    )
    arms = plan(args.labels, labelled_clips)
    runs = len(arms) * (len(set(args.lrs)) + args.seeds - 1)
    say = teller()

    say('data')
    experiment.make_data()
    results: list[Result] = []
    for seed in range(args.seeds):
        if seed < experiment.pretrainings:
            say(f'pre-training, seed {seed}')
            experiment.pretrain(seed)
        for arm, labels in arms:
            lrs = args.lrs if seed == 0 else [best_lr(results, arm, labels, 0)]
            distilled = arm == 'student_distilled'
            teacher_lr = best_lr(results, 'teacher', labels, 0) if distilled else None
            for lr in sorted(set(lrs)):
                results.append(experiment.classify(arm, labels, seed, lr, teacher_lr))
                say(
                    f'{len(results)}/{runs} {NAMES[arm]}, {labels} labels, seed {seed}, '
                    f'lr {lr:g}: {results[-1].test:.1f} %'
                )
        report(results, experiment.chance, out)
    print((out / 'table.md').read_text(), end='')


def report(results: Sequence[Result], chance: float, out: Path) -> None:
    """Write the results so far."""
    save(results, out / 'results.json')
    pairs = (PRETRAINING, PROBING, TEACHING, DISTILLATION)
    tables = {pair: summarise(results, pair) for pair in pairs}
    (out / 'table.md').write_text('\n'.join(markdown(tables[pair], pair) for pair in pairs))
    draw(tables[PRETRAINING], PRETRAINING, chance, out / 'accuracy.png')
