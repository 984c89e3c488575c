"""Contract: a sample is a key frame at its time with all its boxes, and tests lose none."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmaction.datasets import AVADataset
from mmengine.dataset import default_collate, pseudo_collate
from torch.utils.data import DataLoader

from mmvideomae.datasets import ActionBoxDataset, EpochSampler
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import KeyFrame
from mmvideomae.formats.proposals import write_proposals
from mmvideomae.registry import DATASETS
from mmvideomae.video.readers import VideoReadError
from tests.support.videos import (
    frame_number,
    make_broken_video,
    media_clip,
    moving_shapes,
    numbered_frames,
    write_video,
)

READ = [
    {'type': 'OpenVideo'},
    {'type': 'SampleKeyFrameClip', 'clip_len': 4, 'stride': 2, 'phase': 1},
    {'type': 'ReadFrames'},
]
PACK = {'type': 'PackActionBoxes'}
TESTING = [*READ, {'type': 'ClipResizeShortSide', 'short_side': 48}, PACK]
TRAINING = [
    *READ,
    {'type': 'ClipResizeShortSide', 'short_side': (48, 56)},
    {'type': 'ClipRandomCropBoxes', 'size': 40},
    {'type': 'ClipFlip'},
    {'type': 'ClipColorJitterHSV'},
    PACK,
]
NAMES = {1: 'bend', 3: 'sit', 5: 'run'}
LINES = (
    'a,0901,0.1,0.1,0.5,0.9,1,0\n'
    'a,0901,0.1,0.1,0.5,0.9,4,0\n'
    'a,0901,0.6,0.2,0.9,0.8,5,1\n'
    'a,0902,0,0,1,1,3,0\n'
    'b,0903,0.25,0.5,0.75,1,1,7\n'
    'a,0901,0.6,0.2,0.9,0.8,5,1\n'
)
BOXES = {
    ('a', 901.0): [[0.1, 0.1, 0.5, 0.9, 0.95], [0.6, 0.2, 0.9, 0.8, 0.5]],
    ('a', 902.0): [[0, 0, 0.5, 0.5, 0.85]],
    ('b', 903.0): [[0.2, 0.5, 0.7, 1, 0.3]],
    ('b', 999.0): [[0, 0, 1, 1, 1]],
}


def write_frames(folder: Path, frames: np.ndarray, name: str) -> None:
    folder.mkdir()
    for number, frame in enumerate(frames, 1):
        picture = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / name.format(number)), picture)


@pytest.fixture(scope='module')
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of five seconds, at 25 and 10 frames per second, and the frames of both."""
    root = tmp_path_factory.mktemp('media')
    for name, fps in (('a', 25), ('b', 10)):
        frames = numbered_frames(5 * fps, 60, 96)
        write_video(root / f'{name}.mp4', frames, fps=fps)
        write_frames(root / name, frames, f'{name}_{{:06}}.png')
    return root


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The annotation of the two; a test may spoil a file."""
    (tmp_path / 'ann.csv').write_text(LINES)
    (tmp_path / 'out.csv').write_text('a,0902\nb,0001\n')
    (tmp_path / 'map.pbtxt').write_text(
        ''.join(f'item {{\n  name: "{name}"\n  id: {n}\n}}\n' for n, name in NAMES.items())
    )
    write_proposals(tmp_path / 'boxes.pkl', proposals(BOXES))
    return tmp_path


def proposals(boxes: dict[KeyFrame, Any]) -> dict[KeyFrame, np.ndarray]:
    return {moment: np.array(rows, np.float32) for moment, rows in boxes.items()}


def build(files: Path, media: Path, **changes: Any) -> ActionBoxDataset:
    config = dict(
        type='ActionBoxDataset',
        ann_file=str(files / 'ann.csv'),
        label_map=str(files / 'map.pbtxt'),
        videos=dict(folder=str(media), start_second=900),
        pipeline=TESTING if changes.get('test_mode') else TRAINING,
    )
    if changes.get('test_mode'):
        config.update(proposal_file=str(files / 'boxes.pkl'))
    return DATASETS.build({**config, **changes})


def numbers(sample: dict[str, Any]) -> list[int]:
    return [frame_number(frame) for frame in sample['inputs'][0].numpy()]


def messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for module in ('action_box_dataset', 'proposal_choice'):
        monkeypatch.setattr(
            f'mmvideomae.datasets.{module}.print_log',
            lambda message, **settings: lines.append(message),
        )
    return lines


def test_a_record_holds_time_place_boxes_and_labels(files: Path, media: Path) -> None:
    dataset = build(files, media)
    assert len(dataset) == 3
    record = dataset.get_data_info(0)
    assert {key: record[key] for key in ('video_id', 'second', 'start_second', 'sample_idx')} == {
        'video_id': 'a',
        'second': 901.0,
        'start_second': 900.0,
        'sample_idx': 0,
    }
    assert record['filename'] == str(media / 'a.mp4') and 'proposals' not in record
    np.testing.assert_allclose(
        record['gt_boxes'], [[0.1, 0.1, 0.5, 0.9], [0.6, 0.2, 0.9, 0.8]], rtol=1e-6
    )
    assert record['gt_labels'].tolist() == [[1, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    assert record['gt_boxes'].dtype == record['gt_labels'].dtype == np.float32
    assert record['person_ids'].tolist() == [0, 1]
    assert dataset.metainfo == {
        'classes': ['bend', 'class 2', 'sit', 'class 4', 'run'],
        'class_ids': [1, 3, 5],
        'num_classes': 5,
    }
    assert dataset.get_data_info(2)['video_id'] == 'b'


@pytest.mark.parametrize('with_ids', [True, False])
def test_boxes_and_labels_are_those_of_mmaction2(files: Path, media: Path, with_ids: bool) -> None:
    """Where mmaction2 works: whole seconds, persons known, one box no two persons."""
    rng = np.random.default_rng(0)
    rows = []
    for second in (901, 902, 903, 904):
        for person in range(rng.integers(1, 5)):
            corners = np.sort(rng.integers(0, 1000, (2, 2)) / 1000, axis=0).ravel()
            rows += [(second, *corners, label, person) for label in rng.permutation(5)[:3] + 1]
    lines = [','.join(map(str, ('a', f'{second:04d}', *rest))) for second, *rest in rows]
    (files / 'ann.csv').write_text('\n'.join(lines))
    (files / 'out.csv').write_text('a,0902')
    theirs = AVADataset(
        ann_file=str(files / 'ann.csv'),
        exclude_file=str(files / 'out.csv'),
        label_file=str(files / 'map.pbtxt'),
        pipeline=[],
        num_classes=6,
        data_prefix=dict(img=str(media)),
        filename_tmpl='a_{:06}.png',
    )
    if not with_ids:  # their reader needs the column, ours does not
        (files / 'ann.csv').write_text('\n'.join(line.rpartition(',')[0] for line in lines))
    ours = build(files, media, excluded_file=str(files / 'out.csv'))
    assert len(ours) == len(theirs) == 3
    for index in range(3):
        mine, other = ours.get_data_info(index), theirs.get_data_info(index)
        assert (mine['video_id'], mine['second']) == (other['video_id'], other['timestamp'])
        np.testing.assert_allclose(mine['gt_boxes'], other['gt_bboxes'], rtol=1e-6)
        assert np.array_equal(mine['gt_labels'], other['gt_labels'][:, 1:])
        if with_ids:
            assert mine['person_ids'].tolist() == other['entity_ids'].tolist()


def test_excluded_key_frames_are_left_out(files: Path, media: Path) -> None:
    dataset = build(files, media, excluded_file=str(files / 'out.csv'))
    assert [dataset.get_data_info(n)['second'] for n in range(len(dataset))] == [901, 903]
    (files / 'out.csv').write_text('a,901\na,902\nb,903')
    with pytest.raises(AnnotationError, match=r'out.csv excludes all key frames'):
        build(files, media, excluded_file=str(files / 'out.csv'))


def test_ids_without_a_name_are_learned_and_told_once(
    files: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = messages(monkeypatch)
    dataset = build(files, media, num_classes=7)
    assert [line for line in lines if 'learned but not evaluated' in line] == [
        f'{files / "ann.csv"}: 1 of 5 labels, of 1 ids, have no name in {files / "map.pbtxt"}: '
        'these classes are learned but not evaluated'
    ]
    assert dataset.metainfo['num_classes'] == 7 and dataset.metainfo['class_ids'] == [1, 3, 5]
    assert dataset.get_data_info(0)['gt_labels'].shape == (2, 7)
    assert dataset.metainfo['classes'][5:] == ['class 6', 'class 7']


def test_the_clip_lies_around_the_key_frame_at_the_video_s_own_rate(
    files: Path, media: Path
) -> None:
    dataset = build(files, media, test_mode=True)
    assert [numbers(sample) for sample in dataset] == [
        [22, 24, 26, 28],  # second 1 at 25 frames per second: -3, -1, 1, 3 around frame 25
        [47, 49, 51, 53],
        [27, 29, 31, 33],  # second 3 at 10
    ]
    sample = dataset[0]['data_samples']
    assert sample.img_shape == (48, 76) and sample.original_shape == (60, 96)
    assert sample.timestamp == 901.0 and sample.decode_failures == []


def test_folders_of_frames_give_the_samples_of_files(files: Path, media: Path) -> None:
    table = files / 'videos.csv'
    table.write_text(f'a,{media}/a,900,25\nb,{media}/b,900,10\n')
    videos = dict(table=str(table), filename_tmpl='{video}_{:06}.png')
    of_files = build(files, media, test_mode=True)
    of_frames = build(files, media, test_mode=True, videos=videos)
    for index in range(3):
        one, other = of_files[index], of_frames[index]
        assert numbers(one) == numbers(other)
        assert np.abs(one['inputs'].int() - other['inputs'].int()).float().mean() < 4  # of coding
        for name in ('bboxes', 'scores'):
            assert torch.equal(
                one['data_samples'].proposals[name], other['data_samples'].proposals[name]
            )
    fps = dict(folder=str(media), filename_tmpl='a_{:06}.png', fps=25, start_second=900)
    (files / 'ann.csv').write_text(LINES.replace('b,0903,0.25,0.5,0.75,1,1,7\n', ''))
    assert numbers(build(files, media, test_mode=True, videos=fps)[1]) == [47, 49, 51, 53]


def test_a_test_looks_at_proposals_over_the_threshold(files: Path, media: Path) -> None:
    dataset = build(files, media, test_mode=True)
    first = dataset[0]['data_samples']
    assert first.proposals.scores.tolist() == pytest.approx([0.95, 0.5])
    size = np.array([76, 48, 76, 48])
    np.testing.assert_allclose(
        first.proposals.bboxes[0].numpy(), np.array([0.1, 0.1, 0.5, 0.9]) * size, rtol=1e-5
    )
    for least, left in ((0.5, 2), (0.51, 1), (0.95, 1)):
        dataset = build(files, media, test_mode=True, min_box_score=least, missing_proposals='skip')
        assert len(dataset[0]['data_samples'].proposals) == left


def refusal(files: Path, media: Path, **changes: Any) -> str:
    with pytest.raises(AnnotationError) as caught:
        build(files, media, **{'test_mode': True, **changes})
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_a_key_frame_without_proposals_is_an_error_that_names_it(files: Path, media: Path) -> None:
    told = refusal(files, media, min_box_score=0.8)
    assert told.startswith(f'{files / "boxes.pkl"}: 1 of 3 key frames have no box with a score of')
    assert "at least 0.8, the first is video 'b' at second 903; set missing_proposals=" in told
    del (boxes := dict(BOXES))['a', 902.0]
    write_proposals(files / 'boxes.pkl', proposals(boxes))
    assert (
        "1 of 3 key frames have no box with a score of at least 0, the first is video 'a' at"
        in (refusal(files, media))
    )


@pytest.mark.parametrize('missing', ['raise', 'skip', 'best', 'whole_frame'])
def test_proposals_of_other_key_frames_are_refused(files: Path, media: Path, missing: str) -> None:
    """None would be used, and an mAP of 0 would not explain it; both names are given."""
    settings = dict(missing_proposals=missing)
    one = np.array([[0, 0, 1, 1, 0.9]], np.float32)
    write_proposals(files / 'boxes.pkl', {('a.mp4', 902.0): one, ('b.mp4', 903.0): one})
    told = refusal(files, media, **settings)
    assert "none of its 2 key frames, such as second 902 of video 'a.mp4', is one of the 3" in told
    assert "such as second 901 of video 'a': the names of videos differ" in told
    write_proposals(files / 'boxes.pkl', {('a', 1.0): one, ('b', 3.0): one})
    assert "second 901 of video 'a': the seconds differ" in refusal(files, media, **settings)


def test_boxes_without_scores_are_told_where_scores_decide(
    files: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = messages(monkeypatch)
    boxes = {moment: np.array(rows, np.float32)[:, :4] for moment, rows in BOXES.items()}
    write_proposals(files / 'boxes.pkl', boxes)
    build(files, media, test_mode=True, min_box_score=0.8)
    assert any('all boxes have score 1' in line for line in lines)
    lines.clear()
    build(files, media, test_mode=True)
    assert not any('score 1' in line for line in lines)


def test_a_threshold_above_all_scores_is_refused(files: Path, media: Path) -> None:
    settings = dict(min_box_score=0.96)
    for missing in ('raise', 'skip'):
        told = refusal(files, media, missing_proposals=missing, **settings)
        assert '3 of 3 key frames have no box with a score of at least 0.96' in told
        assert 'none has any' in told and 'lower min_box_score' in told
    for missing in ('best', 'whole_frame'):
        dataset = build(files, media, test_mode=True, missing_proposals=missing, **settings)
        assert all(len(each['data_samples'].proposals) == 1 for each in dataset)


def test_a_test_without_a_label_that_is_evaluated_is_refused(files: Path, media: Path) -> None:
    (files / 'ann.csv').write_text('a,0901,0.1,0.1,0.5,0.9,4,0\n')
    told = refusal(files, media)
    assert 'none of the 1 labels has a name in' in told and 'nothing to evaluate' in told
    assert len(build(files, media)) == 1  # it can be learned


def test_skipped_key_frames_keep_their_truth_in_a_test(
    files: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = messages(monkeypatch)
    settings = dict(test_mode=True, min_box_score=0.8, missing_proposals='skip')
    dataset = build(files, media, **settings)
    assert len(dataset) == 3 and "the first is video 'b' at second 903" in lines[-1]
    sample = dataset[2]['data_samples']
    assert sample.proposals.bboxes.shape == (0, 4) and sample.proposals.scores.shape == (0,)
    assert sample.gt_original_labels.tolist() == [[1, 0, 0, 0, 0]]
    assert sample.gt_original_boxes.tolist() == [[0.25, 0.5, 0.75, 1]]
    whole = build(files, media, **{**settings, 'missing_proposals': 'whole_frame'})
    sample = whole[2]['data_samples']
    assert sample.proposals.bboxes.tolist() == [[0, 0, 76, 48]]
    assert sample.proposals.scores.tolist() == [1]


def test_the_best_box_below_the_threshold_is_taken_where_asked(files: Path, media: Path) -> None:
    boxes = dict(BOXES)
    boxes['a', 901.0] = np.array([[0.1, 0.1, 0.5, 0.9, 0.4], [0.5, 0.1, 0.9, 0.9, 0.7]], np.float32)
    boxes['b', 903.0] = boxes['a', 901.0][:0]
    write_proposals(files / 'boxes.pkl', proposals(boxes))
    settings = dict(test_mode=True, min_box_score=0.75, missing_proposals='best')
    dataset = build(files, media, **settings)
    by_key = {
        (sample.video_id, sample.second): sample.proposals.scores.tolist()
        for sample in (dataset[number]['data_samples'] for number in range(len(dataset)))
    }
    assert by_key['a', 901.0] == pytest.approx([0.7])  # the best, though below
    assert by_key['b', 903.0] == []  # there is none at all


def test_a_test_can_look_at_the_true_boxes(files: Path, media: Path) -> None:
    gone = str(files / 'gone.pkl')  # named in the config, not needed
    dataset = build(files, media, test_mode=True, boxes='truth', proposal_file=gone)
    sample = dataset[0]['data_samples']
    assert torch.equal(sample.proposals.bboxes, sample.gt_instances.bboxes)
    assert sample.proposals.scores.tolist() == [1, 1]


def test_training_looks_at_true_boxes_or_at_proposals_too(files: Path, media: Path) -> None:
    plain = build(files, media, pipeline=TESTING)[0]['data_samples']
    assert torch.equal(plain.proposals.bboxes, plain.gt_instances.bboxes)
    given = build(
        files,
        media,
        pipeline=TESTING,
        proposal_file=str(files / 'boxes.pkl'),
        min_box_score=0.9,
        missing_proposals='skip',
    )
    assert [len(sample['data_samples'].proposals) for sample in given] == [1, 0, 0]
    assert [len(sample['data_samples'].gt_instances) for sample in given] == [2, 1, 1]


def test_names_of_kinetics_say_where_clips_begin(files: Path, media: Path, tmp_path: Path) -> None:
    """Clips as mmaction2 prepares them: listed by clip, boxes by source."""
    folder = tmp_path / 'kinetics'
    folder.mkdir()
    (folder / 'k-_1_000010_000015.mp4').symlink_to(media / 'b.mp4')
    (folder / 'a.mp4').symlink_to(media / 'a.mp4')
    row = '0.1,0.1,0.5,0.9,1'
    (files / 'ann.csv').write_text(
        f'a,0902,{row},0\nk-_1_000010_000015,12,{row},-1\nk-_1,13.5,{row}\nk-_1,14\n'
    )
    found = {('a', 902.0): [[0, 0, 1, 1]], ('k-_1', 12.0): [[0, 0, 1, 1]]}
    write_proposals(files / 'boxes.pkl', proposals({**found, ('k-_1', 13.5): [[0, 0, 1, 1]]}))
    videos = dict(folder=str(folder), start_second='name')
    dataset = build(files, media, test_mode=True, videos=videos)
    assert [numbers(sample) for sample in dataset] == [
        [47, 49, 51, 53],
        [17, 19, 21, 23],
        [32, 34, 36, 38],
    ]
    assert [len(sample['data_samples'].proposals) for sample in dataset] == [1, 1, 1]
    assert [dataset.get_data_info(n)['person_ids'].tolist() for n in range(3)] == [[0], [-1], [-1]]


def test_missing_videos_are_named(
    files: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = messages(monkeypatch)
    (files / 'ann.csv').write_text(f'{LINES}c,0901,0,0,1,1,1,0\n')
    told = refusal(files, media, test_mode=False)
    assert (
        f"ann.csv: 1 of 3 videos are missing, such as 'c' for second 901: looked for {media}"
        in (told)
    )
    assert told.endswith("; missing_videos='skip' trains without them")
    dataset = build(files, media, missing_videos='skip')
    assert len(dataset) == 3 and lines[-1].endswith('they are left out')
    with pytest.raises(ValueError, match="missing_videos must be one of raise, got 'skip'"):
        build(files, media, missing_videos='skip', test_mode=True)
    (files / 'ann.csv').write_text('c,0901,0,0,1,1,1,0\n')
    assert '1 of 1 videos are missing' in refusal(
        files, media, test_mode=False, missing_videos='skip'
    )


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (lambda f: (f / 'ann.csv').write_text('a,901,0,0,1,1,0'), 'ann.csv:1: label 0: ids start'),
        (
            lambda f: (f / 'ann.csv').write_text(f'{LINES}a,901,0,0,1,1,6'),
            'ann.csv:7: label 6 is above the 5 classes of .*map.pbtxt',
        ),
        (lambda f: (f / 'ann.csv').write_text(''), 'ann.csv has no box'),
        (lambda f: (f / 'map.pbtxt').write_text(''), 'map.pbtxt names no class'),
        (lambda f: (f / 'boxes.pkl').write_text(LINES), 'boxes.pkl is not a pickle of boxes'),
        (lambda f: (f / 'boxes.pkl').unlink(), 'boxes.pkl: No such file'),
    ],
)
def test_wrong_files_are_one_clear_error(
    files: Path, media: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(files)
    with pytest.raises(AnnotationError, match=message) as caught:
        build(files, media, test_mode=True)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'num_classes': 4}, r"names id 5 \('run'\), but num_classes is 4"),
        ({'boxes': 'all'}, "boxes must be one of proposals, truth, got 'all'"),
        ({'missing_proposals': 'drop'}, "missing_proposals must be one of .* got 'drop'"),
        ({'test_mode': True, 'proposal_file': None}, "a test needs proposal_file=FILE.*'truth'"),
        ({'min_box_score': 80}, r'min_box_score must lie in \[0, 1\], got 80'),
        ({'on_decode_error': 'count_wrong'}, 'on_decode_error must be one of'),
        ({'mirrorable': False}, 'the pipeline mirrors videos .ClipFlip.'),
    ],
)
def test_contradictions_are_refused(
    files: Path, media: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build(files, media, **changes)


def test_a_timestamp_outside_the_video_is_met_when_it_is_read(files: Path, media: Path) -> None:
    (files / 'ann.csv').write_text('a,0901,0,0,1,1,1\nb,0905,0,0,1,1,1\n')
    dataset = build(files, media)
    dataset[0]
    told = "video 'b': timestamp 905 lies outside it: it lasts from second 900 to 905.00"
    with pytest.raises(AnnotationError, match=told):
        dataset[1]
    with pytest.raises(AnnotationError, match=told):
        list(DataLoader(dataset, 1, num_workers=1, collate_fn=pseudo_collate))


@pytest.fixture
def broken(files: Path, media: Path, tmp_path: Path) -> Path:
    """As ``media``, with a video ``a`` that no reader opens."""
    folder = tmp_path / 'broken'
    folder.mkdir()
    make_broken_video('text', folder / 'a.mp4')
    (folder / 'b.mp4').symlink_to(media / 'b.mp4')
    return folder


def test_broken_videos_are_replaced_in_training(files: Path, broken: Path) -> None:
    dataset = build(files, broken)
    dataset.set_epoch(0, 1)
    sample = dataset[0]['data_samples']
    assert sample.video_id == 'b'
    assert {path for path, _ in sample.decode_failures} == {str(broken / 'a.mp4')}
    (broken / 'b.mp4').unlink()
    make_broken_video('text', broken / 'b.mp4')
    with pytest.raises(RuntimeError, match='sample 0 and 2 replacements could not be used'):
        build(files, broken, max_refetch=3)[0]


def test_broken_videos_count_as_wrong_in_a_test_on_request(files: Path, broken: Path) -> None:
    with pytest.raises(VideoReadError, match=r"a\.mp4.*on_decode_error='count_wrong'"):
        build(files, broken, test_mode=True)[0]
    dataset = build(files, broken, test_mode=True, on_decode_error='count_wrong')
    blank, sound = dataset[0], dataset[2]
    assert not blank['inputs'].any() and sound['inputs'].any()
    sample = blank['data_samples']
    assert sample.undecodable is True and sample.proposals.bboxes.shape == (0, 4)
    assert sample.gt_original_labels.sum() == 3 and sample.second == 901
    assert len(sound['data_samples'].proposals) == 1


def test_samples_are_functions_of_seed_epoch_and_index(files: Path, media: Path) -> None:
    dataset = build(files, media)
    epochs: list[list[torch.Tensor]] = []
    for epoch in (0, 1, 0):
        dataset.set_epoch(3, epoch)
        epochs.append([dataset[index]['inputs'] for index in range(3)])
    assert all(torch.equal(*pair) for pair in zip(epochs[0], epochs[2], strict=True))
    assert not any(torch.equal(*pair) for pair in zip(epochs[0], epochs[1], strict=True))
    loader = DataLoader(
        dataset,
        batch_size=3,
        num_workers=1,
        sampler=EpochSampler(dataset, shuffle=False, seed=3),
        collate_fn=default_collate,
    )
    (batch,) = list(loader)
    assert batch['inputs'].shape == (3, 1, 4, 40, 40, 3)
    assert torch.equal(batch['inputs'], torch.stack(epochs[0]))
    copied = pickle.loads(pickle.dumps(dataset.get_subset([1])))
    assert copied.get_data_info(0)['second'] == 902


def test_many_key_frames_take_few_bytes(files: Path, media: Path) -> None:
    """AVA has 300 thousand of them; labels are not kept as rows of 80."""
    lines = [f'a,{n / 100},0.1,0.1,0.5,0.9,{n % 5 + 1},0' for n in range(90000, 92000)]
    (files / 'ann.csv').write_text('\n'.join(lines))
    dataset = build(files, media, num_classes=80)
    assert len(dataset) == 2000 and dataset.data_bytes.nbytes < 400 * 2000


@pytest.mark.parametrize(('name', 'width'), [('people.mp4', 340), ('arm_wrestling.mp4', 427)])
def test_a_real_clip_at_full_resolution(files: Path, media: Path, name: str, width: int) -> None:
    clip = media_clip(name)
    if clip is None:
        pytest.skip('no real clips here')
    (files / 'ann.csv').write_text(f'{clip.stem},4,0.1,0.2,0.6,0.9,1\n')
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleKeyFrameClip', 'fps': 30},
        {'type': 'ReadFrames'},
        {'type': 'ClipResizeShortSide', 'short_side': 256},
        PACK,
    ]
    sample = build(
        files,
        clip.parent,
        pipeline=pipeline,
        test_mode=True,
        boxes='truth',
        videos=dict(folder=str(clip.parent)),
    )[0]
    assert sample['inputs'].shape == (1, 16, 256, width, 3)  # the pixels of one are not square
    boxes = sample['data_samples'].proposals.bboxes
    np.testing.assert_allclose(boxes, [[0.1 * width, 51.2, 0.6 * width, 230.4]], rtol=1e-5)
    frames = sample['data_samples'].frame_inds
    rate = sample['data_samples'].fps
    assert np.abs(frames / rate - 4 - np.arange(-31, 30, 4) / 30).max() <= 0.5 / rate + 0.5 / rate


def test_clips_of_moving_shapes_reach_the_model_whole(files: Path, media: Path) -> None:
    frames = moving_shapes(50, 60, 96)
    write_video(files / 'm.mp4', frames, fps=25, crf=4)
    (files / 'ann.csv').write_text('m,1,0,0,1,1,1\n')
    dataset = build(
        files, media, pipeline=[*READ, PACK], videos=dict(folder=str(files)), boxes='truth'
    )
    clip = dataset[0]['inputs'][0].numpy()
    assert np.abs(clip.astype(int) - frames[[22, 24, 26, 28]]).mean() < 6
