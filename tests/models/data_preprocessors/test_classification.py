"""Labelled clips are normalised, erased and mixed as in VideoMAE's fine-tuning."""

from typing import Any

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from mmvideomae.models import ClassificationDataPreprocessor, VideoMAEDataPreprocessor

K = 5


def batch(size: int = 2, repeats: int = 2) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    shape = (size, repeats, 4, 16, 12, 3)
    clips = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    samples = [ActionDataSample(metainfo={'n': n}).set_gt_label(n % K) for n in range(size)]
    return {'inputs': clips, 'data_samples': samples}


def plain(data: dict[str, Any]) -> Tensor:
    """Normalised clips (B * R, C, T, H, W)."""
    return VideoMAEDataPreprocessor()(data)['inputs']


def labels_of(out: dict[str, Any]) -> Tensor:
    return torch.stack([sample.gt_label for sample in out['data_samples']])


def test_repeats_are_adjacent_samples_of_their_own() -> None:
    data = batch(3)
    out = ClassificationDataPreprocessor()(data, training=True)
    assert out['inputs'].shape == (6, 1, 3, 4, 16, 12)
    torch.testing.assert_close(out['inputs'][:, 0], plain(data))
    assert [sample.n for sample in out['data_samples']] == [0, 0, 1, 1, 2, 2]
    assert labels_of(out).flatten().tolist() == [0, 0, 1, 1, 2, 2]
    assert data['data_samples'][0].gt_label.tolist() == [0]


def test_test_views_stay_bytes() -> None:
    data = batch()
    out = ClassificationDataPreprocessor(blend={'mixup_alpha': 0.8}, num_classes=K)(data)
    assert out['inputs'].dtype == torch.uint8
    assert torch.equal(out['inputs'], data['inputs'].permute(0, 1, 5, 2, 3, 4))
    assert out['data_samples'] is not None and len(out['data_samples']) == 2


def test_erasing_writes_noise_into_the_box_of_every_frame_and_nowhere_else() -> None:
    data = batch(2, 2)
    boxes = torch.tensor([[[2, 3, 8, 6], [0, 0, 0, 0]], [[0, 0, 16, 12], [15, 11, 1, 1]]])
    out = ClassificationDataPreprocessor()({**data, 'erase_box': boxes}, training=True)
    before, after = plain(data), out['inputs'][:, 0]
    for clip, (top, left, height, width) in enumerate(boxes.flatten(0, 1).tolist()):
        inside = torch.zeros(16, 12, dtype=torch.bool)
        inside[top : top + height, left : left + width] = True
        assert torch.equal(before[clip][..., ~inside], after[clip][..., ~inside])
        assert (before[clip][..., inside] != after[clip][..., inside]).all()
    noise = after[2]
    assert abs(noise.mean()) < 0.1 and abs(noise.std() - 1) < 0.1
    assert not torch.equal(noise[:, 0], noise[:, 1])
    assert 'erase_box' not in out


@pytest.mark.parametrize('alphas', [(0.8, 0.0), (0.0, 1.0)], ids=['mixup', 'cutmix'])
@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_mixing_pairs_the_batch_with_its_reverse(
    alphas: tuple[float, float], smoothing: float
) -> None:
    blend = {'mixup_alpha': alphas[0], 'cutmix_alpha': alphas[1], 'prob': 1.0}
    data = batch(4, 1)
    np.random.seed(3)
    preprocessor = ClassificationDataPreprocessor(
        blend=blend, label_smoothing=smoothing, num_classes=K
    )
    out = preprocessor(data, training=True)
    clips, mixed = plain(data), out['inputs'][:, 0]
    hard = torch.eye(K)[:4] * (1 - smoothing) + smoothing / K
    labels = labels_of(out)
    # The share of the first follows from the labels, and the pixels have to agree with it.
    share = ((labels - hard.flip(0)) / (hard - hard.flip(0))).nanmedian().item()
    assert 0 < share < 1
    torch.testing.assert_close(labels, share * hard + (1 - share) * hard.flip(0))
    if alphas[0]:
        torch.testing.assert_close(mixed, share * clips + (1 - share) * clips.flip(0))
    else:
        taken = (mixed != clips).any(1).any(1).any(0)
        assert taken.float().mean().item() == pytest.approx(1 - share, abs=1e-6)
        rows, columns = taken.any(1), taken.any(0)
        assert taken.sum() == rows.sum() * columns.sum()
        assert torch.equal(mixed[..., taken], clips.flip(0)[..., taken])


