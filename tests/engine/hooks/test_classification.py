"""The model's classes are first compared with the data's; the best probe is kept."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.runner import BaseLoop
from torch import nn

from mmvideomae.engine import ChooseProbeHook, LabelCheckHook
from mmvideomae.engine.hooks import ClassCountError
from mmvideomae.engine.hooks.classification import LabelKindError, NoLabelsError
from mmvideomae.engine.run_config import plain_message
from mmvideomae.evaluation import AccMetric, MultiLabelMAP
from mmvideomae.models.heads import ActionBoxHead


def runner(classes: int | None, **dataset: Any) -> Any:
    model = nn.Module()
    if classes is not None:
        model.cls_head = nn.Module()
        model.cls_head.num_classes = classes
    loader = SimpleNamespace(dataset=SimpleNamespace(**dataset))
    names = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    evaluators = {'val_evaluator': None, 'test_evaluator': None}
    loaders = dict.fromkeys(names, loader)
    return SimpleNamespace(model=model, _val_loop=None, **loaders, **evaluators)


class ValLoop(BaseLoop):
    def run(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    'dataset',
    [
        {'num_classes': 3},
        {'metainfo': {'classes': ('a', 'b', 'c')}},
        {'num_classes': 3, 'metainfo': {'classes': ('a', 'b', 'c')}},
    ],
)
@pytest.mark.parametrize('moment', ['before_train', 'before_val', 'before_test'])
def test_another_number_of_classes_is_one_line_with_the_cure(
    dataset: dict[str, Any], moment: str
) -> None:
    getattr(LabelCheckHook(), moment)(runner(3, **dataset))
    with pytest.raises(ClassCountError, match=r'has 4 classes, but its data 3.*num_classes=3') as e:
        getattr(LabelCheckHook(), moment)(runner(4, **dataset))
    assert plain_message(e.value) == str(e.value) and '\n' not in str(e.value)


def test_validation_data_are_checked_before_the_training() -> None:
    fake = runner(3, num_classes=3)
    fake._val_loop = ValLoop(fake, fake.val_dataloader)
    LabelCheckHook().before_train(fake)
    other = SimpleNamespace(num_classes=4, labelled=True)
    fake.val_dataloader = SimpleNamespace(dataset=other)
    with pytest.raises(ClassCountError, match=r'has 3 classes, but its data 4'):
        LabelCheckHook().before_train(fake)
    other.num_classes, other.labelled = 3, False
    with pytest.raises(NoLabelsError, match=r'set val_dataloader\.dataset\.labelled=True'):
        LabelCheckHook().before_train(fake)
    del fake.model.cls_head  # a reconstruction needs no labels
    LabelCheckHook().before_train(fake)


@pytest.mark.parametrize('moment', ['before_train', 'before_val', 'before_test'])
def test_a_detector_of_actions_is_compared_as_well(moment: str) -> None:
    """A test would find it out at its end only."""
    fake = runner(None, num_classes=3, metainfo={'classes': ('a', 'b', 'c')})
    fake.model.roi_head = nn.Module()
    fake.model.roi_head.bbox_head = ActionBoxHead(3, 8)
    getattr(LabelCheckHook(), moment)(fake)
    fake.model.roi_head.bbox_head = ActionBoxHead(4, 8)
    with pytest.raises(ClassCountError, match=r'model\.roi_head\.bbox_head\.num_classes=3$'):
        getattr(LabelCheckHook(), moment)(fake)


@pytest.mark.parametrize(
    ('classes', 'dataset'),
    [(None, {'num_classes': 3}), (4, {}), (4, {'num_classes': None, 'metainfo': {}})],
)
def test_where_nothing_is_told_nothing_is_checked(
    classes: int | None, dataset: dict[str, Any]
) -> None:
    LabelCheckHook().before_train(runner(classes, **dataset))


def test_the_best_probe_is_chosen() -> None:
    chosen: list[int] = []
    fake = runner(3)
    fake.model.cls_head.choose = chosen.append
    ChooseProbeHook().after_val_epoch(fake, {'acc/best_probe': torch.tensor(2)})
    assert chosen == [2]
    with pytest.raises(ValueError, match='LinearProbeMetric'):
        ChooseProbeHook().after_val_epoch(fake, {'acc/top1': 0.5})


@pytest.mark.parametrize('several', [True, False])
def test_one_label_and_several_do_not_mix(several: bool) -> None:
    fake = runner(3, num_classes=3, multi_class=several)
    fake.model.cls_head.multi_class = not several
    message = rf'model\.cls_head\.multi_class={several}, or multi_class={not several} in the data'
    for moment in ('before_train', 'before_val', 'before_test'):
        with pytest.raises(LabelKindError, match=message) as e:
            getattr(LabelCheckHook(), moment)(fake)
        assert plain_message(e.value) == str(e.value) and '\n' not in str(e.value)
    fake.model.cls_head.multi_class = several
    LabelCheckHook().before_train(fake)


@pytest.mark.parametrize(
    ('several', 'metric', 'other'),
    [
        (True, MultiLabelMAP(), AccMetric()),
        (True, AccMetric('mean_average_precision'), AccMetric('mean_class_accuracy')),
        (False, AccMetric(), MultiLabelMAP()),
    ],
)
def test_metrics_of_the_other_kind_are_refused_before_the_training(
    several: bool, metric: Any, other: Any
) -> None:
    fake = runner(3, num_classes=3, multi_class=several)
    fake.model.cls_head.multi_class = several
    fake._val_loop = ValLoop(fake, fake.val_dataloader)
    fake.val_evaluator = fake.test_evaluator = SimpleNamespace(metrics=[metric])
    LabelCheckHook().before_train(fake)
    LabelCheckHook().before_test(fake)
    fake.val_evaluator = SimpleNamespace(metrics=[metric, other])
    with pytest.raises(LabelKindError, match=r'set val_evaluator=dict'):
        LabelCheckHook().before_train(fake)
