"""Measure VIMPAC's claims in small.

Both losses: a network that learned by masked prediction and by contrast is fine-tuned to a higher
accuracy than the same network from random weights, and than one that learned by either alone.
Masks: one that learned under block masks is fine-tuned to a higher accuracy than one that learned
under i.i.d. masks of the same ratio, although it predicts fewer of its masked codes (Table 8).

Synthesizes video files, trains a tokenizer on them, extracts their codes, pre-trains the arms
without labels, once per seed, then trains classifiers on all of them with few labels and tests
them.  A run that was stopped continues when the command is given again.  OUT/vimpac.json holds
every run, OUT/vimpac.md the summary.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from options import carry_out


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out = Path('work_dirs/claims_vimpac')
    parser.add_argument('--out', type=Path, default=out, help='folder to write')
    parser.add_argument('--seeds', type=int, default=3, help='repetitions (default: %(default)s)')
    parser.add_argument('--first-seed', type=int, default=0, help='the first (default: 0)')
    parser.add_argument(
        '--quick', action='store_true', help='shows that everything runs, measures nothing'
    )
    args = parser.parse_args(arguments)
    if args.seeds < 1 or args.first_seed < 0:
        parser.error('--seeds must be at least 1, --first-seed at least 0')
    return args


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(carry_out(parse_args(), 'vimpac'))

from experiment import CONFIGS, TOP1, close, output_in, point, teller, trained

from mmvideomae.apis import init_tokenizer
from mmvideomae.apis.inference import process_device
from mmvideomae.engine.run_config import load_run_config
from mmvideomae.jobs.video_jobs import jobs_of
from mmvideomae.masking import BlockMask
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.preparation.codes.jobs import extract_codes
from mmvideomae.preparation.lists.few_labels import write_few_labels
from mmvideomae.synthetic.motion import style_of
from mmvideomae.synthetic.motion_dataset import ActionsSettings, write_actions

# Shapes move by 2 pixels a frame, and by a code of 8 pixels from one frame of a clip to the next.
SIZE, FPS, GRID, BLOCKS = 40, 6.25, (5, 5, 5), 5
NETWORK = {'arch': {'embed_dims': 64, 'depth': 3, 'num_heads': 4}, 'grid_size': GRID}
CLASSES, LABELS, CLIPS, BATCH, LR = 4, 16, 1200, 12, 2e-3
IID = {'type': 'IidMask', 'ratio': BlockMask(GRID, BLOCKS).ratio}
BLOCK = {'type': 'BlockMask', 'num_blocks': BLOCKS}


@dataclass(frozen=True)
class Arm:
    """A way to pre-train: the masks, and the settings of the model; None: not at all."""

    name: str
    encoder: dict[str, Any] | None
    model: dict[str, Any]


ARMS = (
    Arm('from scratch', None, {}),
    Arm('masked prediction and contrast', BLOCK, {}),
    Arm('masked prediction alone', BLOCK, {'alpha': 0}),
    Arm('contrast alone', None, {'head': None, 'contrast_input': 'intact'}),
    Arm('masked prediction alone, i.i.d. masks', IID, {'alpha': 0}),
)


@dataclass(frozen=True)
class Run:
    """A pre-trained and fine-tuned network; accuracies in percent."""

    arm: str
    seed: int
    masked: float | None
    """Masked codes that are predicted, in the last epoch of pre-training."""
    test: float
    seconds: float


@dataclass(frozen=True)
class Trial:
    """Where everything is written, and how long the runs are."""

    out: Path
    epochs: int
    tune_epochs: int
    tokenizer_epochs: int
    clips: int

    @property
    def data(self) -> Path:
        return self.out / 'motion'

    def prepare(self) -> None:
        """Synthesize, train the tokenizer and extract codes; what is done is kept."""
        self.out.mkdir(parents=True, exist_ok=True)
        test = max(self.clips // 3, CLASSES)
        settings = ActionsSettings(
            clips={'train': 2 * LABELS, 'val': CLASSES, 'test': test, 'unlabelled': self.clips},
            classes=CLASSES,
            size=(SIZE, SIZE),
            frames=20,
            style=style_of('crowd'),
        )
        if not (self.data / 'dataset.json').is_file():
            for _ in write_actions(self.data, settings, 2):
                pass
        cfg = self._config('vqvae_tiny_motion.py', self.out / 'tokenizer', 0)
        checkpoint = self.out / 'tokenizer' / f'epoch_{self.tokenizer_epochs}.pth'
        if not checkpoint.is_file():
            point(cfg.train_dataloader, self.data, 'pretrain.csv', 0)
            cfg.train_dataloader.dataset.pipeline.augment.transforms.crop.size = SIZE
            cfg.train_cfg.max_epochs = self.tokenizer_epochs
            with output_in(self.out / 'tokenizer'):
                close(trained(cfg))
        tokenizer = init_tokenizer(
            str(CONFIGS / 'vqvae_tiny_motion.py'), str(checkpoint), process_device(None)
        )
        extractor = CodeExtractor(tokenizer, FPS, SIZE)
        for _ in extract_codes(extractor, jobs_of(str(self.data)), self.out / 'codes'):
            pass

    def run(self, arm: Arm, seed: int) -> Run:
        """Pre-train, fine-tune and test."""
        folder = self.out / f'{arm.name.replace(" ", "-").replace(",", "")}_seed{seed}'
        done = folder / 'result.json'
        if done.is_file():
            return Run(**json.loads(done.read_text()))
        start = time.monotonic()
        checkpoint, masked = self._pretrain(arm, folder / 'pretrain', seed)
        test = self._classify(checkpoint, folder / 'finetune', seed)
        found = Run(arm.name, seed, masked, test, time.monotonic() - start)
        done.write_text(json.dumps(asdict(found)) + '\n')
        return found

    def _pretrain(self, arm: Arm, folder: Path, seed: int) -> tuple[str | None, float | None]:
        """The checkpoint, and the percentage of masked codes that are predicted."""
        if arm == ARMS[0]:
            return None, None
        cfg = self._config('vimpac_tiny_pretrain_motion-codes.py', folder, seed)
        cfg.model.update(arm.model)
        cfg.model.backbone.update(NETWORK)
        cfg.train_dataloader.batch_size, cfg.optim_wrapper.optimizer.lr = BATCH, LR
        pipeline = self._read_codes(cfg, 'train_dataloader', 'pretrain.csv')
        pipeline.sample.update(clip_len=GRID[0], fps=FPS)
        mask = dict(pipeline.mask, grid_size=GRID, encoder=arm.encoder)
        pipeline.mask = mask if arm.encoder else None
        cfg.train_cfg.max_epochs = self.epochs
        with output_in(folder):
            runner = trained(cfg)
            logged = runner.message_hub.log_scalars.get('train/masked_accuracy')
            masked = None if logged is None else 100 * float(logged.mean(self.clips // BATCH))
            close(runner)
        return str(folder / f'epoch_{self.epochs}.pth'), masked

    def _classify(self, checkpoint: str | None, folder: Path, seed: int) -> float:
        """Test accuracy after learning from few labels, in percent."""
        cfg = self._config('vimpac_tiny_scratch_motion.py', folder, seed)
        cfg.model.backbone.update(NETWORK)
        labels = self.out / 'lists' / f'{LABELS}labels_seed{seed}.csv'
        write_few_labels(self.data / 'train.csv', labels, LABELS, seed, samples=640)
        lists = {'train': str(labels.resolve()), 'val': 'val.csv', 'test': 'test.csv'}
        for split, annotations in lists.items():
            pipeline = self._read_codes(cfg, f'{split}_dataloader', annotations)
            pipeline.sample.update(clip_len=GRID[0], fps=FPS)
        cfg.train_cfg.update(max_epochs=self.tune_epochs, val_begin=self.tune_epochs)
        cfg.load_from = checkpoint
        with output_in(folder):
            runner = trained(cfg)
            test = runner.test()[TOP1]
            close(runner)
        return 100 * float(test)

    def _config(self, name: str, folder: Path, seed: int) -> Any:
        cfg = load_run_config(str(CONFIGS / name), str(folder))
        cfg.randomness = {'seed': seed, 'deterministic': False}
        cfg.log_level = 'WARNING'
        cfg.default_hooks.checkpoint.interval = max(self.epochs, self.tune_epochs)
        tokenizer = cfg.model.get('data_preprocessor', {}).get('tokenizer')
        if tokenizer is not None:
            checkpoint = self.out / 'tokenizer' / f'epoch_{self.tokenizer_epochs}.pth'
            tokenizer.init_cfg.checkpoint = str(checkpoint)
        return cfg

    def _read_codes(self, cfg: Any, loader: str, annotations: str) -> Any:
        """Let a loader read the centre of the videos of a list from files of codes."""
        point(cfg[loader], self.data, annotations, 0)
        pipeline = cfg[loader].dataset.pipeline
        pipeline.open = {
            'type': 'OpenCodes',
            'folder': str(self.out / 'codes'),
            'size': SIZE,
            'test_mode': loader == 'test_dataloader',
        }
        pipeline.read = {'type': 'ReadCodes'}
        pipeline.crop = None
        return pipeline


def markdown(runs: Iterable[Run]) -> str:
    """Accuracies of the arms over the seeds, mean and deviation, and seed by seed."""
    lines = [
        '| pre-training | masked codes predicted (%) | test accuracy (%) | seed by seed |',
        '|---|---|---|---|',
    ]
    runs = list(runs)
    for arm in ARMS:
        own = sorted((run for run in runs if run.arm == arm.name), key=lambda run: run.seed)
        if own:
            masked = [run.masked for run in own if run.masked is not None]
            tests = [run.test for run in own]
            shown = ', '.join(f'{test:.1f}' for test in tests)
            lines.append(f'| {arm.name} | {_spread(masked)} | {_spread(tests)} | {shown} |')
    return '\n'.join(lines) + '\n'


def _spread(values: Sequence[float]) -> str:
    if not values:
        return '-'
    return f'{fmean(values):.1f} ± {stdev(values) if len(values) > 1 else 0.0:.1f}'


def main(args: argparse.Namespace) -> None:
    quick = args.quick
    trial = Trial(
        args.out.resolve(),
        epochs=1 if quick else 12,
        tune_epochs=1 if quick else 10,
        tokenizer_epochs=1 if quick else 4,
        clips=32 if quick else CLIPS,
    )
    say = teller()
    say('videos, tokenizer and codes')
    trial.prepare()
    runs: list[Run] = []
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for arm in ARMS:
            runs.append(trial.run(arm, seed))
            say(f'{arm.name}, seed {seed}: {runs[-1].test:.1f} %')
    found = [asdict(run) for run in runs]
    (trial.out / 'vimpac.json').write_text(json.dumps(found, indent=1) + '\n')
    (trial.out / 'vimpac.md').write_text(markdown(runs))
    print(markdown(runs), end='')
