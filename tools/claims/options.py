"""Options of the tools that compare ways to pre-train."""

import argparse
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path


def parser_of(description: str | None, out: str) -> argparse.ArgumentParser:
    """A parser of what all of them take."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', type=Path, default=Path(out), help='folder to write')
    parser.add_argument('--seeds', type=int, default=3, help='repetitions (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=2, help='loader processes')
    parser.add_argument(
        '--quick', action='store_true', help='shows that everything runs, measures nothing'
    )
    return parser


def parsed(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """The checked options."""
    args = parser.parse_args(arguments)
    if args.seeds < 1 or args.workers < 0:
        parser.error('--seeds must be at least 1, --workers at least 0')
    return args


def carry_out(args: argparse.Namespace, tool: str) -> int | str:
    """Import a tool by its name and call its ``main(args)``.

    A tool names itself, and imports what is slow below this call: not when the options are wrong.

    Returns:
        What ``sys.exit`` takes: 0, or the message of an error that a user can fix.
    """
    # Spinning threads would starve the loader's processes. OpenMP reads this when PyTorch is
    # imported.
    os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
    try:
        import_module(tool).main(args)
    except (ValueError, OSError) as error:
        return f'error: {error}'
    return 0
