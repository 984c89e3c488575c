"""Merge Kinetics-400, -600 and -700 into Kinetics-710, as VideoMAE V2 does.

mmvideomae data build-k710

Reads the official CSV files data/kinetics{400,600,700}/annotations/{train,val}.csv, merges classes
with the same name and the 15 that were renamed, keeps one clip per YouTube id, removes training
clips of videos that any version validates on, and writes to data/kinetics710:

  train.csv, val.csv     lines "path label", paths relative to data
  classes.txt            a class name per label, alphabetically
  label_710to400.json    also for 600 and 700: entry i is the label of class i in Kinetics-710
  missing.txt            clips without a file

Weights released with a head of 710 classes use another class order: give the names in that order
with --class-order, and labels and maps follow it.  tools/data/kinetics/README.md explains what
happens to clips on which the versions disagree.
"""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmvideomae.cli.options import add_option
from mmvideomae.cli.prepare import add_kinetics_files, add_listing
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.formats.list_lines import list_line
from mmvideomae.formats.text_files import numbered_lines
from mmvideomae.preparation.lists.annotation_files import find_file
from mmvideomae.preparation.lists.clips import ListedClip
from mmvideomae.preparation.lists.files import AssumedVideos, Locator, VideoFiles
from mmvideomae.preparation.lists.k710 import Merged, Tally, Version, merge
from mmvideomae.preparation.lists.kinetics import Row, check_name_template, csv_names
from mmvideomae.preparation.lists.writing import write_all

_RECIPE = 'recognition/videomaev2/videomaev2_vit-base-p16_32xb16-16x4x1-90e_kinetics710.py'
_NUMBERS = ('700', '600', '400')  # newest first: later versions corrected labels of earlier ones


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add_option(
        parser, '--root', Path('data'), 'folder to which paths are relative', metavar='FOLDER'
    )
    for number in sorted(_NUMBERS):
        add(
            f'--k{number}',
            type=Path,
            metavar='FOLDER',
            help=f'folder with annotations/ and videos/ (default: ROOT/kinetics{number})',
        )
    add('--out', type=Path, metavar='FOLDER', help='where to _write (default: ROOT/kinetics710)')
    add_option(
        parser,
        '--prefer',
        'newest',
        'version whose label and file are kept for a clip in several versions',
        choices=('newest', 'oldest'),
    )
    add(
        '--class-order',
        type=Path,
        metavar='NAMES',
        help='file of the 710 class names, one per line, in the order of the labels',
    )
    add_listing(parser, '.mp4')
    add_kinetics_files(parser)
    return parser


def _versions_of(args: argparse.Namespace, console: Console) -> list[Version]:
    """The three versions in order of preference, with the videos that were found."""
    check_name_template(args.file_name)
    versions = []
    for number in _NUMBERS if args.prefer == 'newest' else _NUMBERS[::-1]:
        folder = getattr(args, f'k{number}') or args.root / f'kinetics{number}'
        train, val = (
            find_file(folder / 'annotations', csv_names(split, number))
            for split in ('train', 'val')
        )
        videos: Locator
        if args.check_files:
            with console.status(f'looking for videos below {folder / "videos"}'):
                videos = VideoFiles(folder / 'videos')
        else:
            videos = AssumedVideos(folder / 'videos', args.extension)
        locate = _locator(videos, args)
        versions.append(Version(f'kinetics{number}', train, val, locate))
    return versions


def _locator(videos: Locator, args: argparse.Namespace) -> Callable[[Row], str | None]:
    """Path of a row's file relative to the root, or absolute if it is elsewhere."""
    folder = Path(os.path.relpath(videos.folder, args.root))
    prefix = str(videos.folder.resolve() if folder.parts[:1] == ('..',) else folder)

    def locate(row: Row) -> str | None:
        in_class = row.label if args.class_folders and row.label else ''
        found = videos(ListedClip(row.file_name(args.file_name), None, in_class))
        return found and f'{prefix}/{found.path}'

    return locate


def _texts_of(merged: Merged, out: Path, template: str) -> dict[Path, list[str]]:
    """The lines of every file to _write."""
    lists = {
        out / f'{split}.csv': [list_line(path, [label]) for path, label in clips]
        for split, clips in merged.lists.items()
    }
    maps = {
        out / f'label_710to{name.removeprefix("kinetics")}.json': [json.dumps(rows)]
        for name, rows in merged.maps.items()
    }
    missing = [f'{split}\t{name}\t{row.file_name(template)}' for split, name, row in merged.missing]
    return {**lists, out / 'classes.txt': merged.classes, **maps, out / 'missing.txt': missing}


def _write(args: argparse.Namespace) -> tuple[Merged, list[Path]]:
    """Merge and _write; return the merged data set and the files written."""
    console = Console(stderr=True)
    order = None
    if args.class_order is not None:
        order = [line for _, line in numbered_lines(args.class_order, 'file of class names')]
    versions = _versions_of(args, console)
    with console.status('merging'):
        merged = merge(versions, order)
        if not any(merged.lists.values()):
            raise ValueError(
                f'none of the {len(merged.missing)} clips has a file below {args.root}'
            )
        texts = _texts_of(merged, args.out or args.root / 'kinetics710', args.file_name)
        return merged, write_all(texts, args.overwrite)


def _table_of(merged: Merged) -> Table:
    """A summary of what happened to the rows of every file."""
    columns = list(asdict(Tally()))
    table = Table('list', *(name.replace('_', ' ') for name in columns), box=None)
    for split in ('train', 'val'):
        for name, tallies in sorted(merged.tallies.items()):
            table.add_row(f'{name} {split}', *map(str, asdict(tallies[split]).values()))
    return table


def make(args: argparse.Namespace) -> Told:
    merged, files = _write(args)
    counts = {name: len(clips) for name, clips in merged.lists.items()}
    of_versions = {name: len(rows) for name, rows in merged.maps.items()}
    summary = {
        'classes': len(merged.classes),
        'clips': counts,
        'classes_of': of_versions,
        'rows': {
            name: {split: asdict(tally) for split, tally in tallies.items()}
            for name, tallies in merged.tallies.items()
        },
        'files': [str(path) for path in files],
    }
    line = (
        f'{len(merged.classes)} classes; {counts["train"]} clips to train on, {counts["val"]} to '
        f'validate on; in {", ".join(map(str, files))}'
    )
    lacking = [name for name, size in of_versions.items() if not name.endswith(str(size))]
    note = (
        f'{", ".join(lacking)} lack some classes: labels and maps differ from those of the whole '
        'data set'
    )
    usual = (args.root, args.out) == (Path('data'), None)
    following = f'mmvideomae train configs/{_RECIPE}' if usual else ''
    return Told(summary, [_table_of(merged), line], [note] if lacking else [], following=following)


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
