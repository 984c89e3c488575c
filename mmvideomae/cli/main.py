"""The command ``mmvideomae``: every module of `mmvideomae.cli.commands` under one name."""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from mmvideomae.errors import nearest
from mmvideomae.version import __version__

_COMMANDS = Path(__file__).with_name('commands')
_HELP = """usage: {prog} COMMAND ...

{commands}

mmvideomae COMMAND --help describes a command, and mmvideomae --version tells the version.
To complete commands and options with the tab key of bash, add this line to ~/.bashrc:
  complete -o default -C 'mmvideomae complete' mmvideomae"""


def main() -> int | str:
    """Run the command that the words name; returns what ``sys.exit`` takes."""
    try:
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError as error:
        from mmvideomae.cli.tool import UNREAD, nobody_reads  # which --version needs not

        if not nobody_reads(error):
            raise
        return UNREAD
    return status


def _run(words: list[str]) -> int | str:
    if words[:1] == ['complete'] and 'COMP_LINE' in os.environ:
        line = os.environ['COMP_LINE'][: int(os.environ['COMP_POINT'])]
        print(*_completions(line.split()[1:], line[-1:].isspace()), sep='\n')
        return 0
    if words[:1] == ['--version']:
        print(__version__)
        return 0
    group = words[:1] if words[:1] and (_COMMANDS / words[0]).is_dir() else []
    below = words[len(group) :]
    if not below or below[0] in ('-h', '--help'):
        prog = ' '.join(['mmvideomae', *group])
        print(_HELP.format(prog=prog, commands='\n'.join(_described(group))))
        return 0 if below else 2
    names = _names(group)
    if below[0] not in names:
        given = ' '.join([*group, below[0]])
        return f'mmvideomae: there is no command {given!r}{nearest(below[0], names)}'
    sys.argv = [' '.join(['mmvideomae', *group, below[0]]), *below[1:]]
    return _module([*group, below[0]]).main()


def _names(group: list[str]) -> list[str]:
    """Names of the commands, or of those of a group such as ``data``."""
    found = iter_modules([str(_COMMANDS.joinpath(*group))])
    return sorted(module.name.replace('_', '-') for module in found)


def _module(words: list[str]) -> ModuleType:
    name = '.'.join(words).replace('-', '_')
    return import_module(f'mmvideomae.cli.commands.{name}')


def _described(group: list[str]) -> Iterator[str]:
    """A line for each command: its name and what it does."""
    for name in _names(group):
        told = (_module([*group, name]).__doc__ or '').partition('\n')[0]
        yield f'  {" ".join([*group, name]):<24}{told}'


def _completions(words: list[str], complete: bool) -> list[str]:
    """Commands or options that continue a line.

    Args:
        words: Those after ``mmvideomae``.
        complete: Whether the last of them is complete.
    """
    begun = '' if complete or not words else words.pop()
    group = words[:1] if words[:1] == ['data'] else []
    if len(words) == len(group):
        found = _names(group)
    elif begun.startswith('-') and words[len(group)] in _names(group):
        module = _module(words[: len(group) + 1])
        actions = module.options()._actions
        added = ['--json'] if hasattr(module, 'run_tool') else []  # which adds it
        found = list(dict.fromkeys([*added, *(text for a in actions for text in a.option_strings)]))
    else:
        found = []  # of a file
    return [each for each in found if each.startswith(begun)]
