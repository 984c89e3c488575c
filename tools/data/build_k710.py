"""Merge Kinetics-400, -600 and -700 into Kinetics-710, as VideoMAE V2 does.

python tools/data/build_k710.py

Reads the official CSV files data/kinetics{400,600,700}/annotations/{train,val}.csv, merges
classes of one name and the 15 that were renamed, keeps one clip per YouTube id, removes training
clips of videos that any version validates on, and writes to data/kinetics710:

  train.csv, val.csv     lines "path label", paths relative to data
  classes.txt            a class name per label, alphabetically
  label_710to400.json    and of 600 and 700: entry i is the label in Kinetics-710 of class i
  missing.txt            clips without a file

Weights released with a head of 710 classes have them in another order: give the names in that
order with --class-order, and labels and maps follow it.  tools/data/kinetics/README.md says what
happens to clips that the versions disagree on.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmvideomae.errors import UserError
from mmvideomae.formats.list_lines import list_line
from mmvideomae.formats.text_files import numbered_lines
from mmvideomae.preparation.lists.annotation_files import find_file
from mmvideomae.preparation.lists.clips import Clip
from mmvideomae.preparation.lists.files import AssumedVideos, Locator, VideoFiles
from mmvideomae.preparation.lists.k710 import Merged, Tally, Version, merge
from mmvideomae.preparation.lists.kinetics import FILE_NAME, Row, check_template, csv_names
from mmvideomae.preparation.lists.writing import write_all

NUMBERS = ('700', '600', '400')  # newest first: later versions corrected labels of earlier ones


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--root',
        type=Path,
        default=Path('data'),
        metavar='FOLDER',
        help='folder that paths are relative to (default: %(default)s)',
    )
    for number in sorted(NUMBERS):
        parser.add_argument(
            f'--k{number}',
            type=Path,
            metavar='FOLDER',
            help=f'with annotations/ and videos/ (default: ROOT/kinetics{number})',
        )
    parser.add_argument(
        '--out', type=Path, metavar='FOLDER', help='for the lists (default: ROOT/kinetics710)'
    )
    parser.add_argument(
        '--prefer',
        choices=('newest', 'oldest'),
        default='newest',
        help='version that gives a clip of several its label and file (default: %(default)s)',
    )
    parser.add_argument(
        '--class-order',
        type=Path,
        metavar='NAMES',
        help='file of the 710 class names, one per line, in the order of the labels',
    )
    parser.add_argument(
        '--check-files',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='list only clips whose files exist (default), or all, without looking for files',
    )
    parser.add_argument(
        '--file-name',
        default=FILE_NAME,
        metavar='NAME',
        help='name of the file of a clip, without extension (default: %(default)s)',
    )
    parser.add_argument(
        '--class-folders',
        action='store_true',
        help='with --no-check-files: the files lie in folders named as their classes',
    )
    parser.add_argument(
        '--extension',
        default='.mp4',
        help='of the files, with --no-check-files (default: %(default)s)',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace lists that stand in OUT')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def versions_of(args: argparse.Namespace, console: Console) -> list[Version]:
    """The three versions in order of preference, their videos found."""
    check_template(args.file_name)
    versions = []
    for number in NUMBERS if args.prefer == 'newest' else NUMBERS[::-1]:
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
        locate = locator(videos, args)
        versions.append(Version(f'kinetics{number}', train, val, locate))
    return versions


def locator(videos: Locator, args: argparse.Namespace) -> Callable[[Row], str | None]:
    """Path of a row's file relative to the root, absolute where it lies elsewhere."""
    folder = Path(os.path.relpath(videos.folder, args.root))
    prefix = str(videos.folder.resolve() if folder.parts[:1] == ('..',) else folder)

    def locate(row: Row) -> str | None:
        in_class = row.label if args.class_folders and row.label else ''
        found = videos(Clip(row.file_name(args.file_name), None, in_class))
        return found and f'{prefix}/{found.path}'

    return locate


def texts_of(merged: Merged, out: Path, template: str) -> dict[Path, list[str]]:
    """The lines of every file to be written."""
    lists = {
        out / f'{split}.csv': [list_line(path, [label]) for path, label in clips]
        for split, clips in merged.lists.items()
    }
    maps = {
        out / f'label_710to{name.removeprefix("kinetics")}.json': [json.dumps(rows)]
        for name, rows in merged.maps.items()
    }
    missing = [f'{split}\t{name}\t{row.file_name(template)}' for split, name, row in merged.missing]
    return {
        **lists,
        out / 'classes.txt': merged.classes,
        **maps,
        out / 'missing.txt': missing,
    }


def make(args: argparse.Namespace) -> tuple[Merged, list[Path]]:
    """Merge and write; returns what was merged and the files written."""
    console = Console(stderr=True)
    order = None
    if args.class_order is not None:
        order = [line for _, line in numbered_lines(args.class_order, 'file of class names')]
    versions = versions_of(args, console)
    with console.status('merging'):
        merged = merge(versions, order)
        if not any(merged.lists.values()):
            raise ValueError(
                f'none of the {len(merged.missing)} clips has a file below {args.root}'
            )
        texts = texts_of(merged, args.out or args.root / 'kinetics710', args.file_name)
        return merged, write_all(texts, args.overwrite)


def table_of(merged: Merged) -> Table:
    """What became of the rows of every file."""
    columns = list(asdict(Tally()))
    table = Table('list', *(name.replace('_', ' ') for name in columns), box=None)
    for split in ('train', 'val'):
        for name, tallies in sorted(merged.tallies.items()):
            table.add_row(f'{name} {split}', *map(str, asdict(tallies[split]).values()))
    return table


def main() -> int:
    args = parse_args()
    try:
        merged, files = make(args)
    except (UserError, ValueError, OSError) as error:
        print(f'build_k710.py: {error}', file=sys.stderr)
        return 1
    counts = {name: len(clips) for name, clips in merged.lists.items()}
    of_versions = {name: len(rows) for name, rows in merged.maps.items()}
    if args.json:
        rows = {
            name: {split: asdict(tally) for split, tally in tallies.items()}
            for name, tallies in merged.tallies.items()
        }
        summary = {'classes': len(merged.classes), 'clips': counts, 'classes_of': of_versions}
        print(json.dumps({**summary, 'rows': rows, 'files': [str(path) for path in files]}))
    else:
        Console(width=140).print(table_of(merged))
        print(
            f'{len(merged.classes)} classes; {counts["train"]} clips to train on, {counts["val"]} '
            f'to validate on; in {", ".join(map(str, files))}'
        )
    if lacking := [name for name, size in of_versions.items() if not name.endswith(str(size))]:
        print(
            f'build_k710.py: {", ".join(lacking)} without all classes: labels and maps differ '
            'from those of the whole data set',
            file=sys.stderr,
        )
    return 0


if __name__ == '__main__':
    sys.exit(main())
