"""The version of mmvideomae, and where the files are that come with the package."""

import os
from pathlib import Path

__version__ = '0.1.0'


def shipped(name: str) -> Path:
    """Path of a file or folder such as ``configs``: in the checkout, or as pip installs it."""
    package = Path(__file__).resolve().parent
    in_checkout = (package.parent / 'setup.py').is_file()
    return (package.parent if in_checkout else package / '.mim') / name


def config_place(path: str) -> str:
    """The path of a config as it is, unless there is nothing at one such as ``configs/demo/X.py``.

    That is the config which comes with the package, so that the commands and programs of the
    documentation work outside a checkout too.
    """
    ours = shipped(path)
    missing = path.startswith('configs/') and not os.path.lexists(path)
    return str(ours) if missing and ours.is_file() else path
