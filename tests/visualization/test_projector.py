"""Contract: embeddings of training clips, or why a model or data set has none."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch import nn

from mmvideomae.registry import MODELS
from mmvideomae.visualization import EmbeddingVisHook
from tests.support.codes import tiny_vimpac
from tests.support.localizers import tiny_end_to_end
from tests.support.models import tiny_recognizer


class Clips(list[dict[str, Any]]):
    metainfo = None


def samples(*shapes: tuple[int, ...]) -> Clips:
    """Samples without names and labels."""
    return Clips(
        {'inputs': torch.zeros(shape, dtype=torch.uint8), 'data_samples': ActionDataSample()}
        for shape in shapes
    )


def runner_of(model: nn.Module, data: Clips) -> Any:
    """What the hook reads of a runner."""
    logger = logging.getLogger('embeddings')
    return SimpleNamespace(
        model=model, train_dataloader=SimpleNamespace(dataset=data), logger=logger
    )


CLIP = (1, 4, 32, 32, 3)


@pytest.mark.parametrize(
    ('config', 'shapes', 'told'),
    [
        (tiny_vimpac(), [CLIP], 'this model has no encoder of pixels'),
        (tiny_end_to_end(), [CLIP[1:]], 'the training samples are not clips of pixels'),
        (tiny_recognizer(), [CLIP, (1, 4, 48, 32, 3)], 'the training clips have several sizes'),
    ],
)
def test_a_model_or_data_without_equal_clips_has_none(
    config: dict[str, Any],
    shapes: list[tuple[int, ...]],
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    runner = runner_of(MODELS.build({'_scope_': 'mmvideomae', **config}), samples(*shapes))
    with pytest.raises(ValueError, match=f'EmbeddingVisHook cannot be used: {told}'):
        EmbeddingVisHook().before_train(runner)
    hook = EmbeddingVisHook(optional=True)
    with caplog.at_level(logging.INFO):
        hook.before_train(runner)
    assert f'no embeddings are logged: {told}' in caplog.text
    runner.epoch, runner.max_epochs = 0, 1
    hook.after_train_epoch(runner)  # there is no visualizer that could be asked


def test_clips_without_a_name_are_numbered() -> None:
    model = MODELS.build({'_scope_': 'mmvideomae', **tiny_recognizer()})
    hook = EmbeddingVisHook(samples=2)
    hook.before_train(runner_of(model, samples(*[CLIP] * 4)))
    assert hook._labels == ['clip 0', 'clip 1']
