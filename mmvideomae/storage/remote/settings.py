"""Settings for remote files, read from environment variables."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from mmvideomae.errors import UserError

_UNITS = {'': 1, 'K': 10**3, 'M': 10**6, 'G': 10**9, 'T': 10**12}
_SIZE = re.compile(r'([\d.]+) *([KMGT]?)B?', re.IGNORECASE)


class RemoteSettingError(UserError, ValueError):
    """An environment variable has an invalid value."""


class RemoteSettings(NamedTuple):
    """How remote files are cached and requested.

    Attributes:
        folder: The local cache (``remote`` in ``MMVIDEOMAE_CACHE``).
        most_bytes: Size limit of the cache (``MMVIDEOMAE_CACHE_SIZE``); 0 keeps nothing.
        seconds: How long to retry while a server does not answer
            (``MMVIDEOMAE_RETRY_SECONDS``).
    """

    folder: Path
    most_bytes: int
    seconds: float

    @classmethod
    def read(cls) -> 'RemoteSettings':
        """Read the environment, anew each time.

        Raises:
            RemoteSettingError: A value is not a size, or not a number of seconds.
        """
        home = os.environ.get('XDG_CACHE_HOME') or os.path.join(Path.home(), '.cache')
        base = os.environ.get('MMVIDEOMAE_CACHE') or os.path.join(home, 'mmvideomae')
        size = os.environ.get('MMVIDEOMAE_CACHE_SIZE') or '50GB'
        seconds = os.environ.get('MMVIDEOMAE_RETRY_SECONDS') or '60'
        found = _SIZE.fullmatch(size.strip())
        try:
            if found is None:
                raise ValueError(size)
            most = int(float(found[1]) * _UNITS[found[2].upper()])
        except ValueError:
            told = f'MMVIDEOMAE_CACHE_SIZE={size} is not a size: give one like 200GB, or 0'
            raise RemoteSettingError(told) from None
        if not re.fullmatch(r'\d+(\.\d+)?', seconds.strip()):
            told = f'MMVIDEOMAE_RETRY_SECONDS={seconds} is not a number of seconds'
            raise RemoteSettingError(told)
        return cls(Path(base) / 'remote', most, float(seconds))
