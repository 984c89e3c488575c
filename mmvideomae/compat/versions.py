"""Versions of packages that are not imported for it."""

import importlib.metadata
import re


def version_of(distribution: str) -> str | None:
    """Installed version of a distribution, or None; the distribution is not imported."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def release(version: str) -> tuple[int, ...]:
    """``'2.11.0+cu130'`` -> ``(2, 11, 0)``."""
    return tuple(int(number) for number in re.findall(r'\d+', version.partition('+')[0])[:3])
