"""Download weights once, into torch's cache."""

from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import torch
from mmengine.dist import broadcast_object_list, is_main_process

from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.errors import one_line


def downloaded(address: str, digest: str | None = None, folder: str | None = None) -> Path:
    """What lies at an ``http(s)`` address, in torch's cache.

    Args:
        digest: First digits of the file's SHA-256, which it must have.
        folder: Keep the file under its own name in this folder of the cache, beside others.

    Raises:
        URLError: The address does not answer.
        CheckpointError: The file has another digest, or another process could not download it.
    """
    name = Path(urlsplit(address).path).name
    # Two addresses may end with the same name.
    place = f'{sha256(address.encode()).hexdigest()[:16]}-{name}'
    if folder is not None:
        part = f'{sha256(address.rpartition("/")[0].encode()).hexdigest()[:16]}'
        place = f'{part}-{folder.replace("/", "--")}/{name}'
    cached = Path(torch.hub.get_dir()) / 'checkpoints' / place
    failed: list[str | None] = [None]
    if is_main_process():
        try:
            _download(address, cached, digest)
        except Exception as error:
            failed = [one_line(error)]
            raise
        finally:  # the other ranks wait for this, even after a failure
            broadcast_object_list(failed)
    else:
        broadcast_object_list(failed)
        if failed[0] is not None:
            raise CheckpointError(f'{address} could not be downloaded: {failed[0]}')
        _download(address, cached, digest)  # on other nodes
    return cached


def _download(address: str, path: Path, digest: str | None) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(address, str(path), digest, progress=False)
    except RuntimeError as error:
        if 'hash' not in str(error):
            raise
        raise CheckpointError(
            f'{address} is not the published file: its SHA-256 does not begin with {digest}'
        ) from None
