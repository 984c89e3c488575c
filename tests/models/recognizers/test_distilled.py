"""A student learns its teacher's scores, and its checkpoint is a plain classifier."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import DefaultScope
from torch import nn

from mmvideomae.models import DistilledRecognizer
from mmvideomae.registry import MODELS
from tests.support.models import tiny_recognizer
from tests.support.weights import randomise


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def build(**changes: Any) -> DistilledRecognizer:
    config = {**tiny_recognizer(), 'type': 'DistilledRecognizer', 'teacher': tiny_recognizer()}
    return MODELS.build({**config, **changes})


def batch(size: int = 3) -> dict[str, Any]:
    clips = torch.randn(size, 1, 3, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    samples = [ActionDataSample().set_gt_label(n) for n in range(size)]
    return {'inputs': clips, 'data_samples': samples}


@pytest.mark.parametrize('temperature', [1.0, 3.0])
@pytest.mark.parametrize('label_weight', [0.0, 0.5])
def test_loss_is_the_divergence_from_the_teacher(temperature: float, label_weight: float) -> None:
    model = build(temperature=temperature, distill_weight=2.0, label_weight=label_weight)
    randomise(model, seed=1)
    randomise(model.teacher, seed=2)
    data = batch()
    losses = model(**data, mode='loss')
    student, teacher = (
        part.cls_head.fc_cls(part.backbone(data['inputs'][:, 0])) for part in (model, model.teacher)
    )
    p, q = (teacher / temperature).softmax(1), (student / temperature).softmax(1)
    expected = 2 * temperature**2 * (p * (p / q).log()).sum(1).mean()
    torch.testing.assert_close(losses['loss_distill'], expected)
    assert ('loss_cls' in losses) == bool(label_weight)
    if label_weight:
        cross_entropy = nn.functional.cross_entropy(student, torch.arange(3))
        torch.testing.assert_close(losses['loss_cls'], 0.5 * cross_entropy)


def test_a_student_equal_to_its_teacher_has_nothing_to_learn() -> None:
    model = build()
    randomise(model)
    model.teacher.load_state_dict(model.state_dict())
    loss = model(**batch(), mode='loss')['loss_distill']
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_the_teacher_is_frozen_and_in_no_checkpoint() -> None:
    model = build()
    before = copy.deepcopy(model.teacher.state_dict())
    plain = MODELS.build(tiny_recognizer())
    assert model.state_dict().keys() == plain.state_dict().keys()
    assert len(list(model.parameters())) == len(list(plain.parameters()))
    model.train()
    assert not model.teacher.training
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sum(model(**batch(), mode='loss').values()).backward()
    optimizer.step()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert all(torch.equal(before[key], value) for key, value in model.teacher.state_dict().items())
    assert copy.deepcopy(model).teacher is model.teacher
    model.double()
    assert next(model.teacher.parameters()).dtype == torch.float64


def test_the_teachers_checkpoint_has_to_fit(tmp_path: Path) -> None:
    teacher = MODELS.build(tiny_recognizer())
    randomise(teacher, seed=7)
    torch.save({'state_dict': teacher.state_dict()}, tmp_path / 'teacher.pth')
    model = build(teacher_checkpoint=str(tmp_path / 'teacher.pth'))
    model.init_weights()
    for key, value in teacher.state_dict().items():
        assert torch.equal(model.teacher.state_dict()[key], value)
    other = MODELS.build(tiny_recognizer(num_classes=3))
    torch.save({'state_dict': other.state_dict()}, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='does not fit the teacher'):
        build(teacher_checkpoint=str(tmp_path / 'other.pth')).init_weights()


def test_a_student_that_only_predicts_has_no_teacher() -> None:
    model = build().eval()
    inputs = torch.randint(0, 256, (1, 2, 4, 32, 32, 3), dtype=torch.uint8)
    samples = [ActionDataSample().set_gt_label(0)]
    with torch.no_grad():
        model.test_step({'inputs': inputs, 'data_samples': samples})
    assert model._teacher.module is None


def test_labels_are_needed_only_where_they_count() -> None:
    data = {**batch(), 'data_samples': [ActionDataSample() for _ in range(3)]}
    assert set(build()(**data, mode='loss')) == {'loss_distill'}
    with pytest.raises(ValueError, match='labelled=True'):
        build(label_weight=1.0)(**data, mode='loss')


def test_other_classes_are_refused() -> None:
    with pytest.raises(ValueError, match='3 classes, but the student 4'):
        build(teacher=tiny_recognizer(num_classes=3))


def test_several_labels_a_clip_are_refused() -> None:
    with pytest.raises(ValueError, match='one label a clip'):
        build(cls_head={'type': 'LinearHead', 'num_classes': 4, 'multi_class': True})
