"""Run a command line: one-line errors, results as text or JSON, and the exit status."""

import argparse
import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

from mmvideomae.errors import UserError, nearest, of_the_disk, one_line, printable

INTERRUPTED = 130
UNREAD = 128 + signal.SIGPIPE
"""The exit status of programs whose output nobody reads any more."""
FIXABLE = (UserError, ValueError, OSError)
"""Errors that end a command with one line; any other is a bug and shows its traceback."""
TELL_EVERY = 20.0
"""Seconds between two lines of progress where there is no terminal."""


class UsageError(UserError):
    """The options conflict; the usage is shown and the exit status is 2."""


@dataclass(frozen=True)
class Told:
    """The output of a command.

    Attributes:
        summary: The object that ``--json`` prints; None: ``--json`` prints the text as well.
        text: Lines and tables for a person, possibly a generator that is still computing them.
        notes: Lines for stderr, with or without ``--json``.
        status: The exit status.
        following: The command to run next, which is told in both forms.
    """

    summary: Mapping[str, Any] | None
    text: str | Iterable[str | Table] = ()
    notes: Iterable[str] = ()
    status: int = 0
    following: str = ''


class _Parser(argparse.ArgumentParser):
    """Suggests the nearest option for one that does not exist."""

    def error(self, message: str) -> NoReturn:
        """Show the usage and the message; the exit status is 2."""
        what, _, unknown = message.partition('unrecognized arguments: ')
        if not what and unknown.startswith('--'):
            message += nearest(unknown.split()[0].partition('=')[0], self._options())
        super().error(message)

    def _options(self) -> Iterator[str]:
        """The options, also of the commands below, whose unknown ones argparse reports here."""
        yield from self._option_string_actions
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for parser in action.choices.values():
                    yield from parser._option_string_actions


