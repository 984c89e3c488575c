"""Public checkpoints by name, with what their publishers say about them."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError

import yaml

from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.errors import nearest

_TABLE = Path(__file__).with_suffix('.yml')
_HUB = 'https://huggingface.co'
_WEIGHTS = ('model.safetensors', 'pytorch_model.bin')


class PublishedWeights(NamedTuple):
    """A public checkpoint.  None: not published, or not known.

    Attributes:
        config: A config of this project that its weights fit, below ``configs/``.
        clip: Frames x stride of the clips, and their side in pixels.
        classes: Number of classes; None for weights without a classifier.
        licence: Of the weights.
        address: From which the file is downloaded.
        repo: A repository of Hugging Face from which it is downloaded instead.
        page: Where a person can download it, if it has no address.
        sha256: First digits of the file's SHA-256.
        megabytes: Size of the file.
        note: What else is known.
    """

    name: str
    config: str
    clip: str
    classes: int | None = None
    licence: str | None = None
    address: str | None = None
    repo: str | None = None
    page: str | None = None
    sha256: str | None = None
    megabytes: int | None = None
    note: str | None = None


@cache
def published_weights() -> dict[str, PublishedWeights]:
    """All public checkpoints by their names."""
    table = yaml.safe_load(_TABLE.read_text(encoding='utf-8'))
    return {name: PublishedWeights(name, **entry) for name, entry in table.items()}


def published(name: str) -> PublishedWeights:
    """The public checkpoint with a name.

    Raises:
        CheckpointError: There is none; the message names a similar one.
    """
    known = published_weights()
    if name not in known:
        raise CheckpointError(
            f'no public weights are called {name!r}{nearest(name, known)}; '
            'mmvideomae weights list shows all names'
        )
    return known[name]


def fetch_published(name: str) -> Path:
    """The file, or the folder, of a public checkpoint, downloaded once.

    ``HF_ENDPOINT`` replaces the address of Hugging Face, as for its own tools.

    Raises:
        CheckpointError: There is no such name, or the file has no address; the message says where
            a browser finds it.
    """
    from mmvideomae.checkpoints.downloads import downloaded  # torch, which a table needs not

    entry = published(name)
    if entry.address is not None:
        return downloaded(entry.address, entry.sha256)
    if entry.repo is None:
        told = f' ({entry.note})' if entry.note else ''
        raise CheckpointError(
            f'{name} has no address for programs{told}: download it from {entry.page}, and give '
            'the file instead of the name'
        )
    base = f'{os.environ.get("HF_ENDPOINT", _HUB).rstrip("/")}/{entry.repo}/resolve/main'
    config = downloaded(f'{base}/config.json', folder=entry.repo)
    if not any(_is_there(f'{base}/{weights}', entry.repo) for weights in _WEIGHTS):
        raise CheckpointError(f'{base} has neither {" nor ".join(_WEIGHTS)}')
    return config.parent


def _is_there(address: str, folder: str) -> bool:
    """Download a file if there is one."""
    from mmvideomae.checkpoints.downloads import downloaded

    try:
        downloaded(address, folder=folder)
    except HTTPError as error:
        if error.code != 404:
            raise
        return False
    return True
