"""The stages of the claims: data, pre-training, classifiers, probes and students.

Each stage leaves a file behind when it is done, and is skipped if that file exists.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner
from results import Result, load

from mmvideomae.configs import apply_options
from mmvideomae.engine.loaders import settle_loaders
from mmvideomae.engine.run_config import load_run_config
from mmvideomae.preparation.lists.few_labels import write_few_labels
from mmvideomae.synthetic.motion import style_of
from mmvideomae.synthetic.motion_dataset import ActionsSettings, settings_text, write_actions

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'demo'
TOP1 = 'acc/top1'
ARM_CONFIGS = {
    'scratch': 'scratch',
    'probe_random': 'linear-probe',
    'probe_pretrained': 'linear-probe',
    'student_labels': 'small-student',
    'student_distilled': 'distill',
}
"""Configs of the arms of run.py that are not fine-tuned."""
STARTS_PRETRAINED = ('pretrained', 'teacher', 'probe_pretrained')
MANY_LABELS = ('probe_random', 'probe_pretrained', 'teacher', 'student_labels', 'student_distilled')
"""Arms with labelled clips of their own, enough to label a tenth of them."""


@dataclass(frozen=True)
class Experiment:
    """Folders of data and results, and lengths of the runs.

    Args:
        out: folder of data, runs and results.
        data: settings of the synthesized data.
        labelled: training clips of probes, teachers and students.
        pretrain_epochs: epochs over ``train`` and ``unlabelled`` clips.
        finetune_epochs: epochs of ``epoch_samples`` samples, for every arm.
        pretrainings: pre-trained networks, from which seeds start in turn.
        epoch_samples: samples per epoch of fine-tuning, regardless of the number of labels.
        workers: loader processes.
    """

    out: Path
    data: ActionsSettings
    labelled: ActionsSettings
    pretrain_epochs: int
    finetune_epochs: int
    pretrainings: int
    epoch_samples: int = 640
    workers: int = 2

    @property
    def chance(self) -> float:
        """Accuracy of guessing, in percent, since classes are balanced."""
        return 100 / self.data.classes

    def folders(self) -> dict[str, ActionsSettings]:
        """The folders of clips."""
        return {'data': self.data, 'labelled': self.labelled}

    def make_data(self) -> None:
        """Write the clips, unless the same data are already there and complete."""
        for name, settings in self.folders().items():
            done = self.out / name / 'dataset.json'
            if not done.is_file() or done.read_text() != settings_text(settings):
                for _ in write_actions(self.out / name, settings, self.workers):
                    pass

    def pretrain(self, seed: int) -> Path:
        """Pre-train on everything but the validation and test clips; return the checkpoint."""
        return self.pretrain_in(self.out / f'pretrain_seed{seed}', seed, self.pretrain_epochs)

    def pretrain_in(
        self,
        work_dir: Path,
        seed: int,
        epochs: int,
        method: str = 'videomae',
        teacher: Path | None = None,
        fewer: int = 1,
        options: Mapping[str, Any] | None = None,
        others: float = 0.0,
    ) -> Path:
        """As `pretrain`, for some epochs.

        Args:
            method: videomae, latent (of a teacher) or mocov3.
            fewer: Use one of so many clips, as often in an epoch.
            options: Entries of the config by their dotted keys.
            others: Share of clips that are taken from the folder ``others`` instead.
        """
        checkpoint = work_dir / f'epoch_{epochs}.pth'
        if not checkpoint.is_file():
            cfg = self._config('pretrain', work_dir, seed, method)
            if teacher is not None:
                cfg.model.target.teacher.init_cfg.checkpoint = str(teacher)
            apply_options(cfg, options)
            point(cfg.train_dataloader, self.out / 'data', self._clips(seed, fewer), self.workers)
            if others:
                cfg.train_dataloader.dataset.sources = self._mixed(seed, others)
            cfg.train_cfg.max_epochs = epochs
            cfg.param_scheduler.warmup = min(cfg.param_scheduler.warmup, epochs / 4)
            cfg.custom_hooks = [*cfg.get('custom_hooks', ()), self._monitor()]
            cfg.resume = (work_dir / 'last_checkpoint').is_file()
            with output_in(work_dir):
                close(trained(cfg))
        return checkpoint

    def _monitor(self) -> dict[str, Any]:
        """The hook that follows what an encoder knows about the validation clips."""
        loader = self._config('finetune', self.out, 0).val_dataloader
        point(loader, self.out / 'data', 'val.csv', 0)
        return {'type': 'EncoderMonitorHook', 'dataset': loader.dataset, 'interval': 2}

    def _clips(self, seed: int, fewer: int) -> Path:
        """The list of an epoch of pre-training."""
        whole = self.out / 'data' / 'pretrain.csv'
        if fewer == 1:
            return whole
        lines = whole.read_text().splitlines(keepends=True)
        chosen = np.random.default_rng(seed).permutation(lines)[: len(lines) // fewer]
        few = self.out / 'lists' / f'pretrain_{len(chosen)}_seed{seed}.csv'
        few.parent.mkdir(parents=True, exist_ok=True)
        few.write_text(''.join(str(chosen[n % len(chosen)]) for n in range(len(lines))))
        return few

    def _mixed(self, seed: int, others: float) -> list[dict[str, str]]:
        """Sources with as many clips as ``data``, of which a share is from ``others``."""
        sources = []
        total = len((self.out / 'data' / 'pretrain.csv').read_text().splitlines())
        for name, share in (('data', 1 - others), ('others', others)):
            if count := round(total * share):
                data = self.out / name
                lines = (data / 'pretrain.csv').read_text().splitlines(keepends=True)
                chosen = np.random.default_rng(seed).permutation(lines)[:count]
                part = self.out / 'lists' / f'pretrain_{name}_{count}_seed{seed}.csv'
                part.parent.mkdir(parents=True, exist_ok=True)
                part.write_text(''.join(chosen))
                sources.append({'ann_file': str(part), 'data_prefix': str(data)})
        return sources

    def start_of(self, arm: str, seed: int) -> Path | None:
        """The checkpoint from which a classifier starts, if not from random weights."""
        return self.pretrain(seed % self.pretrainings) if arm in STARTS_PRETRAINED else None

    def classify(
        self, arm: str, labels: int, seed: int, lr: float, teacher_lr: float | None = None
    ) -> Result:
        """Train a classifier with this many labels and test it.

        A distilled student sees clips without labels, an epoch's worth of those of
        pre-training: only its teacher, a network fine-tuned at ``teacher_lr``, has learned
        from the labels.
        """
        work_dir = self._classifier_dir(arm, labels, seed, lr)
        done = work_dir / 'result.json'
        if done.is_file():
            return load(done)
        cfg = self._classifier_config(arm, work_dir, seed, lr)
        if arm == 'student_distilled':
            teacher = self._classifier_dir('teacher', labels, seed, teacher_lr)
            cfg.model.teacher_checkpoint = str(teacher / f'epoch_{self.finetune_epochs}.pth')
            cfg.model.teacher.cls_head.num_classes = self.data.classes
        self._point_at_training(cfg, arm, labels, seed)
        start = time.monotonic()
        with output_in(work_dir):
            runner = trained(cfg)
            best = cfg.model.cls_head.type == 'LinearProbeHead'
            key = 'val/acc/best_top1' if best else f'val/{TOP1}'
            val = runner.message_hub.get_scalar(key).current()
            test = runner.test()[TOP1]
            close(runner)
        seconds = time.monotonic() - start
        result = Result(arm, labels, seed, lr, 100 * float(val), 100 * float(test), seconds)
        done.write_text(json.dumps(asdict(result)) + '\n')
        return result

    def _classifier_dir(self, arm: str, labels: int, seed: int, lr: float | None) -> Path:
        return self.out / f'{arm}_{labels}labels_seed{seed}_lr{lr:g}'

    def _classifier_config(self, arm: str, work_dir: Path, seed: int, lr: float) -> Config:
        cfg = self._config(ARM_CONFIGS.get(arm, 'finetune'), work_dir, seed)
        cfg.optim_wrapper.optimizer.lr = lr
        cfg.model.cls_head.num_classes = self.data.classes
        cfg.train_cfg.update(max_epochs=self.finetune_epochs, val_begin=self.finetune_epochs)
        cfg.default_hooks.checkpoint.interval = self.finetune_epochs
        data = self.out / 'data'
        point(cfg.val_dataloader, data, 'val.csv', self.workers)
        point(cfg.test_dataloader, data, 'test.csv', self.workers)
        # One view, as in validation: 15 views would take longer than the training.
        cfg.test_dataloader.dataset.pipeline = cfg.val_dataloader.dataset.pipeline
        start = self.start_of(arm, seed)
        cfg.load_from = None if start is None else str(start)
        return cfg

    def _point_at_training(self, cfg: Config, arm: str, labels: int, seed: int) -> None:
        """Write the list for an epoch and let training read it."""
        data = self.out / ('labelled' if arm in MANY_LABELS else 'data')
        few = data.with_name('lists') / f'{data.name}_{labels}labels_seed{seed}.csv'
        if arm == 'student_distilled':
            data = self.out / 'data'
            few = data.with_name('lists') / f'unlabelled_seed{seed}.csv'
            lines = (data / 'pretrain.csv').read_text().splitlines(keepends=True)
            chosen = np.random.default_rng(seed).permutation(lines)[: self.epoch_samples]
            few.parent.mkdir(parents=True, exist_ok=True)
            few.write_text(''.join(chosen))
            cfg.train_dataloader.dataset.labelled = False
        else:
            write_few_labels(data / 'train.csv', few, labels, seed, samples=self.epoch_samples)
        point(cfg.train_dataloader, data, few.resolve(), self.workers)

    def _config(self, kind: str, work_dir: Path, seed: int, method: str = 'videomae') -> Config:
        path = CONFIGS / f'{method}_vit-tiny-p8_{kind}_motion.py'
        cfg = load_run_config(str(path), str(work_dir))
        cfg.randomness = {'seed': seed, 'deterministic': False}
        # The run's values are in its vis_data/scalars.json.
        cfg.log_level = 'WARNING'
        return cfg


def data_settings(classes: int, labels: int, quick: bool) -> ActionsSettings:
    """Settings of data with at most ``labels`` labelled clips."""
    # Twice as many as wanted, so that seeds choose different clips.
    clips = {'train': 2 * labels, 'val': 200, 'test': 800, 'unlabelled': 2400}
    if quick:
        clips |= {'val': 8, 'test': 8, 'unlabelled': 16}
    return crowd(clips, classes)


def labelled_settings(classes: int, clips: int) -> ActionsSettings:
    """Settings of ``clips`` labelled clips that differ from those of `data_settings`."""
    return crowd({'train': clips}, classes, seed=1)


def crowd(
    clips: dict[str, int], classes: int, seed: int = 0, difficulty: str = 'crowd'
) -> ActionsSettings:
    """Settings of clips of 20 frames of 40x40 pixels."""
    style = style_of(difficulty)
    return ActionsSettings(
        clips=clips, classes=classes, size=(40, 40), frames=20, style=style, seed=seed
    )


def teller() -> Callable[[str], None]:
    """A function that prints a line after the seconds since now, on stderr."""
    start = time.monotonic()

    def say(text: str) -> None:
        print(f'[{time.monotonic() - start:6.0f} s] {text}', file=sys.stderr, flush=True)

    return say


def trained(cfg: Config) -> Runner:
    """Train a config, and return its runner."""
    # mmengine keeps loggers and message hubs under this name as long as the process lives.
    cfg.experiment_name = f'{Path(cfg.work_dir).name}_{time.time_ns()}'
    settle_loaders(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


@contextmanager
def output_in(work_dir: Path) -> Iterator[None]:
    """Write what a run prints to a file in its folder."""
    work_dir.mkdir(parents=True, exist_ok=True)
    with (work_dir / 'output.log').open('a') as file, redirect_stdout(file):
        yield


def point(loader: Config, data: Path, annotations: str | Path, workers: int) -> None:
    """Let a loader read the list ``annotations`` (a path, or a name in ``data``)."""
    loader.dataset.sources = [{'ann_file': str(data / annotations), 'data_prefix': str(data)}]
    loader.num_workers = workers


def close(runner: Runner) -> None:
    """End the loader processes of a finished run, which live as long as its loaders do."""
    for name in ('_train_loop', '_val_loop', '_test_loop'):
        loop: Any = getattr(runner, name)
        if hasattr(loop, 'dataloader'):
            loop.dataloader._iterator = None
    gc.collect()
