"""VideoListDataset returns every sample reproducibly, and reports and limits failures."""

import os
import pickle

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from torch.utils.data import DataLoader

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.datasets import EpochSampler
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.registry import DATASETS
from mmvideomae.video.readers import VideoReadError
from tests.support.videos import (
    BROKEN_KINDS,
    frame_number,
    make_broken_video,
    moving_shapes,
    numbered_frames,
    write_video,
)

MASKS = {
    'type': 'GenerateMasks',
    'grid_size': (2, 4, 4),
    'encoder': {'type': 'TubeMask', 'ratio': 0.5},
    'decoder': {'type': 'RunningCellMask', 'ratio': 0.5},
}


def pretraining(stride=2, repeats=1):
    crop = {'type': 'ClipMultiScaleCrop', 'size': 32}
    return [
        {'type': 'OpenVideo'},
        {'type': 'SampleClip', 'clip_len': 4, 'stride': stride},
        {'type': 'ReadFrames'},
        {'type': 'RepeatAugment', 'num_repeats': repeats, 'transforms': [crop, MASKS]},
        {'type': 'PackClips'},
    ]


CLASSIFICATION = [  # all but the reading is mmaction2's own
    {'type': 'OpenVideo'},
    {'type': 'SampleFrames', 'clip_len': 4, 'frame_interval': 2, 'num_clips': 2, 'test_mode': True},
    {'type': 'ReadFrames'},
    {'type': 'Resize', 'scale': (-1, 40)},
    {'type': 'CenterCrop', 'crop_size': 32},
    {'type': 'Flip', 'flip_ratio': 0.5},
    {'type': 'FormatShape', 'input_format': 'NCTHW'},
    {'type': 'PackActionInputs'},
]


def build(sources, pipeline=None, **settings):
    pipeline = pretraining() if pipeline is None else pipeline
    config = {'type': 'VideoListDataset', 'sources': sources, 'pipeline': pipeline}
    return DATASETS.build({**config, **settings})


def list_file(folder, lines):
    path = folder / 'list.txt'
    path.write_text('\n'.join(lines))
    return str(path)


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    """Five sound videos of 24 frames."""
    folder = tmp_path_factory.mktemp('videos')
    for number in range(5):
        write_video(folder / f'v {number}.mp4', moving_shapes(24, 48, 64, seed=number))
    return folder


@pytest.fixture(scope='module')
def mixed(tmp_path_factory):
    """90 sound videos and 10 broken ones, each kind among them (links spare the writing)."""
    folder = tmp_path_factory.mktemp('mixed')
    sound = write_video(folder / 'sound.mp4', moving_shapes(24, 48, 48))
    lines = []
    for number in range(90):
        (folder / f'{number}.mp4').symlink_to(sound)
        lines.append(f'{number}.mp4 {number % 3}')
    broken = [f'broken {number}.mp4' for number in range(10)]
    for number, name in enumerate(broken):
        kind = BROKEN_KINDS[number % len(BROKEN_KINDS)]
        if kind == 'unreadable' and os.geteuid() == 0:  # root reads it all the same
            kind = 'text'
        make_broken_video(kind, folder / name)
        lines.insert(number * 9, f'"{name}" 1')
    return folder, list_file(folder, lines), {str(folder / name) for name in broken}


def test_a_sample_of_pretraining(videos):
    dataset = build([{'folder': str(videos)}], pretraining(repeats=3))
    assert len(dataset) == 5
    sample = dataset[1]
    assert sample['inputs'].shape == (3, 4, 32, 32, 3) and sample['inputs'].dtype == torch.uint8
    assert sample['encoder_mask'].shape == (3, 32) and sample['encoder_mask'].dtype == torch.bool
    assert sample['decoder_mask'].sum(dim=1).tolist() == [16, 16, 16]
    meta = sample['data_samples'].metainfo
    assert meta['filename'] == str(videos / 'v 1.mp4')
    assert meta['fps'] == 25 and len(meta['frame_inds']) == 4 and meta['decode_failures'] == []
    batch = default_collate([dataset[0], dataset[-1]])
    assert batch['inputs'].shape == (2, 3, 4, 32, 32, 3) and len(batch['data_samples']) == 2


def test_indices_outside_are_errors(videos):
    dataset = build([{'folder': str(videos)}])
    for index in (5, -6):
        with pytest.raises(IndexError, match=f'sample {index} of a data set of 5'):
            dataset[index]


