"""Contract: boxes stay on their actors through every step."""

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.dataset import default_collate

from mmvideomae.datasets.transforms import (
    ClipFlip,
    ClipMultiScaleCrop,
    ClipRandomCropBoxes,
    ClipResizeShortSide,
    PackActionBoxes,
)
from mmvideomae.ops.boxes import from_view
from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import VideoReadError

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


@pytest.mark.parametrize(
    'build',
    [
        lambda: ClipResizeShortSide(0),
        lambda: ClipResizeShortSide((320, 256)),
        lambda: ClipResizeShortSide(256, max_long=200),
        lambda: ClipRandomCropBoxes(0),
    ],
)
def test_impossible_settings_are_refused(build: Any) -> None:
    with pytest.raises(ValueError, match='got'):
        build()


# ---- boxes on their actors


def scene(height: int, width: int, seed: int, frames: int = 2) -> dict[str, Any]:
    """Three coloured rectangles side by side on black, with their boxes."""
    rng = np.random.default_rng(seed)
    imgs = np.zeros((frames, height, width, 3), np.uint8)
    boxes = []
    for number, colour in enumerate(COLOURS):
        left, right = number * width // 3 + 1, (number + 1) * width // 3 - 1
        x1, x2 = np.sort(rng.choice(np.arange(left, right + 1), 2, replace=False))
        y1, y2 = np.sort(rng.choice(height + 1, 2, replace=False))
        imgs[:, y1:y2, x1:x2] = colour
        boxes.append([x1 / width, y1 / height, x2 / width, y2 / height])
    boxes = np.array(boxes, np.float32)
    labels = np.eye(3, dtype=np.float32)
    return {
        'imgs': imgs,
        'video_id': 'v',
        'second': 3.0,
        'original_shape': (height, width),
        'gt_boxes': boxes,
        'gt_labels': labels,
        'person_ids': np.arange(3),
        'gt_original_boxes': boxes,
        'gt_original_labels': labels,
        'proposals': boxes[::-1].copy(),
        'proposal_scores': np.array([0.3, 0.2, 0.1], np.float32),
    }


