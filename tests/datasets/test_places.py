"""Contract: a sample is a function of (seed, epoch, index) wherever its video lies."""

from pathlib import Path
from typing import Any

import fsspec
import pytest
import torch
from torch.utils.data import DataLoader

from mmvideomae.analysis.servers import ObjectStore
from mmvideomae.datasets import VideoListDataset
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.videos.shards import members_for, plan_shards, write_shards
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video

NAMES = ('b.mp4', 'a/c.mp4', 'a/v1.2.mkv', 'a/d.mp4', 'e.avi')
BROKEN = 'a/broken.mp4'


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five videos, one that is none, and a list of all with labels."""
    folder = tmp_path_factory.mktemp('videos')
    for number, name in enumerate(NAMES):
        codec = 'mpeg4' if name.endswith('.avi') else 'libx264'
        write_video(folder / name, moving_shapes(12 + number, 48, 64), codec=codec)
    (folder / BROKEN).write_bytes(b'nothing to see')
    lines = (f'{name} {number}\n' for number, name in enumerate((*NAMES, BROKEN)))
    (folder / 'list.txt').write_text(''.join(lines))
    shards = folder / 'shards'
    list(write_shards(plan_shards(members_for(folder / 'list.txt', str(folder)), 10**5), shards))
    return folder


def data_set(source: dict[str, Any], **settings: Any) -> VideoListDataset:
    pipeline = tiny_pretrain_config('', '').train_dataloader.dataset.pipeline
    return VideoListDataset([source], pipeline, **settings)


def upload(system: fsspec.AbstractFileSystem, videos: Path, place: str) -> None:
    for file in videos.rglob('*'):
        if file.is_file():
            system.pipe_file(f'{place}/{file.relative_to(videos)}', file.read_bytes())


def epoch_of(data: VideoListDataset, epoch: int) -> list[Any]:
    data.set_epoch(5, epoch)
    return data.__getitems__(range(len(data)))


def assert_same_samples(data: VideoListDataset, wanted: VideoListDataset) -> None:
    assert len(data) == len(wanted) and data.fingerprint() == wanted.fingerprint()
    for index in range(len(wanted)):
        one, other = data.get_data_info(index), wanted.get_data_info(index)
        assert one['video_id'] == other['video_id'] and one.get('label') == other.get('label')
    for epoch in range(2):
        for one, other in zip(epoch_of(data, epoch), epoch_of(wanted, epoch), strict=True):
            assert torch.equal(one['inputs'], other['inputs'])
            assert torch.equal(one['encoder_mask'], other['encoder_mask'])
            reasons = [
                [reason for _, reason in each['data_samples'].decode_failures]
                for each in (one, other)
            ]
            assert reasons[0] == reasons[1]


@pytest.mark.parametrize('labelled', [True, False])
def test_lists_of_any_place_give_the_same_samples(
    videos: Path, memory: fsspec.AbstractFileSystem, s3: ObjectStore, labelled: bool
) -> None:
    local = {'ann_file': str(videos / 'list.txt'), 'data_prefix': str(videos)}
    wanted = data_set(local, labelled=labelled)
    upload(memory, videos, '/videos')
    upload(fsspec.filesystem('s3', skip_instance_cache=True), videos, 'videos')
    for root in ('memory://videos', 's3://videos'):
        assert_same_samples(
            data_set({'ann_file': f'{root}/list.txt', 'data_prefix': root}, labelled=labelled),
            wanted,
        )
    for root in (videos, 'memory://videos', 's3://videos'):
        shards = {'ann_file': f'{root}/list.txt', 'shards': f'{root}/shards/index.json'}
        assert_same_samples(data_set(shards, labelled=labelled), wanted)


def test_folders_and_shards_without_a_list_hold_the_same(
    videos: Path, memory: fsspec.AbstractFileSystem
) -> None:
    upload(memory, videos, '/videos')
    wanted = data_set({'folder': str(videos)})
    assert_same_samples(data_set({'folder': 'memory://videos'}), wanted)
    assert_same_samples(data_set({'shards': 'memory://videos/shards/index.json'}), wanted)


def test_workers_fetch_a_batch_at_once_and_only_once(videos: Path, s3: ObjectStore) -> None:
    upload(fsspec.filesystem('s3', skip_instance_cache=True), videos, 'videos')
    data = data_set({'shards': 's3://videos/shards/index.json'})
    s3.reset()
    s3.failures = [503, 500]  # in the middle of it, and nobody notices
    loader = DataLoader(data, batch_size=3, num_workers=2, collate_fn=list)
    for epoch in range(2):
        data.set_epoch(5, epoch)
        found = [sample for batch in loader for sample in batch]
        for one, other in zip(found, epoch_of(data, epoch), strict=True):
            assert torch.equal(one['inputs'], other['inputs'])
    gets = [path for method, path in s3.requests if method == 'GET']
    assert len(gets) <= len(NAMES) + 1 + 2


def test_a_list_names_what_its_shards_hold(videos: Path, tmp_path: Path) -> None:
    (tmp_path / 'list.txt').write_text('b.mp4\nno.mp4\n')
    source = {'ann_file': str(tmp_path / 'list.txt'), 'shards': str(videos / 'shards/index.json')}
    with pytest.raises(
        AnnotationError, match=r'1 of 2 videos are in no shard of .*, such as no.mp4'
    ):
        data_set(source)
    with pytest.raises(AnnotationError, match='labelled=True needs a list with labels'):
        data_set({'shards': source['shards']}, labelled=True)


@pytest.mark.parametrize(
    ('source', 'told'),
    [
        ('ann_file', 'cannot read the list memory://no/where: there is nothing there'),
        ('shards', 'cannot read the index of shards memory://no/where: there is nothing there'),
        ('folder', 'no video below the folder memory://no/where'),
    ],
)
def test_a_source_that_is_not_there_is_named(
    memory: fsspec.AbstractFileSystem, source: str, told: str
) -> None:
    with pytest.raises(AnnotationError, match=told):
        data_set({source: 'memory://no/where'})