def test_sources_keep_their_own_stride(videos):
    """As in UnlabeledHybrid: stride 2 for one source, the pipeline's or another elsewhere."""
    names = [f'"v {number}.mp4" {number}' for number in range(5)]
    listed = {'ann_file': list_file(videos, names), 'data_prefix': str(videos)}
    dataset = build([{**listed, 'stride': 2}, listed, {**listed, 'stride': 5}], pretraining(3))
    steps = [np.diff(dataset[index]['data_samples'].frame_inds).max() for index in (0, 5, 10)]
    assert steps == [2, 3, 5]
    assert 'gt_label' not in dataset[0]['data_samples']


def test_frame_folders_and_windows_of_videos(tmp_path):
    frames = numbered_frames(40, 48, 64)
    (tmp_path / 'frames').mkdir()
    for number, frame in enumerate(frames, 1):
        cv2.imwrite(str(tmp_path / 'frames' / f'image_{number:06}.png'), frame)
    write_video(tmp_path / 'movie.mp4', frames)
    lines = ['frames 11 10 0', 'movie.mp4 10 10', 'frames 1 40', 'movie.mp4 0 -1']
    source = {'ann_file': list_file(tmp_path, lines), 'data_prefix': str(tmp_path)}
    source['filename_tmpl'] = 'image_{:06}.png'
    read = [{'type': 'OpenVideo'}, {'type': 'SampleClip', 'clip_len': 4, 'stride': 2}]
    read.append({'type': 'ReadFrames'})
    dataset = build([source], read)
    for index, allowed in enumerate((range(10, 20), range(10, 20), range(40), range(40))):
        for _ in range(5):
            numbers = [frame_number(frame) for frame in dataset[index]['imgs']]
            assert np.diff(numbers).tolist() == [2, 2, 2]
            assert set(numbers) <= set(allowed)
    segments = build([{**source, 'segment_frames': 20}], read)
    assert len(segments) == 1 + 1 + 2 + 2
    numbers = [frame_number(frame) for frame in segments[5]['imgs']]
    assert set(numbers) <= set(range(20, 40))


def test_a_record_that_begins_behind_the_end_is_a_failure(videos):
    source = {'ann_file': list_file(videos, ['"v 1.mp4" 30 10']), 'data_prefix': str(videos)}
    with pytest.raises(VideoReadError, match='has 24 frames and the record begins at frame 30'):
        build([source], on_decode_error='raise')[0]


def test_classification_with_the_transforms_of_mmaction2(videos):
    names = [f'"v {number}.mp4" {number}' for number in range(5)]
    source = {'ann_file': list_file(videos, names), 'data_prefix': str(videos)}
    sample = build([source], CLASSIFICATION, labelled=True)[3]
    assert sample['inputs'].shape == (2, 3, 4, 32, 32) and sample['inputs'].dtype == torch.uint8
    assert sample['data_samples'].gt_label.tolist() == [3]
    training = [dict(part) for part in CLASSIFICATION]
    training[1] = {'type': 'SampleClip', 'clip_len': 4, 'stride': 2}
    training[3:5] = [{'type': 'RandomResizedCrop'}, {'type': 'Resize', 'scale': (32, 32)}]
    training[4]['keep_ratio'] = False
    sample = build([source], training, labelled=True)[4]
    assert sample['inputs'].shape == (1, 3, 4, 32, 32)
    assert sample['data_samples'].gt_label.tolist() == [4]


TRAINING = [
    {'type': 'OpenVideo'},
    {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2},
    {'type': 'ReadFrames'},
    {
        'type': 'RepeatAugment',
        'num_repeats': 2,
        'transforms': [
            {'type': 'ClipRandAugment', 'magnitude': 7, 'num_ops': 4, 'magnitude_std': 0.5},
            {'type': 'ClipRandomResizedCrop', 'size': 32},
            {'type': 'ClipFlip', 'prob': 0.5},
            {'type': 'ClipRandomErasing', 'prob': 0.5},
        ],
    },
    {'type': 'PackClips'},
]
TESTING = [
    {'type': 'OpenVideo'},
    {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2, 'num_clips': 5, 'test_mode': True},
    {'type': 'ReadFrames'},
    {'type': 'CropViews', 'size': 32, 'num_crops': 3},
    {'type': 'PackClips'},
]


