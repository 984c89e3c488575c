"""The shared part of the commands that make the lists of a published data set."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, tool_parser, watched
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.lists.clips import VideoSet
from mmvideomae.preparation.lists.files import AssumedVideos, FrameFolders, Locator, VideoFiles
from mmvideomae.preparation.lists.kinetics import FILE_NAME
from mmvideomae.preparation.lists.writing import write_lists


def prepare_parser(
    description: str | None, root: str, extension: str, template: str | None = None
) -> argparse.ArgumentParser:
    """A parser with the arguments of all these commands.

    Args:
        root: Default folder of the data set, such as ``data/sthv2``.
        extension: That of the published videos, which ``--no-check-files`` assumes.
        template: Names of raw frames, if the data set is used as frames too.
    """
    parser = tool_parser(description)
    parser.set_defaults(usual=Path(root))
    add = parser.add_argument
    add_option(parser, '--root', Path(root), 'folder of the data set', metavar='FOLDER')
    for name, meaning in (
        ('annotations', 'the official annotation files (default: ROOT/annotations)'),
        ('videos', 'the videos, in sub-folders or not (default: ROOT/videos)'),
        ('out', 'folder for the lists (default: ROOT)'),
    ):
        add(f'--{name}', type=Path, metavar='FOLDER', help=meaning)
    add_listing(parser, extension)
    if template is not None:
        add(
            '--frames',
            action='store_true',
            help='list folders of frames (of --videos, default: ROOT/rawframes) with lines '
            '"path total label", in LIST_rawframes.csv',
        )
        add_option(parser, '--filename-tmpl', template, 'names of the frames', metavar='NAME')
    return parser


def add_listing(parser: argparse.ArgumentParser, extension: str) -> None:
    """Add options for which clips to list and whether to replace existing lists."""
    parser.add_argument(
        '--check-files',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='list only clips whose files exist (default), or all without looking for files',
    )
    add_option(parser, '--extension', extension, 'extension of the files, with --no-check-files')
    add_option(parser, '--overwrite', False, 'replace existing lists in OUT')


def add_kinetics_files(parser: argparse.ArgumentParser) -> None:
    """Add options for the file names of Kinetics, in any of its versions."""
    what = "name of a clip's file, without extension"
    add_option(parser, '--file-name', FILE_NAME, what, metavar='NAME')
    what = 'with --no-check-files: the files are in folders named after their classes'
    add_option(parser, '--class-folders', False, what)


def annotations_of(args: argparse.Namespace) -> Path:
    """The folder of the official annotation files."""
    return args.annotations or args.root / 'annotations'


def prepare(
    videos: VideoSet, args: argparse.Namespace, recipe: str, notes: Sequence[str] = ()
) -> Told:
    """Find the files of the clips and write the lists.

    Args:
        recipe: A config below ``configs/`` that trains on the lists; empty: there is none.

    Raises:
        AnnotationError: See `write_lists`, or the lists would replace the annotation files.
        ValueError: The arguments contradict one another.
    """
    frames = getattr(args, 'frames', False)
    out: Path = args.out or args.root
    if out.resolve() == annotations_of(args).resolve():
        raise AnnotationError(
            f'{out} holds the annotation files: write the lists elsewhere (--out)'
        )
    with Console(stderr=True).status(
        f'looking for the files of {sum(map(len, videos.lists.values()))} clips'
    ):
        locate = _locator(args, frames)

    suffix = '_rawframes' if frames else ''
    summary = write_lists(videos, locate, out, suffix, args.overwrite, watched)
    return Told(summary.as_dict(), summary.describe(), notes, following=_following(args, recipe))


def _following(args: argparse.Namespace, recipe: str) -> str:
    """A training on the lists; its config has the usual folders."""
    command = recipe and f'mmvideomae train configs/{recipe}'
    usual = (args.root, args.out, args.videos) == (args.usual, None, None)
    return command if usual or not recipe else f'{command}  # with files in {args.usual}'


def _locator(args: argparse.Namespace, frames: bool) -> Locator:
    folder = args.videos or args.root / ('rawframes' if frames else 'videos')
    if frames and not args.check_files:
        raise ValueError('--frames counts the frames, so it needs the files (--check-files)')
    if frames:
        return FrameFolders(folder, args.filename_tmpl)
    return VideoFiles(folder) if args.check_files else AssumedVideos(folder, args.extension)
