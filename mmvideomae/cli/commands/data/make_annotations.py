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
from collections.abc import Iterable
from pathlib import Path

from mmvideomae.cli.options import add_option, option_word
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.preparation.lists.make_annotations import (
    SPLITS,
    Annotations,
    FrameNames,
    annotate,
    write_annotations,
)
from mmvideomae.preparation.lists.tagged import annotate_table

_CUSTOM, _TAGGED = Path('data/custom'), Path('data/tagged')
"""Where the configs for own videos with one label or several look for lists, and in ``videos`` for
their files, unless LIST_DIR and VIDEO_DIR say otherwise."""
_UNFIT = '\'"\\'  # what variables of configs cannot hold


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
    summary = {'classes': len(result.classes), 'clips': clips, 'files': files}
    counts = ', '.join(f'{count} {name}' for name, count in clips.items())
    line = f'{len(result.classes)} classes; clips: {counts}; in {", ".join(files)}'
    return Told(summary, line, following=_next_command(args, result))


def _next_command(args: argparse.Namespace, result: Annotations) -> str:
    """A training on the lists that were written."""
    variables: dict[str, object] = {}
    if 'train' in result.lists:
        task = 'multi-label' if args.labels else 'finetune'
        usual = _TAGGED if args.labels else _CUSTOM
        places = {'LIST_DIR': (args.out, usual), 'VIDEO_DIR': (args.folder, usual / 'videos')}
        variables['NUM_CLASSES'] = len(result.classes)
        if not any(mark in f'{args.out}{args.folder}' for mark in _UNFIT):
            variables |= {
                name: given for name, (given, stands) in places.items() if given != stands
            }
            places = {name: (given, given) for name, (given, _) in places.items()}
        options = _labelled(args, result.lists, *(stands for _, stands in places.values()))
    else:
        task, options = 'pretrain', _unlabelled(args)
    words = [option_word(key, value) for key, value in options.items()]
    first = ''.join(f'{name}={shlex.quote(str(value))} ' for name, value in variables.items())
    train = f'{first}mmvideomae train configs/demo/videomae_vit-tiny-p8_{task}_own-videos.py'
    return f'{train} --cfg-options {shlex.join(words)}' if words else train


_Options = dict[str, str | Path | None]


def _labelled(
    args: argparse.Namespace, lists: Iterable[str], list_dir: Path, video_dir: Path
) -> _Options:
    """The options in which a training with these lists differs from its config.

    Without a list ``val`` there is no validation, and without ``test``, as in the config, ``val``
    is the test too.

    Args:
        list_dir, video_dir: Folders of the config.
    """
    options: _Options = {}
    for name, ours in (('train', 'train'), ('val', 'val'), ('test', 'val')):
        dataset = f'{name}_dataloader.dataset'
        source = f'{dataset}.sources.0'
        listed = name if name in lists else ours
        if listed in lists:
            asked = {f'{source}.ann_file': (args.out / f'{listed}.csv', list_dir / f'{ours}.csv')}
            asked[f'{source}.data_prefix'] = args.folder, video_dir
            options |= {key: value for key, (value, stands) in asked.items() if value != stands}
            if args.filename_tmpl:
                options[f'{source}.filename_tmpl'] = args.filename_tmpl
        if args.out != list_dir and (listed in lists or name == 'test'):
            options[f'{dataset}.classes'] = args.out / 'classes.txt'
    if 'val' not in lists:
        kept = 'default_hooks.checkpoint.save_best'
        options |= dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator', kept))
    return options


def _unlabelled(args: argparse.Namespace) -> _Options:
    """The options of a pre-training on the folder, or on the list of its folders of frames."""
    source = 'train_dataloader.dataset.sources.0'
    if not args.filename_tmpl:
        return {f'{source}.folder': args.folder}
    return {
        f'{source}.folder': None,
        f'{source}.ann_file': args.out / 'all.csv',
        f'{source}.data_prefix': args.folder,
        f'{source}.filename_tmpl': args.filename_tmpl,
    }


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
