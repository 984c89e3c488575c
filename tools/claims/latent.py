"""Measure what a student of features adds to its pixel teacher, at small scale (SALT).

One network learns pixels for all epochs.  Another learns pixels for a sixth of them and is then
frozen, and a student learns to predict its features for the rest, so that both have the same number
of updates in all.  Both are compared by fine-tuning with few labels, as in run.py, and by attentive
probes of the frozen encoder.  To continue an interrupted run, repeat the command.
OUT/results.json and OUT/probes.json hold every run, and OUT/table.md the summary.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from experiment import Experiment, data_settings, labelled_settings, output_in, point
from results import LATENT, NAMES, Result, best_lr, markdown, save, summarise
from rich.console import Console

from mmvideomae.apis.probes import FeatureCache, ProbeSettings, probe

CLASSES = 4


@dataclass(frozen=True)
class LatentExperiment(Experiment):
    """Experiment with a student of features.

    Args:
        teacher_epochs: epochs of its teacher, out of ``pretrain_epochs``.
    """

    teacher_epochs: int = 1

    def start_of(self, arm: str, seed: int) -> Path | None:
        """The checkpoint of the student or of the pixel model."""
        if arm != 'latent':
            return super().start_of(arm, seed)
        folders = [self.out / f'{name}_seed{seed}' for name in ('teacher', 'student')]
        teacher = self.pretrain_in(folders[0], seed, self.teacher_epochs)
        rest = self.pretrain_epochs - self.teacher_epochs
        return self.pretrain_in(folders[1], seed, rest, teacher)

    def attentive(self, arm: str, seed: int, epochs: int) -> float:
        """Test accuracy of the best attentive probe, in percent."""
        done = self.out / f'probe_{arm}_seed{seed}.json'
        if not done.is_file():
            cfg = self._config('finetune', self.out / 'probe', seed)
            point(cfg.train_dataloader, self.out / 'labelled', 'train.csv', self.workers)
            point(cfg.test_dataloader, self.out / 'data', 'test.csv', self.workers)
            cfg.test_dataloader.dataset.pipeline = cfg.val_dataloader.dataset.pipeline
            cfg.model.cls_head.num_classes = self.data.classes
            settings = ProbeSettings(
                probes=('attentive',), heads=3, batch_size=16, epochs=epochs, seed=seed
            )
            cache = FeatureCache(self.out / 'features', 10**10)
            with output_in(self.out / 'probe'):
                report = probe(cfg, self.start_of(arm, seed), settings, cache=cache)
            done.write_text(json.dumps(report.as_json()) + '\n')
        return 100 * float(json.loads(done.read_text())['best'][0]['top1'])


def probe_table(probes: Sequence[dict[str, Any]]) -> str:
    """Accuracies of the probes: mean and deviation over the seeds, and each."""
    lines = ['| attentive probe of | test accuracy (%) | seed by seed |', '|---|---|---|']
    for arm in LATENT:
        tests = [each['test'] for each in probes if each['arm'] == arm]
        if tests:
            spread = stdev(tests) if len(tests) > 1 else 0.0
            shown = ', '.join(f'{test:.1f}' for test in tests)
            lines.append(f'| {NAMES[arm]} | {fmean(tests):.1f} ± {spread:.1f} | {shown} |')
    return '\n'.join(lines) + '\n'


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out = Path('work_dirs/claims_latent')
    parser.add_argument('--out', type=Path, default=out, help='folder to write')
    parser.add_argument('--seeds', type=int, default=3, help='repetitions (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=2, help='loader processes')
    parser.add_argument(
        '--quick', action='store_true', help='shows that everything runs, measures nothing'
    )
    args = parser.parse_args(arguments)
    if args.seeds < 1 or args.workers < 0:
        parser.error('--seeds must be at least 1, --workers at least 0')
    return args


def main() -> None:
    args = parse_args()
    quick, labels = args.quick, (4,) if args.quick else (8, 16)
    experiment = LatentExperiment(
        out=args.out.resolve(),
        data=data_settings(CLASSES, max(labels), quick),
        labelled=labelled_settings(CLASSES, 16 if quick else 80),
        pretrain_epochs=2 if quick else 24,
        finetune_epochs=1 if quick else 10,
        pretrainings=args.seeds,
        epoch_samples=32 if quick else 640,
        workers=args.workers,
        teacher_epochs=1 if quick else 4,
    )
    console, start = Console(stderr=True), time.monotonic()

    def say(text: str) -> None:
        console.print(f'[{time.monotonic() - start:6.0f} s] {text}', markup=False, highlight=False)

    say('data')
    experiment.make_data()
    results: list[Result] = []
    probes: list[dict[str, Any]] = []
    for seed in range(args.seeds):
        for arm in LATENT:
            test = experiment.attentive(arm, seed, 2 if quick else 40)
            probes.append({'arm': arm, 'seed': seed, 'test': test})
            say(f'attentive probe, {NAMES[arm]}, seed {seed}: {test:.1f} %')
            for count in labels:
                rates = (1e-3, 4e-3) if seed == 0 else (best_lr(results, arm, count, 0),)
                for lr in rates:
                    results.append(experiment.classify(arm, count, seed, lr))
                    test = results[-1].test
                    say(f'{NAMES[arm]}, {count} labels, seed {seed}, lr {lr:g}: {test:.1f} %')
    save(results, experiment.out / 'results.json')
    (experiment.out / 'probes.json').write_text(json.dumps(probes, indent=1) + '\n')
    table = f'{markdown(summarise(results, LATENT), LATENT)}\n{probe_table(probes)}'
    (experiment.out / 'table.md').write_text(table)
    print(table, end='')


if __name__ == '__main__':
    os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')
