"""Options that several command lines share."""

import argparse
from typing import Any

from mmvideomae.datasets.video_places import VideoPlaces


def add_frames(parser: Any) -> None:
    """``--filename-tmpl`` and ``--fps``: how a folder of frames is read in the place of a video.

    Args:
        parser: An ``ArgumentParser`` or a group of its options.
    """
    parser.add_argument(
        '--filename-tmpl',
        default='img_{:05}.jpg',
        metavar='NAME',
        help='names of the pictures in a folder of frames (default: %(default)s)',
    )
    parser.add_argument(
        '--fps', type=float, default=25.0, help='of a folder of frames (default: %(default)s)'
    )


def add_places(parser: Any) -> None:
    """``--start-second`` and how folders of frames are read, for `places_of`.

    Args:
        parser: An ``ArgumentParser`` or a group of its options.
    """
    parser.add_argument(
        '--start-second',
        default='0',
        metavar='S',
        help='second of the first frame: 900 for AVA as it is usually cut, or "name" to read it '
        'from names such as VIDEO_000012_000022 (default: %(default)s)',
    )
    parser.add_argument(
        '--filename-tmpl',
        metavar='NAME',
        help='videos are folders of such frames, for example {video}_{:06}.jpg',
    )
    parser.add_argument(
        '--start-index',
        type=int,
        default=1,
        help='number of the first frame (default: %(default)s)',
    )
    parser.add_argument('--fps', type=float, help='frames per second of folders of frames')


def places_of(args: argparse.Namespace, folder: str, table: str | None) -> VideoPlaces:
    """Where videos lie, by the options of `add_places`.

    Raises:
        ValueError: ``--start-second`` is no number, or the options contradict one another.
    """
    start: float | str = args.start_second
    if start != 'name':
        try:
            start = float(start)
        except ValueError:
            raise ValueError(f"--start-second must be a number or 'name', got {start!r}") from None
    return VideoPlaces(
        folder=folder,
        filename_tmpl=args.filename_tmpl,
        start_index=args.start_index,
        fps=args.fps,
        start_second=start,
        table=table,
    )