def labelled_source(videos, label=2):
    names = [f'"v {number}.mp4" {min(number, label)}' for number in range(5)]
    return {'ann_file': list_file(videos, names), 'data_prefix': str(videos)}


def test_samples_of_classification(videos):
    """The pipelines of the configs, from the file to a batch."""
    source, names = labelled_source(videos), ['a', 'b', 'c']
    dataset = build([source], TRAINING, labelled=True, num_classes=3, classes=names)
    assert dataset.num_classes == 3 and dataset.metainfo['classes'] == ('a', 'b', 'c')
    batch = default_collate([dataset[0], dataset[4]])
    assert batch['inputs'].shape == (2, 2, 4, 32, 32, 3) and batch['inputs'].dtype == torch.uint8
    assert batch['erase_box'].shape == (2, 2, 4) and batch['erase_box'].dtype == torch.int64
    assert [sample.gt_label.tolist() for sample in batch['data_samples']] == [[0], [2]]
    tested = build([source], TESTING, labelled=True, test_mode=True)
    sample = tested[1]
    assert sample['inputs'].shape == (15, 4, 32, 32, 3) and 'erase_box' not in sample
    assert torch.equal(sample['inputs'], tested[1]['inputs'])
    assert tested.num_classes is None and 'classes' not in tested.metainfo


def test_augmentation_is_a_function_of_seed_epoch_and_index(videos):
    """RandAugment draws from ``random`` and ``np.random``: both are seeded."""
    dataset = build([labelled_source(videos)], TRAINING, labelled=True)

    def bits(epoch):
        dataset.set_epoch(3, epoch)
        return [
            (sample['inputs'].numpy().tobytes(), sample['erase_box'].tolist())
            for sample in (dataset[index] for index in range(5))
        ]

    first = bits(0)
    np.random.seed(1)
    assert bits(0) == first
    assert all(one != other for one, other in zip(first, bits(1), strict=True))


def test_classes_are_checked_when_the_data_set_is_built(videos, tmp_path):
    source, names = labelled_source(videos), tmp_path / 'names.txt'
    names.write_text('a\nb\n')
    with pytest.raises(AnnotationError, match=r'list\.txt:3: label 2 is outside 0\.\.1'):
        build([source], labelled=True, num_classes=2)
    with pytest.raises(AnnotationError, match=r'list\.txt:3: label 2 is outside 0\.\.1'):
        build([source], labelled=True, classes=str(names))
    assert len(build([source], num_classes=2)) == 5  # labels are ignored
    with pytest.raises(AnnotationError, match=r'2 class names .* num_classes=3'):
        build([source], labelled=True, num_classes=3, classes=str(names))
    with pytest.raises(AnnotationError, match=r'gone\.txt: No such file'):
        build([source], labelled=True, num_classes=3, classes=str(tmp_path / 'gone.txt'))
    names.write_text('a\n\nc\n')
    with pytest.raises(AnnotationError, match=r'names\.txt:2: a class name is missing'):
        build([source], labelled=True, num_classes=3, classes=str(names))


def test_data_that_tell_left_from_right_refuse_flips(videos):
    settings = {'labelled': True, 'mirrorable': False}
    with pytest.raises(ValueError, match=r'ClipFlip.*remove the flip or set its probability to 0'):
        build([labelled_source(videos)], TRAINING, **settings)
    with pytest.raises(ValueError, match=r'mirrors videos \(Flip\)'):
        build([labelled_source(videos)], CLASSIFICATION, **settings)
    still = [dict(part) for part in TRAINING]
    still[3] = {**still[3], 'transforms': [{'type': 'ClipFlip', 'prob': 0}, MASKS]}
    assert len(build([labelled_source(videos)], still, **settings)) == 5
    assert len(build([labelled_source(videos)], TESTING, **settings)) == 5


def loaded(dataset, workers, persistent, epochs=(0, 1), start=0, context=None):
    """Bytes of every sample over some epochs through a data loader."""
    sampler = EpochSampler(dataset, seed=11)
    loader = DataLoader(
        dataset,
        batch_size=2,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=persistent,
        collate_fn=default_collate,
        multiprocessing_context=context,
    )
    seen = []
    for epoch in epochs:
        sampler.set_epoch(epoch)
        sampler.set_start(start)
        for batch in loader:
            bits = zip(batch['inputs'], batch['encoder_mask'], batch['decoder_mask'], strict=True)
            samples = zip(bits, batch['data_samples'], strict=True)
            seen += [
                (sample.sample_idx, *(part.numpy().tobytes() for part in parts))
                for parts, sample in samples
            ]
    return seen


