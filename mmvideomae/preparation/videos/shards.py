"""Put videos into tar files of some size each, with an index of where each of them lies."""

import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmvideomae.formats.annotations import AnnotationError, LineFormat, read_list
from mmvideomae.formats.shard_index import members_of, shard_entry
from mmvideomae.formats.video_folders import find_videos, is_video_name
from mmvideomae.storage import replacing, write_text
from mmvideomae.storage.remote import files_below, is_address, join_place, open_bytes

INDEX = 'index.json'
_BLOCK = 512  # bytes, to which tar files round


class ShardMember(NamedTuple):
    """A video: what it is called in its tar file, and where it lies now."""

    name: str
    path: Path


def members_for(source: Path, data_prefix: str = '') -> list[ShardMember]:
    """The videos below a folder, or those that a list names, each once and in its order.

    Raises:
        AnnotationError: There is none, one of a list is missing, or leads out of its folder.
    """
    if source.is_dir():
        return [ShardMember(name, source / name) for name in find_videos(source)]
    members: dict[str, ShardMember] = {}
    for entry in read_list(source, LineFormat()):
        path = Path(data_prefix, entry.path)
        if os.path.isabs(entry.path) or '..' in Path(entry.path).parts:
            told = 'is not below data_prefix: a shard needs relative names'
            raise AnnotationError(f'{source}: {entry.path!r} {told}')
        if not is_video_name(entry.path) or not path.is_file():
            raise AnnotationError(f'{source}: {path} is not a video file')
        members.setdefault(entry.path, ShardMember(entry.path, path))
    return list(members.values())


def plan_shards(members: Sequence[ShardMember], most_bytes: int) -> list[list[ShardMember]]:
    """Divide videos, in their order, among tar files of about ``most_bytes`` at most each."""
    shards: list[list[ShardMember]] = []
    taken = most_bytes
    for member in members:
        size = member.path.stat().st_size + 2 * _BLOCK
        if taken + size > most_bytes or not shards:
            shards.append([])
            taken = 0
        shards[-1].append(member)
        taken += size
    return shards


def write_shards(shards: Sequence[Sequence[ShardMember]], out: Path) -> Iterator[dict[str, Any]]:
    """Write one tar file after the other, and the index once all are there.

    The same videos give the same bytes, whoever owns the files and whenever they were changed.

    Returns:
        What the index says of each.
    """
    entries = []
    for number, members in enumerate(shards):
        path = out / f'shard-{number:06}.tar'
        with replacing(path) as temporary, tarfile.open(temporary, 'w') as archive:
            for member in members:
                info = tarfile.TarInfo(member.name)
                info.size = member.path.stat().st_size
                with member.path.open('rb') as file:
                    archive.addfile(info, file)
        entries.append(_entry_of(str(path), path.name))
        yield entries[-1]
    write_index(entries, out / INDEX)


def index_tars(folder: str) -> list[dict[str, Any]]:
    """What an index says of the tar files right in a folder or at an address.

    Raises:
        AnnotationError: There is none.
    """
    names = files_below(folder) if is_address(folder) else sorted(os.listdir(folder))
    tars = [name for name in names if name.endswith('.tar')]
    if not tars:
        raise AnnotationError(f'no .tar lies in {folder}')
    return [_entry_of(join_place(folder, name), name) for name in tars]


def write_index(entries: Sequence[dict[str, Any]], path: Path) -> None:
    """Write an index of shards (`mmvideomae.formats.shard_index`)."""
    write_text(path, json.dumps({'wids_version': 1, 'shardlist': list(entries)}) + '\n')


def _entry_of(place: str, url: str) -> dict[str, Any]:
    try:
        with open_bytes(place) as file:
            members = members_of(file)
            return shard_entry(url, file.seek(0, os.SEEK_END), members)
    except tarfile.TarError as error:
        raise AnnotationError(f'{place} is not an uncompressed tar file: {error}') from None
