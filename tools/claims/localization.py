"""Compare temporal detectors on a frozen encoder and end to end, at small scale.

The encoder learns by masked modelling alone, once per seed.  The same detector then learns from the
same annotated videos:

- features: of windows of 16 frames, every 2nd frame, of the frozen encoder
- longer: likewise, with twice the updates, which take about as long as the next
- adapters: end to end; temporal adapters in the encoder learn (AdaTAD)

To continue an interrupted run, repeat the command.  OUT/results.json holds every run, and
OUT/table.md the summary: average precision on test videos, over IoU 0.3 to 0.7; OUT/mAP.png draws
it.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

from options import carry_out, parsed, parser_of


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = parser_of(__doc__, 'work_dirs/claims_localization')
    return parsed(parser, arguments)


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(carry_out(parse_args(), 'localization'))

from experiment import (
    CONFIGS,
    Experiment,
    close,
    data_settings,
    labelled_settings,
    output_in,
    teller,
    trained,
)
from mmengine.config import Config
from results import Cell, Result, draw_arms, load, save, spread

from mmvideomae.apis import FeatureExtractor
from mmvideomae.engine.run_config import load_run_config
from mmvideomae.synthetic.motion import style_of
from mmvideomae.synthetic.untrimmed import UntrimmedSettings, settings_text, write_untrimmed

CLASSES = 4
STRIDE = 2
LRS = {'features': 1e-3, 'longer': 1e-3, 'adapters': 5e-4}
"""Twice as much is too much for each: docs/claims.md has the trials."""
ARMS = {
    'features': 'detector on features of the frozen encoder',
    'longer': 'the same, twice the updates',
    'adapters': 'end to end, with adapters',
}


@dataclass(frozen=True)
class LocalizationExperiment(Experiment):
    """Experiment with detectors.

    Args:
        videos: Annotated videos to train on.
        epochs: Passes over them, but twice as many for the arm 'longer'.
    """

    videos: int = 60
    epochs: int = 60

    def make_data(self) -> None:
        super().make_data()
        for name, seed in (('untrimmed', 0), ('untrimmed_test', 1)):
            settings = UntrimmedSettings(
                videos={'val': self.videos} if seed else {'train': self.videos, 'val': 20},
                style=style_of('crowd'),
                seed=seed,
            )
            done = self.out / name / 'dataset.json'
            if not done.is_file() or done.read_text() != settings_text(settings):
                for _ in write_untrimmed(self.out / name, settings, self.workers):
                    pass

    def detect(self, arm: str, seed: int) -> Result:
        """Train a detector and test it."""
        work_dir, lr = self.out / f'{arm}_seed{seed}', LRS[arm]
        done = work_dir / 'result.json'
        if done.is_file():
            return load(done)
        encoder = self.pretrain(seed)
        features = arm in ('features', 'longer')
        method = 'actionformer' if features else 'adatad'
        cfg = load_run_config(str(CONFIGS / f'{method}_vit-tiny-p8_untrimmed.py'), str(work_dir))
        cfg.randomness, cfg.log_level = {'seed': seed, 'deterministic': False}, 'WARNING'
        cfg.optim_wrapper.optimizer.lr = lr
        epochs = self.epochs * (2 if arm == 'longer' else 1)
        cfg.train_cfg.update(max_epochs=epochs, val_begin=epochs)
        cfg.default_hooks.checkpoint.interval = epochs
        if 'end' in cfg.param_scheduler:
            cfg.param_scheduler.end = epochs
        if not features:
            cfg.load_from = str(encoder)
            cfg.model.recompute = False  # a small network has the memory
        cfg.test_dataloader = deepcopy(cfg.val_dataloader)
        for loader, folder in (
            (cfg.train_dataloader, 'untrimmed'),
            (cfg.val_dataloader, 'untrimmed'),
            (cfg.test_dataloader, 'untrimmed_test'),
        ):
            self._point(loader, folder, self._features(folder, seed) if features else None)
        start = time.monotonic()
        with output_in(work_dir):
            runner = trained(cfg)
            val = runner.message_hub.get_scalar('val/segment/mAP').current()
            test = runner.test()['segment/mAP']
            close(runner)
        seconds = time.monotonic() - start
        result = Result(arm, self.videos, seed, lr, 100 * float(val), 100 * float(test), seconds)
        done.write_text(json.dumps(asdict(result)) + '\n')
        return result

    def _point(self, loader: Config, folder: str, features: Path | None) -> None:
        data = self.out / folder
        loader.dataset.ann_file = str(data / 'annotation.json')
        loader.dataset.classes = str(data / 'classes.txt')
        if features is None:
            loader.dataset.videos.folder = str(data / 'videos')
        else:
            loader.dataset.feature_dir = str(features)
        loader.num_workers = self.workers

    def _features(self, folder: str, seed: int) -> Path:
        """The folder of features of the videos, extracted where they are missing."""
        out = self.out / f'features_{folder}_seed{seed}'
        out.mkdir(exist_ok=True)
        videos = sorted((self.out / folder / 'videos').glob('*.mp4'))
        if missing := [video for video in videos if not (out / f'{video.stem}.npy').is_file()]:
            extractor = FeatureExtractor(
                str(CONFIGS / 'videomae_vit-tiny-p8_pretrain_motion.py'),
                self.pretrain(seed),
                settings={'stride': STRIDE, 'short_side': 40},  # scale of pre-training
                device='cpu',
                batch_size=32,
            )
            for video in missing:
                extractor.save(video, out / f'{video.stem}.npy')
        return out


def cells_of(results: Sequence[Result]) -> dict[str, Cell]:
    """The mAP of every arm on test videos, by seed."""
    return {
        name: Cell(LRS[arm], tuple(result.test for result in results if result.arm == arm))
        for arm, name in ARMS.items()
    }


def table(cells: Mapping[str, Cell]) -> str:
    """Mean, deviation and single figures of every arm."""
    lines = ['| | mAP | seed by seed |', '|---|---|---|']
    for name, cell in cells.items():
        each = ', '.join(f'{test:.1f}' for test in cell.tests)
        lines.append(f'| {name} | {spread(cell)} | {each} |')
    return '\n'.join(lines) + '\n'


def experiment_of(args: argparse.Namespace) -> LocalizationExperiment:
    quick = args.quick
    return LocalizationExperiment(
        out=args.out.resolve(),
        data=data_settings(CLASSES, CLASSES, quick),
        labelled=labelled_settings(CLASSES, CLASSES),
        pretrain_epochs=1 if quick else 16,
        finetune_epochs=1,
        pretrainings=args.seeds,
        workers=args.workers,
        videos=4 if quick else 60,
        epochs=1 if quick else 60,
    )


def main(args: argparse.Namespace) -> None:
    experiment = experiment_of(args)
    say = teller()
    say('data')
    experiment.make_data()
    results: list[Result] = []
    for seed in range(args.seeds):
        say(f'pre-training, seed {seed}')
        experiment.pretrain(seed)
        for arm, name in ARMS.items():
            results.append(experiment.detect(arm, seed))
            say(f'{name}, seed {seed}: {results[-1].test:.1f} % mAP')
    out = experiment.out
    save(results, out / 'results.json')
    cells = cells_of(results)
    draw_arms({name: {'test videos': cells[name]} for name in cells}, out / 'mAP.png', 'mAP (%)')
    text = table(cells)
    (out / 'table.md').write_text(text)
    print(text, end='')
