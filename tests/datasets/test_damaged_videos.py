"""Videos damaged in any way are read or raise VideoReadError, within bounded memory."""

import multiprocessing
import resource
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine import Config

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.datasets import VideoListDataset
from mmvideomae.video.readers import VideoReadError
from tests.support.models import tiny_recognizer
from tests.support.videos import moving_shapes, write_video

KINDS: dict[str, dict[str, Any]] = {
    'h264.mp4': {'audio': True},
    'h264_faststart.mp4': {'faststart': True},
    'hevc.mp4': {'codec': 'libx265', 'options': {'x265-params': 'log-level=0:pools=1'}},
    'av1.mp4': {'codec': 'libsvtav1'},
    'mjpeg.mov': {'codec': 'mjpeg', 'pix_fmt': 'yuvj420p'},
    'h264.mkv': {},
    'vp9.webm': {'codec': 'libvpx-vp9'},
    'mpeg4.avi': {'codec': 'mpeg4'},
    'h264.ts': {},
    'mpeg2.mpg': {'codec': 'mpeg2video'},
    'h264.flv': {},
    'wmv2.wmv': {'codec': 'wmv2'},
}
MOST_MIB = 256
MOST_SECONDS = 300

Damage = Callable[[bytearray, np.random.Generator], None]


def cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[rng.integers(1, len(data)) :]


def flip_bits(data: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(len(data), size=rng.integers(1, 40)).tolist():
        data[place] ^= 1 << int(rng.integers(8))


def spoil(data: bytearray, rng: np.random.Generator) -> None:
    begin, length = place_of(data, rng)
    data[begin : begin + length] = rng.bytes(length)


def blank(data: bytearray, rng: np.random.Generator) -> None:
    begin, length = place_of(data, rng)
    data[begin : begin + length] = bytes([int(rng.choice([0, 255]))]) * length


def lose(data: bytearray, rng: np.random.Generator) -> None:
    begin, length = place_of(data, rng)
    del data[begin : begin + length]


def insert(data: bytearray, rng: np.random.Generator) -> None:
    begin, length = place_of(data, rng)
    data[begin:begin] = rng.bytes(length)


def repeat(data: bytearray, rng: np.random.Generator) -> None:
    begin, length = place_of(data, rng)
    data[begin:begin] = data[begin : begin + length]


def claim(data: bytearray, rng: np.random.Generator) -> None:
    """Numbers of the header become huge."""
    for place in rng.integers(min(len(data), 2000), size=3).tolist():
        data[place : place + 4] = b'\x7f\xff\xff\xff'


def claim_at_the_end(data: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(max(len(data) - 2000, 0), len(data), size=3).tolist():
        data[place : place + 4] = b'\x0f\xff\xff\xff'


DAMAGES: list[Damage] = [
    *(cut, flip_bits, spoil, blank, lose, insert, repeat, claim, claim_at_the_end)
]


def place_of(data: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    """Where damage begins, and how long it is: often within the first kilobyte."""
    begin = int(rng.integers(len(data) if rng.random() < 0.6 else min(len(data), 1000)))
    return begin, min(int(rng.integers(1, 600)), len(data) - begin)


def damaged(folder: Path, name: str, count: int) -> Iterator[Path]:
    """So many broken copies of one kind of video."""
    whole = write_video(folder / name, moving_shapes(24), **KINDS[name]).read_bytes()
    rng = np.random.default_rng(list(KINDS).index(name))
    for number in range(count):
        data = bytearray(whole)
        DAMAGES[number % len(DAMAGES)](data, rng)
        path = folder / f'{number} {name}'
        path.write_bytes(data)
        yield path


def read_all(paths: list[Path], classifier: VideoClassifier) -> Counter[str]:
    """What training's data set and the classifier make of videos; other errors are raised."""
    outcomes: Counter[str] = Counter()
    crop = {'type': 'ClipMultiScaleCrop', 'size': 32}
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleClip', 'clip_len': 4, 'stride': 2},
        {'type': 'ReadFrames'},
        crop,
        {'type': 'PackClips'},
    ]
    listing = paths[0].parent / 'list.csv'
    listing.write_text(''.join(f'"{path}" 0\n' for path in paths))
    dataset = VideoListDataset([{'ann_file': str(listing)}], pipeline, on_decode_error='raise')
    for number, path in enumerate(paths):
        try:
            dataset[number]
            outcomes['trained'] += 1
        except VideoReadError as error:
            outcomes['refused by training'] += error.path == str(path)
    refused: list[VideoReadError] = []
    found = classifier(paths, failed=refused.append)
    assert {one.video for one in found} | {one.path for one in refused} == {*map(str, paths)}
    return outcomes + Counter({'classified': len(found), 'refused by the classifier': len(refused)})


def make_classifier() -> VideoClassifier:
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2, 'test_mode': True},
        {'type': 'ReadFrames'},
        {'type': 'CropViews', 'size': 32, 'num_crops': 1},
        {'type': 'PackClips'},
    ]
    config = Config({
        'default_scope': 'mmvideomae',
        'model': tiny_recognizer(),
        'test_pipeline': pipeline,
        'test_dataloader': {'collate_fn': {'type': 'default_collate'}, 'dataset': {}},
    })  # fmt: skip
    return VideoClassifier(init_model(config, device='cpu'), classes=['a', 'b', 'c', 'd'])


def work(paths: list[Path], classifier: VideoClassifier, answer: Connection) -> None:
    """In a process of its own: read, and send outcomes and the MiB that this took."""
    torch.set_num_threads(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        outcomes: Any = read_all(paths, classifier)
    except Exception as error:
        outcomes = repr(error)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.send((outcomes, (after - before) / 1024))


def test_600_damaged_videos(tmp_path: Path) -> None:
    paths = [path for name in KINDS for path in damaged(tmp_path, name, 50)]
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context('fork').Process(
        target=work, args=(paths, make_classifier(), theirs)
    )
    child.start()
    theirs.close()
    try:
        assert ours.poll(MOST_SECONDS), 'reading hangs'
        outcomes, mebibytes = ours.recv()  # EOFError where the process crashed
    finally:
        child.kill()
        child.join()
    assert isinstance(outcomes, Counter), outcomes
    assert outcomes['trained'] + outcomes['refused by training'] == len(paths) == 600
    assert min(outcomes.values()) > 100  # some are refused, and some are not
    assert mebibytes < MOST_MIB
