"""Work on videos one after another, with progress bars and a record of failures."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from mmvideomae.apis.features.extractor import ExtractionError
from mmvideomae.apis.temporal_localizer import UnfitVideoError
from mmvideomae.cli.tool import progress_lines
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream, FolderStream
from mmvideomae.video.writer import VideoWriteError
from mmvideomae.visualization.overlay_video import Draw, overlay_video

Advance = Callable[[int, int], None]
"""Called with the amount done and the total."""
OF_ONE_VIDEO = (VideoReadError, VideoWriteError, ExtractionError, UnfitVideoError, OSError)
"""Errors that cost only one video or one of its files; wrong settings end the command."""


class VideoWork:
    """Shows progress on stderr, as bars or lines of a log, and records why videos failed.

    Attributes:
        failed: Reasons by video.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._logging = not console.is_terminal
        self._bars = Progress(console=console, transient=True, disable=self._logging)
        self.failed: dict[str, str] = {}

    def __enter__(self) -> 'VideoWork':
        self._bars.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._bars.stop()

    @contextmanager
    def bar(self, text: str) -> Iterator[Advance]:
        """A progress bar for a part of the work."""
        if self._logging:
            yield progress_lines(text)
            return
        task = self._bars.add_task(escape(text), total=None)
        yield lambda done, total: self._bars.update(task, completed=done, total=total)
        self._bars.remove_task(task)

    @contextmanager
    def left_out(
        self, video: str, errors: tuple[type[Exception], ...] = OF_ONE_VIDEO
    ) -> Iterator[None]:
        """If the block fails, record the reason for this video and continue after the block."""
        try:
            yield
        except errors as error:
            before = f'{self.failed[video]}; ' if video in self.failed else ''
            self.failed[video] = f'{before}{error}'

    def overlay(
        self, stream: FileStream | FolderStream, path: str | os.PathLike[str], draw: Draw
    ) -> Path:
        """`overlay_video` with a progress bar."""
        with self.bar(f'overlay of {Path(path).name}') as advance:
            return overlay_video(stream, path, draw, advance)