def test_smoothing_without_mixing() -> None:
    preprocessor = ClassificationDataPreprocessor(label_smoothing=0.1, num_classes=K)
    labels = labels_of(preprocessor(batch(2, 1), training=True))
    expected = torch.full((2, K), 0.02)
    expected[0, 0] = expected[1, 1] = 0.92
    torch.testing.assert_close(labels, expected)


def test_clips_without_labels_are_mixed_alike_and_stay_without() -> None:
    preprocessor = ClassificationDataPreprocessor(
        blend={'mixup_alpha': 0.8}, label_smoothing=0.1, num_classes=K
    )
    data = batch(4, 1)
    np.random.seed(3)
    labelled = preprocessor(data, training=True)
    np.random.seed(3)
    samples = [ActionDataSample(metainfo={'n': n}) for n in range(4)]
    unlabelled = preprocessor({**data, 'data_samples': samples}, training=True)
    assert torch.equal(labelled['inputs'], unlabelled['inputs'])
    assert not any('gt_label' in sample for sample in unlabelled['data_samples'])


def test_bad_settings_say_the_cure() -> None:
    with pytest.raises(ValueError, match='num_classes'):
        ClassificationDataPreprocessor(label_smoothing=0.1)
    odd = ClassificationDataPreprocessor(blend={'mixup_alpha': 1.0}, num_classes=K)
    with pytest.raises(ValueError, match='even'):
        odd(batch(3, 1), training=True)


@pytest.mark.parametrize('blend', [{'mixup_alpha': 0.8}, {'mixup_alpha': 0.0, 'cutmix_alpha': 1.0}])
def test_several_labels_are_mixed_in_the_same_shares_as_one(blend: dict[str, float]) -> None:
    rows = torch.tensor([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 1], [1, 0, 0, 0, 1]])
    several = batch(4, 1)
    for sample, row in zip(several['data_samples'], rows, strict=True):
        sample.set_gt_label(row.float())
    outs = []
    for data, smoothing in ((batch(4, 1), 0.0), (several, 0.2)):
        np.random.seed(3)
        preprocessor = ClassificationDataPreprocessor(
            blend=blend, label_smoothing=smoothing, num_classes=K
        )
        outs.append(preprocessor(data, training=True))
    single, many = outs
    assert torch.equal(single['inputs'], many['inputs'])
    share = labels_of(single)[0, 0].item()  # of the first clip, whose single label is 0
    hard = rows * 0.8 + 0.1
    assert 0 < share < 1
    torch.testing.assert_close(labels_of(many), share * hard + (1 - share) * hard.flip(0))


def test_several_labels_are_smoothed_towards_one_half() -> None:
    data = batch(2, 2)
    for sample in data['data_samples']:
        sample.set_gt_label(torch.tensor([1.0, 0, 0, 1, 0]))
    preprocessor = ClassificationDataPreprocessor(label_smoothing=0.1, num_classes=K)
    expected = torch.tensor([0.95, 0.05, 0.05, 0.95, 0.05]).expand(4, K)
    torch.testing.assert_close(labels_of(preprocessor(data, training=True)), expected)
    plain_labels = labels_of(ClassificationDataPreprocessor()(data, training=True))
    assert torch.equal(plain_labels, torch.tensor([1.0, 0, 0, 1, 0]).expand(4, K))
