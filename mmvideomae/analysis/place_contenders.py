"""Places that videos can lie in, and how fast the workers of a loader make clips from each."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.dataset import default_collate
from torch.utils.data import DataLoader

from mmvideomae.analysis.loader_contenders import ENCODER, GRID
from mmvideomae.analysis.servers import ObjectStore
from mmvideomae.datasets import VideoListDataset
from mmvideomae.storage.remote import ask

_BUCKET = 's3://benchmark'
_INDEX = 'shards/index.json'


class LoaderSettings(NamedTuple):
    """How clips are made: of ``clip_len`` frames every ``stride``, crops of ``size`` pixels."""

    workers: int
    batch_size: int
    clip_len: int
    stride: int
    size: int


def contending_places(folder: Path) -> dict[str, dict[str, str]]:
    """Sources of the same videos: ``videos/`` and ``shards/`` of a folder, and their uploads."""
    roots = {'files': str(folder), 's3': _BUCKET}
    return {
        **{name: {'folder': f'{root}/videos'} for name, root in roots.items()},
        **{f'{name}, shards': {'shards': f'{root}/{_INDEX}'} for name, root in roots.items()},
    }


@contextmanager
def slow_store(folder: Path, latency: float) -> Iterator[None]:
    """An S3 server in a process of its own that holds a folder and lets each request wait.

    Args:
        latency: In seconds.
    """
    spawn = multiprocessing.get_context('spawn')
    here, there = spawn.Pipe()
    server = spawn.Process(target=_serve, args=(there, latency), daemon=True)
    server.start()
    before = dict(os.environ)
    os.environ.update(AWS_ENDPOINT_URL=here.recv(), AWS_ACCESS_KEY_ID='any')
    os.environ.update(AWS_SECRET_ACCESS_KEY='any')
    try:
        ask(_BUCKET, 'mkdir')
        for file in folder.rglob('*'):
            if file.is_file():
                ask(f'{_BUCKET}/{file.relative_to(folder)}', 'pipe_file', file.read_bytes())
        here.send('wait from now on')
        here.recv()
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.terminate()
        server.join()


def _serve(parent: Connection, latency: float) -> None:
    store = ObjectStore()
    parent.send(store.address)
    parent.recv()
    store.latency = latency
    parent.send('waiting')
    parent.recv()  # until it is ended


def epochs_of(
    source: Mapping[str, str], warm: Path, settings: LoaderSettings, cache: Path, epochs: int
) -> list[float]:
    """Clips per second in each epoch, the first of which finds an empty cache.

    Args:
        warm: A local video, of which clips are made first, until all workers are at work.
        cache: Folder for the cache, deleted behind.
    """
    lead = 2 * max(settings.workers, 1)  # batches
    (cache.parent / 'warm.txt').write_text(f'"{warm}"\n' * (lead * settings.batch_size))
    sources = [{'ann_file': str(cache.parent / 'warm.txt')}, source]
    data = VideoListDataset(sources, _pipeline(settings))
    data.set_epoch(0, 0)
    loader = DataLoader(
        data, settings.batch_size, num_workers=settings.workers, collate_fn=default_collate
    )
    before, os.environ['MMVIDEOMAE_CACHE'] = os.environ.get('MMVIDEOMAE_CACHE'), str(cache)
    try:
        return [_rate(loader, lead) for _ in range(epochs)]
    finally:
        os.environ.pop('MMVIDEOMAE_CACHE')
        if before is not None:
            os.environ['MMVIDEOMAE_CACHE'] = before
        shutil.rmtree(cache, ignore_errors=True)


def _rate(loader: DataLoader[Any], lead: int) -> float:
    batches = iter(loader)
    for _ in islice(batches, lead):
        pass
    begin = time.perf_counter()
    clips = sum(len(batch['inputs']) for batch in batches)
    return clips / (time.perf_counter() - begin)


def _pipeline(settings: LoaderSettings) -> list[dict[str, Any]]:
    masks = {'type': 'GenerateMasks', 'grid_size': GRID, 'encoder': ENCODER}
    crop = {'type': 'ClipMultiScaleCrop', 'size': settings.size}
    return [
        {'type': 'OpenVideo'},
        {'type': 'SampleClip', 'clip_len': settings.clip_len, 'stride': settings.stride},
        {'type': 'ReadFrames'},
        {'type': 'RepeatAugment', 'num_repeats': 1, 'transforms': [crop, masks]},
        {'type': 'PackClips'},
    ]
