"""Compare ways to learn an encoder without labels, and to fine-tune it, at small scale.

- pixels: VideoMAE for all epochs
- latent: a network learns pixels for half of the epochs and is then frozen, and a student learns to
  predict its features for the rest, so that both have the same number of updates in all (SALT)
- contrast: MoCo v3 for 300 / 800 of the epochs, as in VideoMAE Table 3
- pixels and contrast on an eighth of the clips, with as many updates (VideoMAE Table 2)
- lora: pixels, fine-tuned by LoRA instead of in full

All are compared by fine-tuning with few labels, as in run.py, and by attentive probes of the frozen
encoder.  To continue an interrupted run, repeat the command; one with other ARMS or SEEDS adds to
what is there.  OUT/results.json and OUT/probes.json hold every run, and OUT/table.md the summary.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment import Experiment, data_settings, labelled_settings, output_in, point
from mmengine.config import Config
from results import ENCODERS, NAMES, Cell, Result, best_lr, load, save, spread
from rich.console import Console

from mmvideomae.apis.probes.feature_cache import FeatureCache
from mmvideomae.apis.probes.probing import probe
from mmvideomae.apis.probes.settings import ProbeSettings

CLASSES = 4
FEWER = 8
CONTRAST = 300 / 800


@dataclass(frozen=True)
class EncoderExperiment(Experiment):
    """Experiment with several ways to pre-train.

    Args:
        teacher_epochs: epochs of the student's teacher, out of ``pretrain_epochs``.
    """

    teacher_epochs: int = 1

    def start_of(self, arm: str, seed: int) -> Path | None:
        """The checkpoint of the encoder of an arm."""
        if arm in ('pixels', 'lora'):
            return self.pretrain(seed)
        if arm == 'pixels_few':
            folder = self.out / f'{arm}_seed{seed}'
            return self.pretrain_in(folder, seed, self.pretrain_epochs, fewer=FEWER)
        if arm.startswith('contrast'):
            folder, fewer = self.out / f'{arm}_seed{seed}', FEWER if arm.endswith('few') else 1
            epochs = round(self.pretrain_epochs * CONTRAST)
            return self.pretrain_in(folder, seed, epochs, 'mocov3', fewer=fewer)
        folders = [self.out / f'{name}_seed{seed}' for name in ('teacher', 'student')]
        teacher = self.pretrain_in(folders[0], seed, self.teacher_epochs)
        rest = self.pretrain_epochs - self.teacher_epochs
        return self.pretrain_in(folders[1], seed, rest, 'latent', teacher)

    def _classifier_config(self, arm: str, work_dir: Path, seed: int, lr: float) -> Config:
        cfg = super()._classifier_config(arm, work_dir, seed, lr)
        if arm == 'lora':
            cfg.model.backbone.peft = {'type': 'LoRA', 'rank': 8}
        return cfg

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
        return _best_probe(done)


def table(results: Sequence[Result], probes: Sequence[dict[str, Any]]) -> str:
    """Mean, deviation and single accuracies of every arm by fine-tuning and by probes."""
    counts = sorted({result.labels for result in results})
    titles = [f'{count} labels' for count in counts] + ['attentive probe']
    lines = [f'| | {" | ".join(titles)} |', '|---' * (len(titles) + 1) + '|']
    for arm in ENCODERS:
        cells = []
        for count in counts:
            own = [r for r in results if (r.arm, r.labels) == (arm, count)]
            lr = best_lr(own, arm, count, 0) if own else 0
            cells.append([r.test for r in sorted(own, key=lambda r: r.seed) if r.lr == lr])
        cells.append([each['test'] for each in probes if each['arm'] == arm])
        if any(cells):
            shown = [_shown(Cell(0.0, tuple(tests))) for tests in cells]
            lines.append(f'| {NAMES[arm]} | {" | ".join(shown)} |')
    return '\n'.join(lines) + '\n'


def _best_probe(done: Path) -> float:
    return 100 * float(json.loads(done.read_text())['best'][0]['top1'])


def _shown(cell: Cell) -> str:
    tests = ', '.join(f'{test:.1f}' for test in cell.tests)
    return f'{spread(cell)} ({tests})' if cell.tests else '-'


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out = Path('work_dirs/claims_encoders')
    parser.add_argument('--out', type=Path, default=out, help='folder to write')
    parser.add_argument('--seeds', type=int, default=3, help='repetitions (default: %(default)s)')
    parser.add_argument(
        '--arms', nargs='+', choices=ENCODERS, default=ENCODERS, help='what to run (default: all)'
    )
    parser.add_argument('--workers', type=int, default=2, help='loader processes')
    parser.add_argument(
        '--quick', action='store_true', help='shows that everything runs, measures nothing'
    )
    args = parser.parse_args(arguments)
    if args.seeds < 1 or args.workers < 0:
        parser.error('--seeds must be at least 1, --workers at least 0')
    return args


def experiment_of(args: argparse.Namespace) -> tuple[EncoderExperiment, tuple[int, ...]]:
    """The experiment, and the numbers of labels."""
    quick = args.quick
    labels = (4,) if quick else (8, 16)
    experiment = EncoderExperiment(
        out=args.out.resolve(),
        data=data_settings(CLASSES, max(labels), quick),
        labelled=labelled_settings(CLASSES, 16 if quick else 80),
        pretrain_epochs=3 if quick else 16,
        finetune_epochs=1 if quick else 10,
        pretrainings=args.seeds,
        epoch_samples=32 if quick else 640,
        workers=args.workers,
        teacher_epochs=1 if quick else 8,
    )
    return experiment, labels


def main() -> None:
    args = parse_args()
    experiment, labels = experiment_of(args)
    console, start = Console(stderr=True), time.monotonic()

    def say(text: str) -> None:
        console.print(f'[{time.monotonic() - start:6.0f} s] {text}', markup=False, highlight=False)

    say('data')
    experiment.make_data()
    results: list[Result] = []
    for seed in range(args.seeds):
        for arm in args.arms:
            if arm != 'lora':  # whose frozen encoder is that of pixels
                test = experiment.attentive(arm, seed, 2 if args.quick else 40)
                say(f'attentive probe, {NAMES[arm]}, seed {seed}: {test:.1f} %')
            for count in labels:
                rates = (1e-3, 4e-3) if seed == 0 else (best_lr(results, arm, count, 0),)
                for lr in rates:
                    results.append(experiment.classify(arm, count, seed, lr))
                    test = results[-1].test
                    say(f'{NAMES[arm]}, {count} labels, seed {seed}, lr {lr:g}: {test:.1f} %')
    out = experiment.out
    results = [load(path) for path in sorted(out.glob('*/result.json'))]
    probes = [
        {'arm': arm, 'seed': seed, 'test': _best_probe(done)}
        for arm in ENCODERS
        for seed, done in enumerate(sorted(out.glob(f'probe_{arm}_seed*.json')))
    ]
    save(results, out / 'results.json')
    (out / 'probes.json').write_text(json.dumps(probes, indent=1) + '\n')
    text = table(results, probes)
    (out / 'table.md').write_text(text)
    print(text, end='')


if __name__ == '__main__':
    os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')
