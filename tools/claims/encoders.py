"""Compare ways to make an encoder without labels, at small scale, by the claims of the papers.

- latent: after half of the epochs, a student learns to predict the features of the network so far
  instead of pixels, with as many updates in all (SALT)
- contrast: MoCo v3 for 300 / 800 of the epochs (VideoMAE Table 3), also with an eighth of the clips
  and as many updates (Table 2, Figure 4)
- lora: fine-tuning by LoRA instead of in full
- masks, ratios: tubes, random and frame masks; how much they hide (VideoMAE Table 1b)
- dual: half of the tokens are decoded; the loss is on all of these (VideoMAE V2 Tables 1, 2)
- schedule: half and a quarter of the epochs (VideoMAE Figure 5)
- decoder, targets: depth, normalisation, loss, frames (VideoMAE Tables 1a, 1c, 1f)
- domain: clips of another kind (VideoMAE Tables 1e, 4)
- size, frames: width of the network (VideoMAE V2 Table 3), frames of a clip (VideoMAE Table 7)
- progressive: labels of a mixture of classes before the few labels (VideoMAE V2 Table 5)

All are compared by fine-tuning with few labels, as in run.py, and by attentive probes of the frozen
encoder.  To continue an interrupted run, repeat the command; one with other CLAIMS or SEEDS adds to
what is there.  OUT/results.json and OUT/probes.json hold every run, and OUT/table.md and OUT/*.png
the summary.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arms import ARMS, CLAIMS
from options import carry_out, parsed, parser_of


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = parser_of(__doc__, 'work_dirs/claims_encoders')
    parser.add_argument(
        '--claims', nargs='+', choices=CLAIMS, default=list(CLAIMS), help='(default: all)'
    )
    return parsed(parser, arguments)


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(carry_out(parse_args(), 'encoders'))

import torch
from experiment import (
    Experiment,
    close,
    crowd,
    data_settings,
    labelled_settings,
    output_in,
    point,
    teller,
    trained,
)
from mmengine.config import Config
from results import Cell, Result, best_lr, draw_arms, load, save, spread

from mmvideomae.apis.probes.feature_cache import FeatureCache
from mmvideomae.apis.probes.probing import probe
from mmvideomae.apis.probes.settings import ProbeSettings
from mmvideomae.configs import apply_options
from mmvideomae.synthetic.motion_dataset import ActionsSettings

CLASSES, MORE_CLASSES = 4, 8


@dataclass(frozen=True)
class EncoderExperiment(Experiment):
    """Experiment with the ways of `ARMS` to make an encoder.

    Args:
        others: Clips of another kind.
        mixture: Labelled clips of more classes.
    """

    others: ActionsSettings | None = None
    mixture: ActionsSettings | None = None

    def folders(self) -> dict[str, ActionsSettings]:
        more = {'others': self.others, 'mixture': self.mixture}
        return super().folders() | {name: more[name] for name in more if more[name] is not None}

    def start_of(self, arm: str, seed: int) -> Path | None:
        """The checkpoint of the encoder of an arm, made if it is missing."""
        way = ARMS[arm]
        if way.labelled_first:
            return self._labelled_first(seed, self.start_of(way.encoder_of, seed))
        if way.encoder_of:
            return self.start_of(way.encoder_of, seed)
        return self.pretrain_in(
            self.out / f'{arm}_seed{seed}',
            seed,
            max(1, round(self.pretrain_epochs * way.share)),
            way.method,
            self.start_of(way.teacher, seed) if way.teacher else None,
            way.fewer,
            way.pretrain,
            way.others,
        )

    def _labelled_first(self, seed: int, start: Path | None) -> Path:
        """The encoder after it learned the labels of the mixture."""
        work_dir = self.out / f'mixture_seed{seed}'
        done = work_dir / 'encoder.pth'
        if not done.is_file():
            cfg = super()._classifier_config('pixels', work_dir, seed, 1e-3)
            cfg.load_from = str(start)
            cfg.model.cls_head.num_classes = MORE_CLASSES
            point(cfg.train_dataloader, self.out / 'mixture', 'train.csv', self.workers)
            point(cfg.val_dataloader, self.out / 'mixture', 'val.csv', self.workers)
            with output_in(work_dir):
                close(trained(cfg))
            saved = torch.load(work_dir / f'epoch_{self.finetune_epochs}.pth', weights_only=False)
            weights = saved['state_dict']
            encoder = {key: weights[key] for key in weights if key.startswith('backbone.')}
            torch.save({'state_dict': encoder, 'meta': {}}, done)
        return done

    def _classifier_config(self, arm: str, work_dir: Path, seed: int, lr: float) -> Config:
        cfg = super()._classifier_config(arm, work_dir, seed, lr)
        apply_options(cfg, ARMS[arm].classifier)
        return cfg

    def attentive(self, arm: str, seed: int, epochs: int) -> float:
        """Test accuracy of the best attentive probe, in percent."""
        done = self.out / f'probe_{arm}_seed{seed}.json'
        if not done.is_file():
            cfg = self._config('finetune', self.out / 'probe', seed)
            apply_options(cfg, ARMS[arm].classifier)
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


def _best_probe(done: Path) -> float:
    return 100 * float(json.loads(done.read_text())['best'][0]['top1'])


def _shown(cell: Cell) -> str:
    tests = ', '.join(f'{test:.1f}' for test in cell.tests)
    return f'{spread(cell)} ({tests})'


def experiment_of(args: argparse.Namespace) -> tuple[EncoderExperiment, tuple[int, ...]]:
    """The experiment, and the numbers of labels."""
    quick = args.quick
    labels = (4,) if quick else (8, 16)
    wanted = [ARMS[arm] for claim in args.claims for arm in CLAIMS[claim]]
    experiment = EncoderExperiment(
        out=args.out.resolve(),
        data=data_settings(CLASSES, max(labels), quick),
        labelled=labelled_settings(CLASSES, 16 if quick else 80),
        pretrain_epochs=4 if quick else 16,
        finetune_epochs=1 if quick else 10,
        pretrainings=args.seeds,
        epoch_samples=32 if quick else 640,
        workers=args.workers,
        others=crowd({'unlabelled': 24 if quick else 2432}, CLASSES, 2, 'easy')
        if any(way.others for way in wanted)
        else None,
        mixture=crowd({'train': 32 if quick else 320, 'val': 8}, MORE_CLASSES, 3)
        if any(way.labelled_first for way in wanted)
        else None,
    )
    return experiment, labels


def main(args: argparse.Namespace) -> None:
    experiment, labels = experiment_of(args)
    say = teller()
    say('data')
    experiment.make_data()
    results: list[Result] = []
    for seed in range(args.seeds):
        for arm in dict.fromkeys(arm for claim in args.claims for arm in CLAIMS[claim]):
            way = ARMS[arm]
            if not way.classifier.get('model.backbone.peft'):  # which a frozen encoder has not
                test = experiment.attentive(arm, seed, 2 if args.quick else 40)
                say(f'{way.name}, seed {seed}, attentive probe: {test:.1f} %')
            for count in labels:
                rates = (1e-3, 4e-3) if seed == 0 else (best_lr(results, arm, count, 0),)
                for lr in rates:
                    results.append(experiment.classify(arm, count, seed, lr))
                    test = results[-1].test
                    say(f'{way.name}, seed {seed}, {count} labels, lr {lr:g}: {test:.1f} %')
    print(report(experiment.out), end='')


def report(out: Path) -> str:
    """Write all results in a folder, also those of earlier commands, and return the table."""
    results = [load(path) for path in sorted(out.glob('*/result.json'))]
    probes = [
        {'arm': arm, 'seed': seed, 'test': _best_probe(done)}
        for arm in ARMS
        for seed in range(100)
        if (done := out / f'probe_{arm}_seed{seed}.json').is_file()
    ]
    save(results, out / 'results.json')
    (out / 'probes.json').write_text(json.dumps(probes, indent=1) + '\n')
    text = ''
    for claim, arms in CLAIMS.items():
        if seeds := seeds_of_all(results, arms):
            cells = cells_of(
                [each for each in results if each.seed in seeds],
                [each for each in probes if each['seed'] in seeds],
            )
            own = {ARMS[arm].name: cells[arm] for arm in arms}
            text += f'{claim}\n\n{table(own)}\n'
            draw_arms(own, out / f'{claim}.png')
    (out / 'table.md').write_text(text)
    return text


def seeds_of_all(results: Sequence[Result], arms: Sequence[str]) -> set[int]:
    """The seeds that all arms have in common, with all numbers of labels."""
    counts = {result.labels for result in results if result.arm in arms}
    found = {(each.arm, each.labels, each.seed) for each in results}
    seeds = {result.seed for result in results}
    return {s for s in seeds if all((arm, n, s) in found for arm in arms for n in counts)}


Cells = dict[str, Cell]
"""What was measured of an arm, such as '8 labels', and the accuracies by seed."""


def cells_of(results: Sequence[Result], probes: Sequence[dict[str, Any]]) -> dict[str, Cells]:
    """What was measured of every arm; fine-tuned at the rate chosen with the first seed."""
    found: dict[str, Cells] = {}
    for arm in ARMS:
        cells = {}
        for count in sorted({result.labels for result in results if result.arm == arm}):
            own = [r for r in results if (r.arm, r.labels) == (arm, count)]
            lr = best_lr(own, arm, count, 0)
            tests = tuple(r.test for r in sorted(own, key=lambda r: r.seed) if r.lr == lr)
            cells[f'{count} labels'] = Cell(lr, tests)
        if tests := tuple(each['test'] for each in probes if each['arm'] == arm):
            cells['attentive probe'] = Cell(0.0, tests)
        if cells:
            found[arm] = cells
    return found


def table(arms: Mapping[str, Cells]) -> str:
    """Mean, deviation and single accuracies of the arms of a claim."""
    titles = list(dict.fromkeys(title for cells in arms.values() for title in cells))
    lines = [f'| | {" | ".join(titles)} |', '|---' * (len(titles) + 1) + '|']
    for name, cells in arms.items():
        shown = [_shown(cells[title]) if title in cells else '-' for title in titles]
        lines.append(f'| {name} | {" | ".join(shown)} |')
    return '\n'.join(lines) + '\n'
