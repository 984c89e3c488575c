"""Errors about weight files."""

from collections.abc import Iterable

from mmvideomae.errors import UserError


class CheckpointError(UserError, ValueError):
    """A weight file cannot be read, converted or fitted to a model; the message is one line."""


def some(names: Iterable[str], count: int = 5) -> str:
    """The first names and the number of the rest."""
    listed = list(names)
    named = ', '.join(listed[:count])
    return named if len(listed) <= count else f'{named} and {len(listed) - count} more'
