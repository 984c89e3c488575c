"""Index of tar files (shards): which videos they hold, and at which bytes.

Our own is the JSON of WebDataset's ``wids`` with the place of every member beside the number of
samples, so that each library reads what it needs::

    {"wids_version": 1, "shardlist": [
        {"url": "shard-000000.tar", "nsamples": 2, "filesize": 1448960,
         "members": {"a/b.mp4": [512, 734003], "c.mp4": [735232, 709632]}}]}

Addresses are relative to the index.  Of shards without ``members``, as ``wids`` writes them, the
headers of all members are read once.
"""

import logging
import os
import tarfile
from collections.abc import Mapping
from typing import Any, BinaryIO

from mmvideomae.formats.text_files import AnnotationError, read_json
from mmvideomae.formats.video_folders import is_video_name
from mmvideomae.storage.remote import (
    AddressError,
    Member,
    join_place,
    open_bytes,
    without_secrets,
)

_logger = logging.getLogger('mmvideomae')


def read_shard_index(path: str | os.PathLike[str]) -> dict[str, str]:
    """The videos that an index lists: names, sorted, each with ``TAR#START+SIZE/NAME``.

    Paths of tar files stay relative to the folder of the index.

    Args:
        path: The JSON file, local or at an address.

    Raises:
        AnnotationError: It is missing or malformed, a shard cannot be read, two videos have one
            name, or there is none.
    """
    index = os.fspath(path)
    places: dict[str, str] = {}
    shards = _shards(index, read_json(index, 'index of shards'))
    if unknown := sum('members' not in shard for shard in shards):
        _logger.warning(
            f'{without_secrets(index)} does not say where files lie in {unknown} tar files, so '
            'their headers are read now: make_shards.py --index writes an index that does'
        )
    for shard in shards:
        for name, (start, size) in _members(index, shard).items():
            if not is_video_name(name):
                continue
            place = str(Member(shard['url'], start, size, name))
            if name in places:
                raise AnnotationError(f'{index}: {places[name]} and {place} have one name')
            places[name] = place
    if not places:
        raise AnnotationError(f'{index}: its shards hold no video')
    return dict(sorted(places.items()))


def shard_entry(url: str, filesize: int, members: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """What an index says of one shard.

    Args:
        url: Path of the tar file, relative to the index.
        filesize: In bytes.
        members: First byte and number of bytes of each file in it.
    """
    # For WebDataset a sample is called what stands before the first dot of a name.
    samples = {(os.path.dirname(name), os.path.basename(name).split('.')[0]) for name in members}
    return {
        'url': url,
        'nsamples': len(samples),
        'filesize': filesize,
        'members': {name: list(place) for name, place in members.items()},
    }


def members_of(file: BinaryIO) -> dict[str, tuple[int, int]]:
    """First byte and number of bytes of every file in an uncompressed tar file, by name.

    Raises:
        tarfile.TarError: It is not a tar file, or damaged.
    """
    with tarfile.open(fileobj=file, mode='r:') as archive:
        return {
            member.name.removeprefix('./'): (member.offset_data, member.size)
            for member in archive
            if member.isreg() and not member.issparse()
        }


def _shards(index: str, content: Any) -> list[Mapping[str, Any]]:
    """The shards of an index, also those of data sets within it."""
    if not isinstance(content, dict):
        raise AnnotationError(f'{index}: an index of shards is a JSON object')
    parts = [content, *(content.get('datasets') or ())]
    shards = [shard for part in parts for shard in part.get('shardlist') or ()]
    if not shards:
        raise AnnotationError(f"{index}: it has no 'shardlist', which names tar files")
    for shard in shards:
        url = shard.get('url') if isinstance(shard, dict) else None
        if not isinstance(url, str) or not url.partition('?')[0].endswith('.tar'):
            told = f"a shard has the 'url' of a .tar, got {shard!r:.100}"
            raise AnnotationError(f'{index}: {told}')
    return shards


def _members(index: str, shard: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """First byte and number of bytes of each member, by name."""
    listed = shard.get('members')
    if listed is None:
        tar = join_place(os.path.dirname(index), shard['url'])
        try:
            with open_bytes(tar) as file:
                return members_of(file)
        except (AddressError, FileNotFoundError, tarfile.TarError) as error:
            reason = getattr(error, 'reason', None) or getattr(error, 'strerror', None) or error
            raise AnnotationError(f'{index}: cannot read its shard {tar}: {reason}') from None
    try:
        return {name: (int(start), int(size)) for name, (start, size) in listed.items()}
    except (AttributeError, TypeError, ValueError):
        told = 'must be {NAME: [FIRST_BYTE, BYTES], ...}: write the index again'
        raise AnnotationError(f"{index}: 'members' of {shard['url']} {told}") from None
