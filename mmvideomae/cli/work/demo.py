"""Pre-train, fine-tune and compare, for ``mmvideomae demo``."""

import argparse
import shlex
from dataclasses import dataclass
from pathlib import Path

from mmvideomae.cli.experiment import (
    Demo,
    StageError,
    demo_config,
    listed,
    machine,
    read_scalars,
)
from mmvideomae.cli.tool import UsageError
from mmvideomae.configs import read_config
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.list_lines import list_line, write_lines
from mmvideomae.preparation.lists.few_labels import write_few_labels
from mmvideomae.preparation.lists.make_annotations import find_samples
from mmvideomae.visualization.charts import Curve
from mmvideomae.visualization.report import (
    Accuracy,
    Chart,
    Command,
    DemoResults,
    write_demo_report,
)

_OWN_VIDEOS = 'videomae_vit-tiny-p8_pretrain_own-videos.py'
_CLASSES, _LABELS, _TESTED, _UNLABELLED = 4, 8, 400, 792
_SAMPLES = 640
"""Samples per epoch of learning the classes: the few labelled clips are listed several times."""
_DATA = [
    *('--difficulty', 'crowd', '--size', 40, '--frames', 20, '--classes', _CLASSES),
    *('--unlabelled', _UNLABELLED, '--clips', _LABELS + _TESTED),
    *('--splits', _LABELS / (_LABELS + _TESTED), 0, _TESTED / (_LABELS + _TESTED)),
]
_OWN_EPOCH = 256
"""Minimum number of clips per epoch on your own videos: fewer videos are listed several times."""


@dataclass(frozen=True)
class _Method:
    """Configs of a method, by the beginning of their names.

    Attributes:
        network: Start of the names ``<network>_{finetune,scratch}_motion.py``.
        pretrain: Config of the pre-training.
        learns: Task that the network learns before it learns the classes.
        tokenizer: Config of a tokenizer to train first.
        mask_ratios: Ratios in the picture; if there are none, that of the training.
    """

    network: str
    pretrain: str
    learns: str
    tokenizer: str | None = None
    mask_ratios: tuple[float, ...] = ()

    def config(self, task: str) -> str:
        return f'{self.network}_{task}_motion.py'


_METHODS = {
    'videomae': _Method(
        'videomae_vit-tiny-p8',
        'videomae_vit-tiny-p8_pretrain_motion_random50.py',
        'fill in hidden parts',
        mask_ratios=(0.25, 0.5, 0.75),
    ),
    'vimpac': _Method(
        'vimpac_tiny',
        'vimpac_tiny_pretrain_motion.py',
        'predict the codes of hidden parts',
        tokenizer='vqvae_tiny_motion.py',
    ),
}
_CHECKPOINT_OF_TOKENIZER = 'model.data_preprocessor.tokenizer.init_cfg.checkpoint'


def _line(*words: str | Path) -> str:
    """A command of the toolbox as one can paste it."""
    return shlex.join(['mmvideomae', *map(str, words)])


def _losses(title: str, curves: dict[str, Path]) -> Chart:
    """The training losses of some runs."""
    drawn = []
    for name, work_dir in curves.items():
        rows = [row for row in read_scalars(work_dir) if 'loss' in row]
        drawn.append(Curve(name, [row['step'] for row in rows], [row['loss'] for row in rows]))
    return Chart(title, drawn)


