"""Errors that a user can fix, warnings, and helpers that make text printable."""

import difflib
import errno
import os
import unicodedata
from collections.abc import Iterable


class UserError(Exception):
    """Something is wrong with the data, the settings or the machine, and the message says what.

    A command ends with the message of such an error in one line.  Any other exception is a bug of
    the toolbox and shows its traceback.
    """


class NotFiniteError(UserError, ValueError):
    """Predictions or weights are NaN or infinite; the message names the sample."""

    def __init__(self, whose: str, model: str = 'the model') -> None:
        super().__init__(
            f'the {whose} are not finite numbers: the weights of {model} or its input are broken'
        )


class ConfigError(UserError, ValueError):
    """A config cannot be read, or an option does not fit it."""


class ConfigMissingError(ConfigError, FileNotFoundError):
    """The config does not exist."""


def warn(line: str) -> None:
    """Log a warning as mmengine does; it is imported only now, since it imports torch."""
    from mmengine.logging import MMLogger

    MMLogger.get_current_instance().warning(line)


def where(path: str | os.PathLike[str]) -> str:
    """``' in FOLDER'`` for a relative path that was not found; empty for others and addresses."""
    text = os.fspath(path)
    return '' if os.path.isabs(text) or '://' in text else f' in {os.getcwd()}'


def printable(text: str) -> str:
    """Text that any terminal, log or UTF-8 file can show.

    Bytes of a file name that are not UTF-8, which Python holds as lone surrogates, become escapes
    such as ``\\udce9``.
    """
    return text.encode('utf-8', 'backslashreplace').decode('utf-8')


def one_line(told: object, longest: int | None = None) -> str:
    """A text or an error's message as one printable line without control characters.

    An error without a message is represented by the name of its class.  The quotes that Python
    puts around the message of a KeyError are removed.

    Args:
        longest: The most characters to keep.
    """
    if isinstance(told, KeyError) and told.args:
        told = told.args[0]
    kept = (' ' if unicodedata.category(c) in _BREAKS else c for c in printable(str(told)))
    line = ' '.join(''.join(kept).split())
    if not line and isinstance(told, BaseException):
        line = type(told).__name__
    return line if longest is None or len(line) <= longest else f'{line[: longest - 3]}...'


_BREAKS = ('Cc', 'Zl', 'Zp')  # control characters, and separators of lines and paragraphs


ON_DISK = {
    errno.ENOSPC: 'no space left on the disk: free some, or choose a folder on another one',
    errno.EDQUOT: 'the disk quota is used up: free some space, or choose a folder elsewhere',
    errno.EROFS: 'the file system is read-only: choose another folder',
    errno.EACCES: 'permission denied: choose a folder that you may use',
    errno.EPERM: 'not permitted: choose a folder that you may use',
    errno.EEXIST: 'something else has this name: choose another one',
    errno.ENOTDIR: 'a part of this path is a file, not a folder: choose another path',
    errno.EMFILE: 'too many open files: raise the limit (ulimit -n), or set a lower num_workers',
    errno.ENOMEM: 'out of memory: set a lower num_workers or batch_size',
}
"""What users can do about errors of the operating system."""


def of_the_disk(error: OSError) -> str:
    """The file that an error of the operating system is about, and what is wrong with it."""
    if error.errno is None:
        return str(error)
    meaning = ON_DISK.get(error.errno) or error.strerror or str(error)
    return meaning if error.filename is None else f'{os.fsdecode(error.filename)}: {meaning}'


def not_text(name: str, value: object) -> str:
    """A message about an option that is a path, and was read as a number or a list."""
    return (
        f'{name} must be text, got {value!r}: in --cfg-options, text with commas or of digits '
        f"""alone needs quotes, {name}='"TEXT"'"""
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'X'?"`` if a known name resembles `name`, else an empty string."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_lower, 1)
    return f'; did you mean {by_lower[found[0]]!r}?' if found else ''


def same_letters(name: str, known: Iterable[str]) -> str:
    """A sentence if a known name looks the same as one that is not found; else an empty string.

    Letters such as umlauts have two forms in Unicode; macOS and archives made there use the longer.
    """
    plain = unicodedata.normalize('NFC', name)
    if plain.isascii() or all(unicodedata.normalize('NFC', each) != plain for each in known):
        return ''
    return '; one that looks the same has other Unicode forms of its letters (NFC, NFD): rename it'