def test_a_sample_is_a_function_of_seed_epoch_and_index(videos):
    dataset = build([{'folder': str(videos)}])
    alone = loaded(dataset, 0, False)
    assert loaded(dataset, 1, True) == alone
    assert loaded(dataset, 2, False) == alone
    assert loaded(build([{'folder': str(videos)}]), 2, True) == alone
    first, second = dict(enumerate(sorted(alone[:5]))), dict(enumerate(sorted(alone[5:])))
    assert all(first[index] != second[index] for index in range(5))
    assert loaded(dataset, 0, False, epochs=(1,), start=2) == alone[7:]


def test_spawned_workers_see_the_epoch_too(videos):
    dataset = build([{'folder': str(videos)}])
    alone = loaded(dataset, 0, False)
    assert loaded(dataset, 1, True, context='spawn') == alone


def test_without_the_epoch_sampler_the_global_state_rules(videos):
    dataset = build([{'folder': str(videos)}])

    def draw(seed):
        np.random.seed(seed)
        return dataset[0]['encoder_mask'].tolist(), dataset[0]['encoder_mask'].tolist()

    first = draw(3)
    assert draw(3) == first
    assert first[0] != first[1]


def test_test_mode_is_a_function_of_the_index(videos):
    dataset = build([{'folder': str(videos)}], test_mode=True)
    first = dataset[2]
    EpochSampler(dataset, seed=5).set_epoch(3)
    again = dataset[2]
    assert torch.equal(first['inputs'], again['inputs'])
    assert torch.equal(first['encoder_mask'], again['encoder_mask'])


def test_training_over_broken_files_reaches_the_end_and_tells_each(mixed):
    folder, ann_file, broken = mixed
    dataset = build([{'ann_file': ann_file, 'data_prefix': str(folder)}])
    sampler = EpochSampler(dataset, seed=0)
    loader = DataLoader(dataset, 10, sampler=sampler, num_workers=1, collate_fn=default_collate)
    samples = [sample for batch in loader for sample in batch['data_samples']]
    assert len(samples) == len(dataset) == 100
    failures = dict(failure for sample in samples for failure in sample.decode_failures)
    assert set(failures) == broken
    assert all(failures.values())
    assert not {sample.filename for sample in samples} & broken


def test_replacements_follow_the_seed_too(mixed):
    folder, ann_file, _ = mixed
    dataset = build([{'ann_file': ann_file, 'data_prefix': str(folder)}])
    dataset.set_epoch(0, 4)
    first = dataset[0]['data_samples']
    assert first.decode_failures and first.filename != first.decode_failures[0][0]
    assert dataset[0]['data_samples'].filename == first.filename
    others = set()
    for epoch in range(5, 10):
        dataset.set_epoch(0, epoch)
        others.add(dataset[0]['data_samples'].filename)
    assert len(others) > 1


def test_each_broken_file_is_logged_once(mixed, monkeypatch):
    folder, ann_file, _ = mixed
    lines = []
    monkeypatch.setattr('mmvideomae.datasets.seeded_dataset._logged', set())
    monkeypatch.setattr(
        'mmvideomae.datasets.seeded_dataset.print_log',
        lambda message, **settings: lines.append(message),
    )
    dataset = build([{'ann_file': ann_file, 'data_prefix': str(folder)}])
    for _ in range(3):
        dataset[0]
    assert sum('broken 0.mp4' in line for line in lines) == 1


def test_too_many_failures_in_a_row_are_an_error(tmp_path):
    for number in range(3):
        make_broken_video('text', tmp_path / f'{number}.mp4')
    dataset = build([{'folder': str(tmp_path)}], max_refetch=4)
    with pytest.raises(RuntimeError, match=r'sample 1 and 2 replacements .*\.mp4') as caught:
        dataset[1]
    assert 'mmvideomae data scan-videos' in str(caught.value)


