"""Show masked video pre-training at work on this machine, in minutes.

Without --videos: synthesize clips whose class only motion reveals, pre-train a small model on them,
fine-tune it with few labels, train the same model from scratch with the same labels for as many
steps, and test both.  With --videos FOLDER: pre-train on your own videos and reconstruct some of
them.  In both cases OUT/report.html shows the results.

--method vimpac first trains a tokenizer, and predicts its codes instead of pixels.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from mmvideomae.cli.experiment import Stage, StageError, newest_checkpoint, read_scalars, run_stage
from mmvideomae.configs import read_config
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_folders import find_videos
from mmvideomae.preparation.lists.few_labels import write_few_labels
from mmvideomae.visualization.charts import Curve
from mmvideomae.visualization.report import (
    Accuracy,
    Chart,
    Command,
    DemoResults,
    Picture,
    write_demo_report,
)

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = 'configs/demo'
OWN_VIDEOS = f'{CONFIGS}/videomae_vit-tiny-p8_pretrain_own-videos.py'
CLASSES, LABELS, TESTED, UNLABELLED = 4, 16, 400, 1248
SAMPLES = 640
"""Samples per epoch of learning the classes: the few labelled clips are listed several times."""
DATA = [
    *('--difficulty', 'crowd', '--size', 40, '--frames', 20, '--classes', CLASSES),
    *('--unlabelled', UNLABELLED, '--clips', LABELS + TESTED),
    *('--splits', LABELS / (LABELS + TESTED), 0, TESTED / (LABELS + TESTED)),
]
OWN_EPOCH = 256
"""Minimum number of clips per epoch on your own videos: fewer videos are listed several times."""


@dataclass(frozen=True)
class Method:
    """Configs of a method, by the beginning of their names.

    Attributes:
        network: Start of the names ``<network>_{pretrain,finetune,scratch}_motion.py``.
        learns: Task that the network learns before it learns the classes.
        tokenizer: Config of a tokenizer to train first.
        mask_ratios: Ratios in the picture; if there are none, that of the training.
    """

    network: str
    learns: str
    tokenizer: str | None = None
    mask_ratios: tuple[float, ...] = ()

    def config(self, task: str) -> str:
        return f'{CONFIGS}/{self.network}_{task}_motion.py'


METHODS = {
    'videomae': Method(
        'videomae_vit-tiny-p8', 'fill in hidden parts', mask_ratios=(0.5, 0.75, 0.9)
    ),
    'vimpac': Method(
        'vimpac_tiny',
        'predict the codes of hidden parts',
        tokenizer=f'{CONFIGS}/vqvae_tiny_motion.py',
    ),
}
CHECKPOINT_OF_TOKENIZER = 'model.data_preprocessor.tokenizer.init_cfg.checkpoint'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'), help='folder to write')
    parser.add_argument('--videos', type=Path, metavar='FOLDER', help='pre-train on these videos')
    parser.add_argument('--epochs', type=int, help="epochs of pre-training (default: the config's)")
    parser.add_argument(
        '--method',
        choices=METHODS,
        default='videomae',
        help='pre-training method (default: videomae)',
    )
    args = parser.parse_args()
    if args.videos and args.method != 'videomae':
        parser.error(
            f'--videos does not support {args.method}: see docs/{args.method}.md for the commands'
        )
    return args


@dataclass
class Demo:
    """The stages of one demo: the folder they write to, and those that have run so far."""

    out: Path
    epochs: int | None = None
    console: Console = field(default_factory=Console)
    stages: list[Stage] = field(default_factory=list)

    def run(self, what: str, arguments: Sequence[object]) -> None:
        """Run one command of the toolbox, showing progress and the time it took."""
        words = [str(argument) for argument in arguments]
        log = self.out / f'{len(self.stages) + 1}_{Path(words[0]).stem}.log'
        with self.console.status(f'{what} (log: {log})'):
            stage = run_stage(what, words, log, ROOT)
        self.stages.append(stage)
        self.console.print(f'{what}: {stage.seconds:.0f} s', highlight=False)

    def train(self, what: str, config: str, name: str, options: dict[str, object]) -> Path:
        """Train a config in OUT/name; return the last checkpoint."""
        words = ['tools/train.py', config, '--work-dir', self.out / name, '--cfg-options']
        self.run(what, [*words, *assigned(options)])
        return newest_checkpoint(self.out / name)

    def test(self, what: str, config: str, checkpoint: Path, data: Path) -> float:
        """Test a checkpoint on the clips of a list; return its top-1 accuracy."""
        work_dir = self.out / 'test' / checkpoint.parent.name
        words = ['tools/test.py', config, checkpoint, '--work-dir', work_dir, '--cfg-options']
        self.run(what, [*words, *assigned(listed('test_dataloader', data))])
        results = sorted(work_dir.glob('*/*.json'))[-1]
        return float(json.loads(results.read_text())['acc/top1'])

    def reconstruct(
        self, config: str, checkpoint: Path, video: Path, name: str, ratios: Sequence[float]
    ) -> Picture:
        """Draw how a pre-trained model reconstructs the hidden part of a video."""
        picture = self.out / name
        words = ['tools/visualizations/reconstruct.py', config, checkpoint, video, picture]
        self.run('Reconstructing', [*words, '--mask-ratios', *ratios] if ratios else words)
        return Picture(picture, f'{video.name}: original, what the encoder saw, reconstruction')

    def commands(self) -> list[Command]:
        """The commands that were run, for the report."""
        return [Command(stage.what, stage.line, stage.seconds) for stage in self.stages]


def assigned(options: dict[str, object]) -> list[str]:
    """Options as words of --cfg-options."""
    return [f'{key}={value}' for key, value in options.items()]


def listed(loader: str, data: Path) -> dict[str, object]:
    """Point a loader of a config at a list; its paths are relative to the list."""
    source = f'{loader}.dataset.sources.0'
    return {f'{source}.ann_file': data, f'{source}.data_prefix': data.parent}


def losses(title: str, curves: dict[str, Path]) -> Chart:
    """The training losses of some runs."""
    drawn = []
    for name, work_dir in curves.items():
        rows = [row for row in read_scalars(work_dir) if 'loss' in row]
        drawn.append(Curve(name, [row['step'] for row in rows], [row['loss'] for row in rows]))
    return Chart(title, drawn)


def show_claim(demo: Demo, method: Method) -> DemoResults:
    """Pre-train on synthetic clips, fine-tune, train from scratch, test both."""
    data = demo.out / 'data'
    demo.run(
        'Synthesizing video', ['tools/data/synthesize.py', 'actions', data, '--overwrite', *DATA]
    )
    options = listed('train_dataloader', data / 'pretrain.csv')
    codes: dict[str, object] = {}
    if method.tokenizer:
        trained = demo.train('Training a tokenizer', method.tokenizer, 'tokenizer', options)
        codes = {CHECKPOINT_OF_TOKENIZER: trained}
    if demo.epochs:
        options['train_cfg.max_epochs'] = demo.epochs
    pretrain = method.config('pretrain')
    pretrained = demo.train('Pre-training without labels', pretrain, 'pretrain', options | codes)
    write_few_labels(data / 'train.csv', data / 'few.csv', LABELS, samples=SAMPLES)
    labelled = listed('train_dataloader', data / 'few.csv')
    labelled |= listed('val_dataloader', data / 'test.csv') | codes
    accuracies = []
    for what, name, start in (
        ('Pre-trained, then fine-tuned', 'finetune', {'load_from': pretrained}),
        ('Trained from scratch', 'scratch', {}),
    ):
        config = method.config(name)
        checkpoint = demo.train(what, config, name, labelled | start)
        share = demo.test(f'{what}: test', config, checkpoint, data / 'test.csv')
        accuracies.append(Accuracy(what, share, TESTED))
    clip = sorted((data / 'videos' / 'test').glob('*.mp4'))[0]
    picture = demo.reconstruct(pretrain, pretrained, clip, 'reconstruction.png', method.mask_ratios)
    settings = {
        'Labelled clips': LABELS,
        'Clips without labels': UNLABELLED,
        'Test clips': TESTED,
        'Classes': ', '.join((data / 'classes.txt').read_text().split()),
        'Pre-training epochs': read_config(ROOT / pretrain).train_cfg.max_epochs,
    }
    return DemoResults(
        'Masked video pre-training at small scale',
        f'Shapes move in one of {CLASSES} directions, and no single frame reveals which. One '
        f'network first learns to {method.learns} of {UNLABELLED + LABELS} clips without labels, '
        f'and then learns the classes from {LABELS} labelled clips; the other one only does the '
        'latter, for as many steps.',
        accuracies,
        1 / CLASSES,
        [
            losses('Pre-training', {'pre-training': demo.out / 'pretrain'}),
            losses(
                'Learning the classes',
                {'pre-trained': demo.out / 'finetune', 'from scratch': demo.out / 'scratch'},
            ),
        ],
        [picture],
        demo.commands(),
        settings,
    )


def show_own_videos(demo: Demo, folder: Path) -> DemoResults:
    """Pre-train on a folder of videos and reconstruct some of them."""
    videos = find_videos(folder)
    rows = videos * -(-OWN_EPOCH // len(videos))
    demo.out.mkdir(parents=True, exist_ok=True)
    listing = demo.out / 'videos.csv'
    listing.write_text(''.join(f'"{folder.resolve() / video}"\n' for video in rows))
    source = 'train_dataloader.dataset.sources.0'
    options: dict[str, object] = {f'{source}.folder': 'None', f'{source}.ann_file': listing}
    if demo.epochs:
        options['train_cfg.max_epochs'] = demo.epochs
    checkpoint = demo.train('Pre-training', OWN_VIDEOS, 'pretrain', options)
    pictures = []
    for number, video in enumerate(videos[:: max(1, len(videos) // 3)][:3]):
        name = f'reconstruction_{number}.png'
        try:
            pictures.append(
                demo.reconstruct(
                    OWN_VIDEOS, checkpoint, folder / video, name, METHODS['videomae'].mask_ratios
                )
            )
        except StageError as error:  # training counts and reports unreadable files
            demo.console.print(f'no picture of {video}: {error}', markup=False)
    return DemoResults(
        f'Masked video pre-training on {folder.name}',
        f'A small network learned to fill in hidden parts of {len(videos)} videos. Its '
        'reconstructions of some are shown below; minutes of training give blurred pictures.',
        charts=[losses('Pre-training', {'pre-training': demo.out / 'pretrain'})],
        pictures=pictures,
        commands=demo.commands(),
        settings={'Videos': len(videos), 'Folder': folder},
    )


def main() -> None:
    args = parse_args()
    videos = args.videos and args.videos.resolve()
    out = Path(os.path.relpath(args.out, ROOT))
    os.chdir(ROOT)  # so that the commands in the report can be typed as they are
    demo = Demo(out, args.epochs)
    try:
        method = METHODS[args.method]
        results = show_own_videos(demo, videos) if videos else show_claim(demo, method)
    except (StageError, AnnotationError) as error:
        sys.exit(f'error: {error}')
    report = write_demo_report(out / 'report.html', results)
    for accuracy in results.accuracies:
        demo.console.print(f'{accuracy.name}: {accuracy.share:.1%} of {accuracy.clips} test clips')
    demo.console.print(f'Report: {report.resolve()}', soft_wrap=True)


if __name__ == '__main__':
    main()