def bounds(img: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray | None:
    """x1, y1, x2, y2 of the pixels that are more of a colour than of black."""
    rows, columns = np.nonzero(img[..., int(np.argmax(colour))] > 127)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def check_on_actors(img: np.ndarray, boxes: np.ndarray, actors: list[int], slack: float) -> None:
    for number, colour in enumerate(COLOURS):
        seen = bounds(img, colour)
        box = boxes[actors.index(number)] if number in actors else None
        if seen is None or box is None:  # only slivers may be seen and not boxed, or not seen
            given = box if seen is None else seen
            assert given is None or (given[2:] - given[:2]).min() <= slack
        elif (box[2:] - box[:2]).min() > 1.5:  # of a thinner one the ground shows through
            assert np.abs(seen - box).max() <= slack


STEPS = st.lists(
    st.sampled_from(['flip', 'crop', 'resize', 'range']), min_size=1, max_size=5
).filter(lambda steps: steps.count('crop') <= 2)


@settings(max_examples=150)
@given(
    height=st.integers(48, 130),
    width=st.integers(48, 130),
    steps=STEPS,
    seed=st.integers(0, 10**6),
)
def test_boxes_stay_on_their_actors(height: int, width: int, steps: list[str], seed: int) -> None:
    np.random.seed(seed)
    results = scene(height, width, seed)
    crop = 40
    for step in steps:
        transform = {
            'flip': ClipFlip(0.5),
            'crop': ClipRandomCropBoxes(crop),
            'resize': ClipResizeShortSide(56),
            'range': ClipResizeShortSide((44, 90), max_long=120),
        }[step]
        results = transform(results)
        crop = min(crop, *results['imgs'].shape[1:3])
        assert results['imgs'].flags.c_contiguous
        assert results.get('img_shape', results['imgs'].shape[1:3]) == results['imgs'].shape[1:3]
    packed = PackActionBoxes()(results)
    clip, sample = packed['inputs'], packed['data_samples']
    assert clip.shape[:2] == (1, 2) and tuple(clip.shape[2:4]) == sample.img_shape
    slack = 2 * max(1.0, *(side / 40 for side in sample.img_shape))  # of resizing a cut edge
    # True boxes carry their labels and proposals their scores.
    truth, found = sample.gt_instances, sample.proposals
    actors = truth.labels.argmax(dim=1).tolist()
    assert actors == results['person_ids'].tolist()
    check_on_actors(clip[0, 1].numpy(), truth.bboxes.numpy(), actors, slack)
    actors = (found.scores * 10).round().int().sub(1).tolist()
    check_on_actors(clip[0, 0].numpy(), found.bboxes.numpy(), actors, slack)
    # The way back: what the view shows of a box lies where the box was.
    back = from_view(truth.bboxes, sample.img_shape, sample.crop, sample.flip).numpy()
    x1, y1, x2, y2 = sample.crop
    original = sample.gt_original_boxes[results['person_ids']]
    cut = original.clip((x1, y1, x1, y1), (x2, y2, x2, y2))
    np.testing.assert_allclose(back, cut, atol=1e-5)
    assert len(sample.gt_original_boxes) == len(sample.gt_original_labels) == 3


def test_flipping_twice_changes_nothing() -> None:
    results = scene(50, 70, 1)
    before = {key: np.copy(value) for key, value in results.items() if key != 'video_id'}
    once = ClipFlip(1.0)(dict(results))
    assert once['flip'] and not np.array_equal(once['gt_boxes'], before['gt_boxes'])
    assert np.array_equal(results['gt_boxes'], before['gt_boxes'])  # not in place
    assert (once['gt_boxes'][:, 2:] >= once['gt_boxes'][:, :2]).all()
    assert once['gt_boxes'].dtype == np.float32
    twice = ClipFlip(1.0)(dict(once))
    assert not twice['flip'] and np.array_equal(twice['imgs'], before['imgs'])
    np.testing.assert_allclose(twice['gt_boxes'], before['gt_boxes'], atol=1e-6)


def test_boxes_that_keep_no_pixel_are_dropped_with_what_belongs_to_them() -> None:
    np.random.seed(0)
    imgs = np.zeros((1, 10, 100, 3), np.uint8)
    boxes = np.array([[0, 0, 0.04, 1], [0.3, 0, 0.7, 1], [0.96, 0, 1, 1]], np.float32)
    seen = set()
    for _ in range(60):
        record = {'imgs': imgs, 'gt_boxes': boxes, 'gt_labels': np.eye(3, dtype=np.float32)}
        results = ClipRandomCropBoxes(10)(record)
        left = round(results['crop'][0] * 100)
        kept = [n for n, (x1, _, x2, _) in enumerate(boxes * 100) if x2 > left and x1 < left + 10]
        assert results['gt_labels'].argmax(axis=1).tolist() == kept[: len(results['gt_labels'])]
        assert len(results['gt_boxes']) == len(results['gt_labels']) == len(kept)
        assert (results['gt_boxes'] >= 0).all() and (results['gt_boxes'] <= 1).all()
        seen.add(tuple(kept))
    assert () in seen and (1,) in seen


def test_boxes_outside_are_kept_as_lines_when_told() -> None:
    """As the official code does: with all that belongs to them, none dropped."""
    record = {
        'imgs': np.zeros((1, 10, 100, 3), np.uint8),
        'gt_boxes': np.array([[0, 0, 0, 1], [0, 0, 1, 1], [1, 0, 1, 1]], np.float32),
        'gt_labels': np.eye(3, dtype=np.float32),
        'proposals': np.array([[0, 0, 0, 1]], np.float32),
        'proposal_scores': np.ones(1, np.float32),
    }
    results = ClipRandomCropBoxes(10, keep_outside=True)(dict(record))
    assert results['gt_boxes'].tolist() == record['gt_boxes'].tolist()
    assert results['gt_labels'].tolist() == record['gt_labels'].tolist()
    assert len(results['proposals']) == len(results['proposal_scores']) == 1
    dropped = ClipRandomCropBoxes(10)(dict(record))
    assert dropped['gt_boxes'].tolist() == [[0, 0, 1, 1]] and not len(dropped['proposals'])


def test_crops_are_cut_uniformly_and_copied() -> None:
    np.random.seed(0)
    imgs = np.arange(6 * 8, dtype=np.uint8).reshape(1, 6, 8, 1).repeat(3, axis=3)
    corners = set()
    for _ in range(300):
        results = ClipRandomCropBoxes(4)({'imgs': imgs})
        corner = int(results['imgs'][0, 0, 0, 0])
        top, left = divmod(corner, 8)
        assert np.array_equal(results['imgs'], imgs[:, top : top + 4, left : left + 4])
        assert results['crop'] == pytest.approx((left / 8, top / 6, (left + 4) / 8, (top + 4) / 6))
        assert not np.shares_memory(results['imgs'], imgs)
        corners.add((top, left))
    assert len(corners) == 3 * 5


def test_long_narrow_frames_are_not_resized_to_gigabytes() -> None:
    strip = np.zeros((16, 2, 2000, 3), np.uint8)
    with pytest.raises(VideoReadError, match=r"'strip.mp4'.*2000x2 .*256000x256.*set max_long"):
        ClipResizeShortSide(256)({'imgs': strip, 'filename': 'strip.mp4'})
    assert ClipResizeShortSide(256, max_long=464)({'imgs': strip})['img_shape'] == (1, 1000)


def test_a_frame_smaller_than_the_crop_is_an_error() -> None:
    with pytest.raises(ValueError, match=r'no square of 64 pixels fits a frame of 70x50; put Clip'):
        ClipRandomCropBoxes(64)(scene(50, 70, 0))


@pytest.mark.parametrize(
    ('shape', 'side', 'max_long', 'expected'),
    [
        ((256, 340), 256, None, (256, 340)),
        ((240, 320), 256, None, (256, 341)),
        ((320, 240), 256, None, (341, 256)),
        ((100, 100), 56, None, (56, 56)),
        ((100, 300), 256, 464, (154, 462)),
        ((300, 100), 256, 464, (462, 154)),
        ((240, 320), 256, 464, (256, 341)),
    ],
)
def test_the_short_side_is_resized_and_the_aspect_stays(
    shape: tuple[int, int], side: int, max_long: int | None, expected: tuple[int, int]
) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (1, *shape, 3), dtype=np.uint8)
    results = ClipResizeShortSide(side, max_long)({'imgs': frame})
    assert results['img_shape'] == results['imgs'].shape[1:3] == expected
    assert np.array_equal(results['imgs'][0], cv2.resize(frame[0], expected[::-1]))
    assert (results['imgs'] is frame) is (shape == expected)