def test_a_broken_file_in_test_mode_is_one_clear_error(mixed):
    folder, ann_file, broken = mixed
    dataset = build([{'ann_file': ann_file, 'data_prefix': str(folder)}], test_mode=True)
    with pytest.raises(VideoReadError, match='count such samples as wrong') as caught:
        list(DataLoader(dataset, 10, collate_fn=default_collate))
    assert caught.value.path in broken and caught.value.path in str(caught.value)
    assert '\n' not in str(caught.value)
    with pytest.raises(RuntimeError, match=r'broken 0\.mp4.*count such samples as wrong'):
        list(DataLoader(dataset, 10, num_workers=1, collate_fn=default_collate))


@pytest.mark.parametrize('pipeline', [CLASSIFICATION, TESTING])
def test_counted_as_wrong_is_never_absent(mixed, pipeline):
    folder, ann_file, broken = mixed
    dataset = build(
        [{'ann_file': ann_file, 'data_prefix': str(folder)}],
        pipeline,
        test_mode=True,
        labelled=True,
        on_decode_error='count_wrong',
    )
    wrong, sound = dataset[0], dataset[1]
    assert wrong['inputs'].shape == sound['inputs'].shape and not wrong['inputs'].any()
    assert wrong['data_samples'].gt_label.tolist() == [-2]  # listed as 1
    assert wrong['data_samples'].undecodable is True
    assert wrong['data_samples'].decode_failures[0][0] in broken
    assert sound['data_samples'].gt_label.tolist() == [0]
    assert 'undecodable' not in sound['data_samples']


@pytest.mark.parametrize(
    ('policy', 'test_mode'), [('replace', True), ('count_wrong', False), ('skip', False)]
)
def test_policies_that_would_hide_samples_are_refused(videos, policy, test_mode):
    with pytest.raises(ValueError, match=f'on_decode_error must be one of .* got {policy!r}'):
        build([{'folder': str(videos)}], on_decode_error=policy, test_mode=test_mode)


def test_errors_of_the_code_are_not_decode_failures(videos):
    def wrong(results):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build([{'folder': str(videos)}], [wrong])[0]


def test_settings_and_lists_are_checked_at_once(tmp_path):
    with pytest.raises(ValueError, match='at least one source'):
        build([])
    with pytest.raises(AnnotationError, match=r'gone\.txt'):
        build([{'ann_file': str(tmp_path / 'gone.txt')}])
    with pytest.raises(AnnotationError, match='no video below the folder'):
        build([{'data_prefix': str(tmp_path)}])


def test_subsets_and_pickles_are_data_sets_of_their_own(videos):
    dataset = build([{'folder': str(videos)}])
    subset = dataset.get_subset([3, 4])
    assert [subset.get_data_info(i)['filename'][-5] for i in range(2)] == ['3', '4']
    subset.set_epoch(1, 1)
    copied = pickle.loads(pickle.dumps(subset))
    assert torch.equal(copied[0]['inputs'], subset[0]['inputs'])
    assert dataset._seeds.get() is None
    assert len(build([{'folder': str(videos)}], indices=2)) == 2


@pytest.mark.parametrize('serialize', [True, False])
def test_several_labels_are_a_row_of_zeros_and_ones(videos, tmp_path, serialize):
    source = {
        'ann_file': list_file(tmp_path, ['"v 0.mp4" 2 0', '"v 1.mp4" 1']),
        'data_prefix': str(videos),
    }
    settings = {'labelled': True, 'num_classes': 3, 'multi_class': True}
    data = build([source], serialize_data=serialize, **settings)
    labels = [data[n]['data_samples'].gt_label for n in range(2)]
    assert [label.tolist() for label in labels] == [[1, 0, 1], [0, 1, 0]]
    assert all(label.is_floating_point() for label in labels)
    assert [data.identity(n)[-1] for n in range(2)] == [(2, 0), (1,)]
    unlabelled = build([source], multi_class=True)
    assert 'label' not in unlabelled.get_data_info(0)
    with pytest.raises(ValueError, match='need num_classes or classes'):
        build([source], labelled=True, multi_class=True)


def test_an_undecodable_clip_keeps_its_several_labels(tmp_path):
    make_broken_video('empty', tmp_path / 'b.mp4')
    source = {'ann_file': list_file(tmp_path, ['b.mp4 1 2']), 'data_prefix': str(tmp_path)}
    settings = {'labelled': True, 'num_classes': 3, 'multi_class': True, 'test_mode': True}
    sample = build([source], on_decode_error='count_wrong', **settings)[0]['data_samples']
    assert sample.gt_label.tolist() == [0, 1, 1] and sample.undecodable
