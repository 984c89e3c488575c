"""Make annotation lists for a folder of videos.

mmvideomae data make-annotations data/videos data/lists

Videos like FOLDER/CLASS/clip.mp4 are listed in OUT/train.csv and OUT/val.csv, lines "path label",
with the same share of every class, and OUT/classes.txt gets a class name per label.  A folder with
train/ and val/ (and test/) keeps its split.  Videos without class folders are listed in OUT/all.csv
by their paths.  For clips with several labels, give --labels TABLE, lines "path,class,class,...";
lines of the lists are then "path label label ...".  Paths are relative to FOLDER: give it to the
data set as data_prefix.
"""

import argparse
import shlex
from pathlib import Path

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.preparation.lists.make_annotations import (
    SPLITS,
    Annotations,
    FrameNames,
    annotate,
    write_annotations,
)
from mmvideomae.preparation.lists.tagged import annotate_table

_CUSTOM = Path('data/custom')
"""Where the configs for own videos look for lists, and in ``videos`` for their files."""


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('folder', type=Path, metavar='FOLDER', help='folder of videos')
    add('out', type=Path, metavar='OUT', help='folder for the lists')
    add(
        '--ratios',
        type=float,
        nargs='+',
        default=[0.8, 0.2],
        metavar='SHARE',
        help='shares of train, val and, with a third one, test (default: 0.8 0.2)',
    )
    add('--seed', type=int, default=0, help='the same seed gives the same split')
    add_option(parser, '--unlabelled', False, 'write one list of all videos, ignoring folders')
    add(
        '--labels',
        type=Path,
        metavar='TABLE',
        help='comma-separated lines of a path below FOLDER and its classes, instead of class '
        'folders; for several labels a clip',
    )
    add_option(parser, '--absolute', False, 'write absolute paths instead of relative ones')
    add(
        '--filename-tmpl',
        metavar='NAME',
        help='look for folders of frames with these file names, for example img_{:05}.jpg; '
        'lines are then "path start total label"',
    )
    add(
        '--start',
        type=int,
        help='number of the first frame (default: the lowest in each folder)',
    )
    add('--overwrite', action='store_true', help='replace existing lists in OUT')
    return parser


def _ratios_of(shares: list[float]) -> dict[str, float]:
    """Name the shares.

    Raises:
        ValueError: They are not up to three shares that add up to 1.
    """
    if not 1 <= len(shares) <= 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f'--ratios must be up to three shares that add up to 1, got {shares}')
    return dict(zip(SPLITS, shares, strict=False))


def make(args: argparse.Namespace) -> Told:
    frames = FrameNames(args.filename_tmpl, args.start) if args.filename_tmpl else None
    if args.labels and args.unlabelled:
        raise UsageError('--labels and --unlabelled exclude each other')
    ratios = _ratios_of(args.ratios)
    if args.labels:
        result = annotate_table(args.folder, args.labels, ratios, args.seed, frames)
    else:
        result = annotate(args.folder, ratios, args.seed, frames, unlabelled=args.unlabelled)
    prefix = args.folder.resolve() if args.absolute else None
    written = write_annotations(result, args.out, prefix, args.overwrite)
    clips = {name: len(members) for name, members in result.lists.items()}
    files = [str(path) for path in written]
    command = _next_command(args, result)
    summary = {'classes': len(result.classes), 'clips': clips, 'files': files, 'next': command}
    counts = ', '.join(f'{count} {name}' for name, count in clips.items())
    line = f'{len(result.classes)} classes; clips: {counts}; in {", ".join(files)}'
    return Told(summary, [line, f'next: {command}'])


def _next_command(args: argparse.Namespace, result: Annotations) -> str:
    """A training on the lists that were written."""
    source = 'train_dataloader.dataset.sources.0'
    if args.unlabelled:
        options = {f'{source}.folder': args.folder}
        task, first = 'pretrain', ''
    else:
        task = 'multi-label' if args.labels else 'finetune'
        first, options = f'NUM_CLASSES={len(result.classes)} ', {}
        usual = (args.out, args.folder) == (_CUSTOM, _CUSTOM / 'videos')
        for name in () if usual else [name for name in ('train', 'val') if name in result.lists]:
            dataset = f'{name}_dataloader.dataset'
            options |= {
                f'{dataset}.sources.0.ann_file': args.out / f'{name}.csv',
                f'{dataset}.sources.0.data_prefix': args.folder,
                f'{dataset}.classes': args.out / 'classes.txt',
            }
    words = ['--cfg-options', *(f'{key}={value}' for key, value in options.items())]
    train = f'{first}mmvideomae train configs/demo/videomae_vit-tiny-p8_{task}_own-videos.py'
    return f'{train} {shlex.join(words)}' if options else train


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