def tool_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser that shows a tool's docstring without reformatting it."""
    return _Parser(
        os.path.basename(sys.argv[0]),  # which newer versions of Python choose in other ways
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def run_tool(
    parser: argparse.ArgumentParser,
    make: Callable[[argparse.Namespace], Told] | str,
    interrupted: str = '',
    json_help: str | None = 'print one JSON object on stdout',
) -> int:
    """Parse the command line, do the work and print the result.

    Stdout receives the result alone: anything else that is printed meanwhile, also by libraries,
    goes to stderr.

    Args:
        make: Does the work.  Work that needs torch is given by the name of the module that has it
            as ``make``: it takes seconds to import, and is not when the arguments are wrong.  A
            tool may name itself, and import what is slow below this call.
        interrupted: The message on Ctrl-C.
        json_help: Help for ``--json``, the last option; None: the parser already has that option.

    Returns:
        The exit status: 1 for an error that a user can fix, `INTERRUPTED` on Ctrl-C.
    """
    if json_help:
        parser.add_argument('--json', action='store_true', help=json_help)
    try:
        args = parser.parse_args()
        with _stdout_on_stderr(), ctrl_c_kept():
            told = (import_module(make).make if isinstance(make, str) else make)(args)
        _show(told, args.json)
        sys.stdout.flush()
    except UsageError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        _note(parser, interrupted)
        return INTERRUPTED
    except FIXABLE as error:
        if nobody_reads(error):
            return UNREAD
        _note(parser, one_line(of_the_disk(error) if isinstance(error, OSError) else error))
        return 1
    except RuntimeError as error:
        from torch import OutOfMemoryError  # only here, since most tools need no torch

        if not isinstance(error, OutOfMemoryError):
            raise
        _note(parser, 'out of GPU memory: lower --batch-size')
        return 1
    for note in told.notes:
        _note(parser, note)
    return told.status


@contextlib.contextmanager
def ctrl_c_kept() -> Iterator[None]:
    """Let Ctrl-C be one where a library takes it for another error.

    mmengine, for example, then says that the syntax of the config which it is writing is wrong.
    """
    try:
        yield
    except (UserError, OSError):
        raise
    except Exception as error:
        before: BaseException | None = error
        while before is not None:
            if isinstance(before, KeyboardInterrupt):
                raise KeyboardInterrupt from error
            before = before.__context__
        raise


def nobody_reads(error: Exception) -> bool:
    """Whether an error means that what reads stdout has ended, as ``head`` does.

    What Python has yet to flush then goes nowhere.  Other pipes, such as those of processes that
    work for us, break for other reasons.
    """
    stdout = select.poll()
    stdout.register(1, select.POLLOUT)
    closed = any(event & select.POLLERR for _, event in stdout.poll(0))
    if closed and isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return True
    return False


def run_logged(parser: argparse.ArgumentParser, work: str) -> int | str:
    """Parse the command line and do work whose output is its log, on stdout.

    Args:
        work: Name of the module whose ``run(args)`` does it; it returns the exit status, what is
            wrong, or the results, which ``--json`` prints alone, with the log on stderr.

    Returns:
        What ``sys.exit`` takes: the exit status, which is `INTERRUPTED` on Ctrl-C, or a message
        that makes it 1.
    """
    try:
        args = parser.parse_args()
        as_json = getattr(args, 'json', False)
        with _stdout_on_stderr() if as_json else contextlib.nullcontext(), ctrl_c_kept():
            status: int | str | Mapping[str, Any] = import_module(work).run(args)
    except UsageError as error:
        parser.error(str(error))
    except UserError as error:
        status = one_line(error)
    except KeyboardInterrupt:
        _note(parser, 'interrupted')
        return INTERRUPTED
    if isinstance(status, Mapping):
        if as_json:
            # Metrics of other packages may be numbers of NumPy, or tensors.
            print(json.dumps(status, default=lambda value: value.tolist()))
        return 0
    return f'{parser.prog}: {status}' if isinstance(status, str) else status


def watched(items: Iterable[Any], what: str, total: int | None = None) -> Iterator[Any]:
    """Yield the items and show the progress on stderr: a bar, or lines in a log."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, what, total=total, console=console, transient=True)
        return
    number = len(items) if total is None and isinstance(items, Sized) else total
    tell = progress_lines(what)
    for done, item in enumerate(items, 1):
        yield item
        tell(done, number)


def now_and_then() -> Callable[[], bool]:
    """A function that is true when the next line of a log is due, `TELL_EVERY` seconds later."""
    told = time.monotonic()

    def due() -> bool:
        nonlocal told
        is_due = time.monotonic() - told > TELL_EVERY
        if is_due:
            told = time.monotonic()
        return is_due

    return due


def progress_lines(what: str) -> Callable[[int, int | None], None]:
    """A function that tells a log now and then how much is done, and of how much."""
    due = now_and_then()

    def tell(done: int, total: int | None) -> None:
        if due():
            of_all = f' of {total}' if total is not None else ''
            print(printable(f'{what}: {done}{of_all}'), file=sys.stderr, flush=True)

    return tell


@contextlib.contextmanager
def work_bars() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Show bars on the terminal's stderr, which disappear at the end, or lines in a log.

    Yields a function that begins a bar with a name and returns what moves it: the part that is
    done, and the total.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield progress_lines
        return
    with Progress(console=console, transient=True) as bars:

        def begin(what: str) -> Callable[[int, int], None]:
            task = bars.add_task(what, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield begin


def _show(told: Told, as_json: bool) -> None:
    if as_json and told.summary is not None:
        following = {'next': told.following} if told.following else {}
        print(json.dumps({**told.summary, **following}))
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    lines = iter([told.text] if isinstance(told.text, str) else told.text)
    while True:
        with _stdout_on_stderr() if as_json else contextlib.nullcontext():
            line = next(lines, None)
        if line is None:
            break
        if isinstance(line, Table):
            console.print(line, highlight=False)
        else:
            print(printable(line), flush=True)
    if told.following:
        print(printable(f'next: {told.following}'))


def _note(parser: argparse.ArgumentParser, text: str) -> None:
    if text:
        print(printable(f'{parser.prog}: {text}'), file=sys.stderr)


@contextlib.contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Redirect stdout to stderr, also for compiled libraries and child processes."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