def _show_claim(demo: Demo, method: _Method) -> DemoResults:
    """Pre-train on synthetic clips, fine-tune, train from scratch, test both."""
    demo.total = 8 if method.tokenizer else 7
    data = demo.out / 'data'
    demo.run('Synthesizing video', ['data', 'synthesize', 'actions', data, '--overwrite', *_DATA])
    options = listed('train_dataloader', data / 'pretrain.csv')
    codes: dict[str, object] = {}
    if method.tokenizer:
        trained = demo.train('Training a tokenizer', method.tokenizer, 'tokenizer', options)
        codes = {_CHECKPOINT_OF_TOKENIZER: trained}
    if demo.epochs:
        options['train_cfg.max_epochs'] = demo.epochs
    pretrain = method.pretrain
    pretrained = demo.train('Pre-training without labels', pretrain, 'pretrain', options | codes)
    write_few_labels(data / 'train.csv', data / 'few.csv', _LABELS, samples=_SAMPLES)
    labelled = listed('train_dataloader', data / 'few.csv')
    labelled |= listed('val_dataloader', data / 'test.csv') | codes
    accuracies, checkpoints = [], []
    for what, name, start in (
        ('Pre-trained, then fine-tuned', 'finetune', {'load_from': pretrained}),
        ('Trained from scratch', 'scratch', {}),
    ):
        config = method.config(name)
        checkpoint = demo.train(what, config, name, labelled | start)
        share = demo.test(f'{what}: test', config, checkpoint, data / 'test.csv')
        accuracies.append(Accuracy(what, share, _TESTED))
        checkpoints.append(checkpoint)
    clip = sorted((data / 'videos' / 'test').glob('*.mp4'))[0]
    picture = demo.reconstruct(pretrain, pretrained, clip, 'reconstruction.gif', method.mask_ratios)
    settings = {
        'Clips of pre-training': f'{_UNLABELLED + _LABELS}, without their labels',
        'Labelled clips': _LABELS,
        'Test clips': _TESTED,
        'Classes': ', '.join((data / 'classes.txt').read_text().split()),
        'Pre-training epochs': demo.epochs
        or read_config(demo_config(pretrain)).train_cfg.max_epochs,
        'Runs': 'one of each kind; with another seed, accuracies differ by some points',
        **machine(),
    }
    finetune = demo_config(method.config('finetune'))
    drawn = (demo_config(pretrain), pretrained, 'VIDEO', 'picture.png')
    steps = [
        Command(
            'classify a clip',
            _line('classify', finetune, checkpoints[0], clip, '--classes', data / 'classes.txt'),
        ),
        Command('another clip', _line('reconstruct', *drawn)),
        Command('your own videos', _line('demo', '--videos', 'FOLDER', '--out', f'{demo.out}_own')),
    ]
    return DemoResults(
        'Masked video pre-training at small scale',
        f'Shapes move in one of {_CLASSES} directions, and no single frame reveals which. One '
        f'network first learns to {method.learns} of {_UNLABELLED + _LABELS} clips without labels, '
        f'and then learns the classes from {_LABELS} labelled clips; the other one only does the '
        'latter, for as many steps.',
        accuracies,
        1 / _CLASSES,
        [
            _losses('Pre-training', {'pre-training': demo.out / 'pretrain'}),
            _losses(
                'Learning the classes',
                {'pre-trained': demo.out / 'finetune', 'from scratch': demo.out / 'scratch'},
            ),
        ],
        [picture],
        demo.commands(),
        settings,
        demo.links(pretrained, *checkpoints),
        steps,
    )


def _show_own_videos(demo: Demo, folder: Path) -> DemoResults:
    """Pre-train on a folder of videos and reconstruct some of them."""
    videos = [sample.path for sample in find_samples(folder)]
    shown = videos[:: max(1, len(videos) // 3)][:3]
    demo.total = 1 + len(shown)
    rows = videos * -(-_OWN_EPOCH // len(videos))
    demo.out.mkdir(parents=True, exist_ok=True)
    listing = demo.out / 'videos.csv'
    write_lines(listing, (list_line(str(folder.resolve() / video)) for video in rows))
    source = 'train_dataloader.dataset.sources.0'
    options: dict[str, object] = {f'{source}.folder': 'None', f'{source}.ann_file': listing}
    if demo.epochs:
        options['train_cfg.max_epochs'] = demo.epochs
    checkpoint = demo.train('Pre-training', _OWN_VIDEOS, 'pretrain', options)
    trained, pictures = (demo_config(_OWN_VIDEOS), checkpoint), []
    for number, video in enumerate(shown):
        name = f'reconstruction_{number}.gif'
        try:
            pictures.append(
                demo.reconstruct(
                    _OWN_VIDEOS, checkpoint, folder / video, name, _METHODS['videomae'].mask_ratios
                )
            )
        except StageError as error:  # training counts and reports unreadable files
            demo.console.print(f'no picture of {video}: {error}', markup=False)
    return DemoResults(
        f'Masked video pre-training on {folder.name}',
        f'A small network learned to fill in hidden parts of {len(videos)} videos. Its '
        'reconstructions of some are shown below; minutes of training give blurred pictures.',
        charts=[_losses('Pre-training', {'pre-training': demo.out / 'pretrain'})],
        pictures=pictures,
        commands=demo.commands(),
        settings={'Videos': len(videos), 'Folder': folder, **machine()},
        files=demo.links(checkpoint),
        next_steps=[
            Command('features of long videos', _line('features', *trained, 'FOLDER', 'OUT')),
        ],
    )


def run(args: argparse.Namespace) -> int | str:
    """Run all stages and write the report; returns the exit status, or what is wrong."""
    if args.videos and args.method != 'videomae':
        raise UsageError(
            f'--videos does not support {args.method}: see docs/{args.method}.md for the commands'
        )
    demo = Demo(args.out, epochs=args.epochs)
    try:
        if args.videos:
            results = _show_own_videos(demo, args.videos)
        else:
            results = _show_claim(demo, _METHODS[args.method])
    except (StageError, AnnotationError) as error:
        return str(error)
    report = write_demo_report(args.out / 'report.html', results)
    for accuracy in results.accuracies:
        demo.console.print(f'{accuracy.name}: {accuracy.share:.1%} of {accuracy.clips} test clips')
    demo.console.print(f'Report: {report.resolve()}', soft_wrap=True)
    return 0
