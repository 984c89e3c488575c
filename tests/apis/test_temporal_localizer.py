"""Contract: one call gives the segments of extracting, loading and detecting; misfits fail."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from mmvideomae.analysis.eval_segments import evaluate_segment_files
from mmvideomae.apis import FeatureExtractor, FoundSegments, TemporalLocalizer, init_model
from mmvideomae.apis.found_segments import activitynet_results
from mmvideomae.apis.predictions import Span
from mmvideomae.apis.temporal_localizer import ACTION
from mmvideomae.datasets import FeatureDataset
from tests.support.localizers import tiny_action_former
from tests.support.models import tiny_recognizer
from tests.support.videos import moving_shapes, write_video

CLASSES = ('run', 'jump', 'eat')
SETTINGS = {'window': 4, 'stride': 2, 'size': 32}
LOAD, PACK = {'type': 'LoadFeatures'}, {'type': 'PackFeatures'}
RESAMPLE = {'type': 'ResampleFeatures', 'length': 48}


@pytest.fixture(scope='module')
def backbone() -> nn.Module:
    torch.manual_seed(0)
    return init_model(Config({'model': tiny_recognizer()}), device='cpu')


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('videos') / 'clip.mp4'
    return write_video(path, moving_shapes(60, 48, 64), fps=10)


def detector(
    pipeline: Any = (LOAD, PACK),
    features: dict[str, Any] | None = None,
    classes: Any = CLASSES,
    width: int = 32,
    num_classes: int = 3,
    **parts: Any,
) -> nn.Module:
    model = {**tiny_action_former(width, num_classes), **parts}
    dataset = {'pipeline': list(pipeline), 'features': features or {}, 'classes': classes}
    torch.manual_seed(1)
    found = init_model(
        Config({'model': model, 'test_dataloader': {'dataset': dataset}}), device='cpu'
    )
    nn.init.normal_(found.cls_head.cls_head.conv.weight, std=0.5)  # segments must differ
    return found


def localizer(backbone: nn.Module, found: nn.Module, **options: Any) -> TemporalLocalizer:
    options = {'preset': 'videomaev2_thumos14', 'settings': SETTINGS, **options}
    return TemporalLocalizer(backbone, None, found, **options)


@pytest.mark.parametrize('pipeline', [(LOAD, PACK), (LOAD, RESAMPLE, PACK)])
def test_equals_features_then_data_set_then_detector(
    backbone: nn.Module, video: Path, tmp_path: Path, pipeline: Any
) -> None:
    model = detector(pipeline, {'stride': 2, 'window': 4, 'width': 32, 'fps': 10})
    seen: list[tuple[int, int]] = []
    found = localizer(backbone, model)(video, lambda done, total: seen.append((done, total)))

    extract = FeatureExtractor(backbone, preset='videomaev2_thumos14', settings=SETTINGS)
    extract.save(video, tmp_path / 'clip.npy')
    rows = [{'segment': [1, 2], 'label': name} for name in CLASSES]
    annotation = {'clip': {'duration': 6.0, 'subset': 'test', 'annotations': rows}}
    (tmp_path / 'a.json').write_text(json.dumps({'database': annotation}))
    samples = FeatureDataset(
        tmp_path / 'a.json', tmp_path, list(pipeline), classes=CLASSES, test_mode=True
    )
    with torch.no_grad():
        (by_hand,) = model.test_step(pseudo_collate([samples[0]]))
    expected = by_hand.pred_instances
    assert len(found) == len(expected) > 10 and seen[-1] == (29, 29)
    assert len({span.label for span in found}) > 1
    np.testing.assert_allclose([one[:2] for one in found], expected.segments, atol=1e-5)
    np.testing.assert_allclose([one.score for one in found], expected.scores, atol=1e-6)
    assert [one.label for one in found] == [CLASSES[label] for label in expected.labels]
    assert found.duration == pytest.approx(6.0) and found.video_id == 'clip'


def test_scores_fall_and_times_lie_in_the_video(backbone: nn.Module, video: Path) -> None:
    found = localizer(backbone, detector(), classes=('a', 'b', 'c'))(video)
    scores = [span.score for span in found]
    assert scores == sorted(scores, reverse=True) and {span.label for span in found} <= set('abc')
    assert all(0 <= span.start <= span.end <= found.duration + 1e-5 for span in found)
    best = found.at_least(scores[3])
    assert len(best) >= 4 and list(best) == list(found)[: len(best)]


def test_a_detector_of_one_class(backbone: nn.Module, video: Path) -> None:
    model = detector(num_classes=1)
    assert {span.label for span in localizer(backbone, model)(video)} == {ACTION}
    assert localizer(backbone, model, classes=('fall',)).classes == ('fall',)


def test_class_scores_of_whole_videos_name_the_segments(
    backbone: nn.Module, video: Path, tmp_path: Path
) -> None:
    scores = tmp_path / 'scores.json'
    scores.write_text(json.dumps({'clip': [0.1, 0.9, 0.0]}))
    external = {'path': str(scores), 'top': 1}
    model = detector(num_classes=1, external_scores=external)
    assert {span.label for span in localizer(backbone, model)(video)} == {'jump'}


def test_results_are_read_back_and_are_perfect(tmp_path: Path) -> None:
    spans = (Span(1.0, 2.5, 'run', 0.9), Span(4.0, 9.0, 'jump', 0.4))
    found = [FoundSegments(f'x/{name}.mp4', name, 10.0, spans) for name in 'ab']
    rows = [{'segment': list(span[:2]), 'label': span.label} for span in spans]
    database = {name: {'duration': 10.0, 'subset': 'test', 'annotations': rows} for name in 'ab'}
    (tmp_path / 'truth.json').write_text(json.dumps({'database': database}))
    (tmp_path / 'found.json').write_text(json.dumps(activitynet_results(found)))
    told = evaluate_segment_files(tmp_path / 'found.json', tmp_path / 'truth.json')
    assert told['mAP'] == pytest.approx(1)
    one = found[0].to_activitynet()
    assert one['results'] == {
        'a': [
            {'segment': [1.0, 2.5], 'label': 'run', 'score': 0.9},
            {'segment': [4.0, 9.0], 'label': 'jump', 'score': 0.4},
        ]
    }
    with pytest.raises(ValueError, match="two videos have the name 'a'"):
        activitynet_results([found[0], found[0]])


@pytest.mark.parametrize(('changes', 'told'), [
    (dict(width=12), 'makes features of width 32, but the detector takes in_channels=12'),
    (dict(features={'stride': 4}), "with stride=2, but the detector's config says stride=4"),
    (dict(features={'window': 16}), "with window=4, but the detector's config says window=16"),
    (dict(features={'interval': 3}), "with interval=1, but the detector's config says interval=3"),
    (dict(features={'stride': 'even'}), "config says stride='even'"),
    (dict(classes=('a', 'b')), 'lists 2 classes, but the model has 3'),
    (dict(classes=None), 'no class names'),
    (dict(pipeline=()), 'no test pipeline that starts with LoadFeatures'),
])  # fmt: skip
def test_misfits_are_refused(backbone: nn.Module, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        localizer(backbone, detector(**changes))
    assert '\n' not in str(caught.value)


def test_other_models_and_frame_rates_are_refused(backbone: nn.Module, video: Path) -> None:
    with pytest.raises(ValueError, match='is not a temporal detector'):
        localizer(backbone, backbone)
    with pytest.raises(ValueError, match='a checkpoint needs a config'):
        TemporalLocalizer(backbone, None, detector(), 'x.pth')
    with pytest.raises(ValueError, match="'clip' were made with fps=10"):
        localizer(backbone, detector(features={'fps': 25}))(video)


def test_predictions_that_are_not_finite_are_refused(backbone: nn.Module, video: Path) -> None:
    """No score would reach the threshold, and no segment would be found, without any message."""
    for part in ('cls_head.cls_head.conv.bias', 'reg_head.offset_head.conv.bias'):
        model = detector()
        dict(model.named_parameters())[part].data.fill_(float('nan'))
        with pytest.raises(ValueError, match=rf'predictions for video {video.stem!r}'):
            localizer(backbone, model)(video)
