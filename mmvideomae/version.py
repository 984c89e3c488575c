"""The version of mmvideomae, and where the files are that come with the package."""

from pathlib import Path

__version__ = '0.1.0'


def shipped(name: str) -> Path:
    """Path of a file or folder such as ``configs``: in the checkout, or as pip installs it."""
    package = Path(__file__).resolve().parent
    in_checkout = (package.parent / 'setup.py').is_file()
    return (package.parent if in_checkout else package / '.mim') / name
