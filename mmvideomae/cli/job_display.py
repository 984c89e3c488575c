"""Show the progress of work on many videos."""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rich import progress
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from mmvideomae.cli.tool import Told, now_and_then
from mmvideomae.errors import printable
from mmvideomae.jobs.cluster import Cluster, Share
from mmvideomae.jobs.video_jobs import Outcome, share_of
from mmvideomae.jobs.workers import Engine, Processes

Item = TypeVar('Item')
FAILED = 3
"""The exit status if some videos failed."""


class JobDisplay:
    """Show progress on stderr: a bar on a terminal, a line now and then in a log.

    Args:
        total: Number of videos.
        unit: Plural name of what is counted within a video.
    """

    def __init__(self, total: int, unit: str) -> None:
        self._console = console = Console(stderr=True, soft_wrap=True)
        self._bar = progress.Progress(
            TextColumn('{task.fields[video]}'),
            BarColumn(),
            TextColumn('{task.fields[done]}/{task.total} videos, {task.fields[speed]}, left'),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._logging, self._due = not console.is_terminal, now_and_then()
        self._total, self._start = total, time.monotonic()
        self._done = self._units = 0
        self._unit = unit
        self._task = self._bar.add_task('', total=total, video='', done=0, speed='')

    def __enter__(self) -> 'JobDisplay':
        self._bar.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._bar.stop()

    def within(self, name: str, done: int, total: int) -> None:
        """Show the units done in the current video."""
        self._bar.update(
            self._task,
            completed=self._done + done / total,
            video=escape(printable(name)[-40:]),
            speed=self._speed(self._units + done),
        )

    def after(self, outcome: Outcome) -> None:
        """Record one more video as done or failed; the first call reports those finished before."""
        worked = len(outcome.done) + len(outcome.failed)
        self._done, self._units = worked + len(outcome.skipped), outcome.units
        speed = self._speed(outcome.units)
        self._bar.update(self._task, completed=self._done, done=self._done, speed=speed)
        if self._logging and worked and (self._done == self._total or self._due()):
            left = (time.monotonic() - self._start) / worked * (self._total - self._done)
            line = f'{self._done}/{self._total} videos, {len(outcome.failed)} failed'
            self._console.print(
                f'{line}, {speed}, {left:.0f} s left', markup=False, highlight=False
            )

    def _speed(self, units: int) -> str:
        return f'{units / max(time.monotonic() - self._start, 1e-9):.1f} {self._unit}/s'


def add_engine(parser: Any) -> None:
    """Add the options of a cluster, for `work_on_share` and `engine_of`."""
    group = parser.add_argument_group('where the work is done')
    group.add_argument(
        '--engine',
        choices=('local', 'ray'),
        default='local',
        help="this machine, or the actors of a Ray cluster: pip install 'mmvideomae[ray]' "
        '(default: local)',
    )
    group.add_argument(
        '--actors', type=int, metavar='N', help='of Ray (default: as many as the cluster can feed)'
    )
    group.add_argument(
        '--address',
        help='of a running Ray cluster, such as auto (default: start one on this machine)',
    )


def engine_of(args: argparse.Namespace) -> Engine:
    """The engine that `add_engine` and an option ``--workers`` describe."""
    return Processes(args.workers) if args.engine == 'local' else Cluster(args.address, args.actors)


def work_on_share(
    everything: Sequence[Item],
    unit: str,
    make: Callable[[], Share],
    args: argparse.Namespace,
) -> dict[str, Any]:
    """Work through this process's share of the videos and show the progress.

    Args:
        unit: Plural name of what is counted within a video.
        make: Makes what works on them, here or in every actor of a cluster.
        args: The options of `add_engine`.

    Returns:
        A summary of the share's results; ``failed`` maps videos to reasons, ``settings`` are those
        of the work.

    Raises:
        ValueError: See `share_of`.
        ClusterError: See `mmvideomae.jobs.cluster.Cluster.share`.
    """
    if args.engine == 'ray':
        share, shares, work = 0, 1, Cluster(args.address, args.actors).share(make)
    else:
        (share, shares), work = share_of(), make()
    mine = everything[share::shares]
    start, outcome = time.monotonic(), Outcome()
    with JobDisplay(len(mine), unit) as display:
        for outcome in work.begin(mine, display.within):
            display.after(outcome)
    return {
        'videos': len(mine),
        'share': share,
        'shares': shares,
        'done': len(outcome.done),
        'skipped': len(outcome.skipped),
        'failed': outcome.failed,
        unit.replace(' ', '_'): outcome.units,
        'seconds': round(time.monotonic() - start, 2),
        'settings': work.settings,
    }


def told_of_share(summary: dict[str, Any], what: str, *more: str, following: str = '') -> Told:
    """The output of a command about its share; the status is `FAILED` if a video failed.

    Args:
        what: The participle for finished videos, such as 'extracted'.
        more: Further lines of text.
        following: See `Told`.
    """
    failed = summary['failed']
    line = (
        f'{summary["done"]} of {summary["videos"]} videos {what}, {summary["skipped"]} already '
        f'finished, {len(failed)} failed'
    )
    reasons = (f'  {name}: {reason}' for name, reason in failed.items())
    status = FAILED if failed else 0
    if not summary['done'] + summary['skipped']:  # there is nothing to go on with
        following = ''
    return Told(summary, [line, *reasons, *more], status=status, following=following)