def test_short_sides_are_drawn_from_the_range() -> None:
    np.random.seed(0)
    frame = np.zeros((1, 8, 8, 3), np.uint8)
    resize = ClipResizeShortSide((4, 7))
    drawn = [resize({'imgs': frame})['img_shape'][0] for _ in range(100)]
    assert set(drawn) == {4, 5, 6, 7}


# ---- packing


def test_packed_samples_hold_pixels_of_the_clip_and_shares_of_the_frame() -> None:
    results = scene(60, 90, 0)
    results.update(filename='v.mp4', sample_idx=4, fps=25.0, frame_inds=np.arange(2), extra=1)
    packed = PackActionBoxes()(results)
    sample = packed['data_samples']
    assert packed['inputs'].dtype == torch.uint8 and packed['inputs'].shape == (1, 2, 60, 90, 3)
    meta = sample.metainfo
    assert (meta['video_id'], meta['second'], meta['timestamp']) == ('v', 3.0, 3.0)
    assert meta['img_shape'] == meta['original_shape'] == (60, 90)
    assert meta['crop'] == (0, 0, 1, 1) and meta['flip'] is False
    assert (meta['filename'], meta['sample_idx'], meta['fps']) == ('v.mp4', 4, 25.0)
    assert 'extra' not in meta
    pixels = np.array([90, 60, 90, 60], np.float32)
    for boxes, shares in (
        (sample.gt_instances.bboxes, results['gt_boxes']),
        (sample.proposals.bboxes, results['proposals']),
    ):
        assert boxes.dtype == torch.float32
        np.testing.assert_allclose(boxes.numpy(), shares * pixels)
    assert sample.gt_instances.labels.dtype == sample.proposals.scores.dtype == torch.float32
    assert np.array_equal(meta['gt_original_boxes'], results['gt_original_boxes'])
    batch = default_collate([packed, packed])
    assert batch['inputs'].shape == (2, 1, 2, 60, 90, 3) and len(batch['data_samples']) == 2


def test_without_proposals_the_true_boxes_are_proposed() -> None:
    results = scene(60, 90, 0)
    del results['proposals'], results['proposal_scores']
    sample = PackActionBoxes()(results)['data_samples']
    assert torch.equal(sample.proposals.bboxes, sample.gt_instances.bboxes)
    assert sample.proposals.scores.tolist() == [1, 1, 1]


def test_boxes_alone_need_no_annotation() -> None:
    """As when a model is used on a new video."""
    results = {k: v for k, v in scene(60, 90, 0).items() if not k.startswith('gt_')}
    sample = PackActionBoxes()(results)['data_samples']
    assert 'gt_instances' not in sample and 'gt_original_boxes' not in sample
    assert len(sample.proposals) == 3
    del results['proposals']
    with pytest.raises(ValueError, match="video 'v': the sample has no boxes to look at"):
        PackActionBoxes()(results)


def test_crops_that_leave_boxes_behind_are_refused() -> None:
    results = ClipMultiScaleCrop(32)(scene(60, 90, 0))
    with pytest.raises(ValueError, match='leaves the boxes behind; crop with ClipRandomCropBoxes'):
        PackActionBoxes()(results)


def test_all_are_found_by_name() -> None:
    for name in ('ClipResizeShortSide', 'ClipRandomCropBoxes', 'ClipColorJitterHSV'):
        arguments = {'ClipResizeShortSide': {'short_side': 9}, 'ClipRandomCropBoxes': {'size': 9}}
        transform = TRANSFORMS.build({'type': name, **arguments.get(name, {})})
        assert repr(transform).startswith(name)
