"""What the command lines ``tools/data/<data set>/prepare.py`` have in common."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.lists.clips import Clip, VideoSet
from mmvideomae.preparation.lists.files import AssumedVideos, FrameFolders, Locator, VideoFiles
from mmvideomae.preparation.lists.writing import Summary, write_lists


def make_parser(
    description: str | None, root: str, extension: str, template: str | None = None
) -> argparse.ArgumentParser:
    """A parser with the arguments of every ``prepare.py``.

    Args:
        root: Folder of the data set unless told otherwise, such as ``data/sthv2``.
        extension: Of the published videos, assumed with ``--no-check-files``.
        template: Names of raw frames where the data set is used as frames too.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--root',
        type=Path,
        default=Path(root),
        metavar='FOLDER',
        help='folder of the data set (default: %(default)s)',
    )
    for name, meaning in (
        ('annotations', 'the official annotation files (default: ROOT/annotations)'),
        ('videos', 'the videos, in sub-folders or not (default: ROOT/videos)'),
        ('out', 'folder for the lists (default: ROOT)'),
    ):
        parser.add_argument(f'--{name}', type=Path, metavar='FOLDER', help=meaning)
    parser.add_argument(
        '--check-files',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='list only clips whose files exist (default), or all, without looking for files',
    )
    parser.add_argument(
        '--extension',
        default=extension,
        help='of the files, with --no-check-files (default: %(default)s)',
    )
    if template is not None:
        parser.add_argument(
            '--frames',
            action='store_true',
            help='list folders of frames (of --videos, default: ROOT/rawframes) with lines '
            '"path total label", in LIST_rawframes.csv',
        )
        parser.add_argument(
            '--filename-tmpl',
            default=template,
            metavar='NAME',
            help='names of the frames (default: %(default)s)',
        )
    parser.add_argument('--overwrite', action='store_true', help='replace lists that stand in OUT')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser


def run(make: Callable[[argparse.Namespace], Summary], args: argparse.Namespace) -> int:
    """Make the lists and print the summary; what cannot be done is one line on stderr.

    Returns:
        The exit status.
    """
    try:
        summary = make(args)
    except (ValueError, OSError) as error:
        sys.stderr.write(f'prepare.py: {error}\n')
        return 1
    sys.stdout.write(f'{json.dumps(summary.as_dict()) if args.json else summary.describe()}\n')
    return 0


def annotations_of(args: argparse.Namespace) -> Path:
    """The folder of the official annotation files."""
    return args.annotations or args.root / 'annotations'


def prepare(videos: VideoSet, args: argparse.Namespace) -> Summary:
    """Find the files of the clips and write the lists.

    Raises:
        AnnotationError: See `write_lists`; or the lists would replace the annotation files.
        ValueError: Arguments contradict one another.
    """
    frames = getattr(args, 'frames', False)
    out: Path = args.out or args.root
    if out.resolve() == annotations_of(args).resolve():
        raise AnnotationError(
            f'{out} holds the annotation files: write the lists elsewhere (--out)'
        )
    console = Console(stderr=True)
    with console.status(f'looking for the files of {sum(map(len, videos.lists.values()))} clips'):
        locate = _locator(args, frames)

    def watch(clips: Sequence[Clip], name: str) -> Iterable[Clip]:
        return track(clips, name, console=console, disable=not console.is_terminal)

    return write_lists(videos, locate, out, '_rawframes' if frames else '', args.overwrite, watch)


def _locator(args: argparse.Namespace, frames: bool) -> Locator:
    folder = args.videos or args.root / ('rawframes' if frames else 'videos')
    if frames and not args.check_files:
        raise ValueError('frames are counted, so that --frames needs the files (--check-files)')
    if frames:
        return FrameFolders(folder, args.filename_tmpl)
    return VideoFiles(folder) if args.check_files else AssumedVideos(folder, args.extension)
