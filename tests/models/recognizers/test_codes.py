"""Contract: videos and files of codes are classified alike, starting from a head of zeros."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.registry import MODELS
from tests.support.codes import (
    NUM_CODES,
    BrightnessTokenizer,
    code_test_pipeline,
    tiny_code_encoder,
    tiny_code_recognizer,
)
from tests.support.videos import moving_shapes, write_video


def build(**options: Any) -> nn.Module:
    init_default_scope('mmvideomae')
    torch.manual_seed(0)
    model = MODELS.build(tiny_code_recognizer(**options))
    model.init_weights()
    return model


def batch(repeats: int = 2, **entries: Tensor) -> dict[str, Any]:
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 2)]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, repeats, 4, 32, 32, 3), np.uint8)
    # Some videos are brighter, so that there is something to learn.
    pixels[1] //= 2
    return {'inputs': torch.from_numpy(pixels), 'data_samples': samples, **entries}


def test_starts_from_equal_classes_and_learns() -> None:
    model = build()
    assert all(not value.any() for value in model.cls_head.fc_cls.state_dict().values())
    trained = [p for p in model.parameters() if p.requires_grad]
    wrapper = OptimWrapper(torch.optim.AdamW(trained, lr=1e-2))
    losses = [float(model.train_step(batch(), wrapper)['loss_cls']) for _ in range(12)]
    assert losses[0] == pytest.approx(np.log(3), abs=1e-6)
    assert losses[-1] < 0.5 * losses[0]


def test_a_linear_probe_leaves_the_encoder() -> None:
    model = build(backbone=tiny_code_encoder(out_type='cls', num_codes=NUM_CODES, frozen=True))
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained == {'cls_head.fc_cls.weight', 'cls_head.fc_cls.bias'}
    wrapper = OptimWrapper(torch.optim.SGD(model.cls_head.parameters(), lr=0.1))
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model.train_step(batch(), wrapper)
    assert all(torch.equal(v, before[k]) for k, v in model.backbone.state_dict().items())
    assert model.cls_head.fc_cls.weight.any()


@pytest.mark.parametrize('views', [1, 30])
def test_averages_the_probabilities_of_views(views: int) -> None:
    model = build().eval()
    nn.init.normal_(model.cls_head.fc_cls.weight)
    data = batch(views)
    with torch.no_grad():
        found = torch.stack([each.pred_score for each in model.test_step(data)])
        codes = model.data_preprocessor.to_codes(data).flatten(0, 1)
        scores = model.cls_head(model.backbone(codes)).unflatten(0, (2, views))
    torch.testing.assert_close(found, scores.softmax(2).mean(1))


def test_files_of_codes_are_classified_as_the_pixels_they_are_of() -> None:
    model = build().eval()
    nn.init.normal_(model.cls_head.fc_cls.weight)
    data = batch()
    padding = torch.zeros(2, 2, 4, dtype=torch.bool)
    padding[0, :, 3] = True
    data['pad_mask'] = padding
    codes = model.data_preprocessor.to_codes({'inputs': data['inputs']}).to(torch.int16)
    of_files = {'codes': codes, 'pad_mask': padding, 'data_samples': data['data_samples']}
    with torch.no_grad():
        expected = [each.pred_score.clone() for each in model.test_step(data)]
        found = [each.pred_score.clone() for each in model.test_step(of_files)]
    assert torch.equal(torch.stack(found), torch.stack(expected))


def test_a_vocabulary_that_the_encoder_lacks_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match='uses 16 codes, but the backbone 8') as caught:
        build(backbone=tiny_code_encoder(num_codes=8))
    assert '\n' not in str(caught.value)


def test_the_encoder_takes_the_number_of_codes_from_the_data_preprocessor() -> None:
    backbone = tiny_code_encoder(out_type='cls')
    preprocessor = tiny_code_recognizer()['data_preprocessor']
    for changes in ({'num_codes': NUM_CODES}, {'tokenizer': BrightnessTokenizer()}):
        model = build(backbone=backbone, data_preprocessor={**preprocessor, **changes})
        assert model.backbone.vocabulary.num_codes == NUM_CODES


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('videos')
    return write_video(folder / 'a.mp4', moving_shapes(40, 48, 80, seed=1), fps=10)


def config(**options: Any) -> Config:
    collate = {'collate_fn': {'type': 'default_collate'}}
    pipeline = code_test_pipeline(**options)
    return Config(
        {'model': tiny_code_recognizer(), 'test_pipeline': pipeline, 'test_dataloader': collate}
    )


def classifier(**options: Any) -> VideoClassifier:
    torch.manual_seed(0)
    model = init_model(config(**options), device='cpu')
    nn.init.normal_(model.cls_head.fc_cls.weight)
    return VideoClassifier(model, classes=['run', 'eat', 'sleep'])


def test_a_checkpoint_and_a_video_file_are_enough(video: Path, tmp_path: Path) -> None:
    one = classifier()
    first = one(video)
    assert first.scores.sum() == pytest.approx(1, abs=1e-5)
    # 2 clips of 3 views of 4 frames.
    assert sum(one.model.data_preprocessor.tokenizer.calls) == 2 * 3 * 4
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': one.model.state_dict()}, path)
    again = VideoClassifier(init_model(config(), path, 'cpu'), classes=['run', 'eat', 'sleep'])
    assert np.array_equal(again(video).scores, first.scores)


def test_windows_are_classified_at_the_rate_of_clips(video: Path) -> None:
    one = classifier()
    timeline = one.timeline(video, window_seconds=0.8, stride_seconds=0.8)
    assert len(timeline) == 5
    assert len(np.unique(timeline.scores[:, 0])) == 5
    # One clip of one crop for each window: 4 frames at 5 per second are 0.8 seconds.
    assert sum(one.model.data_preprocessor.tokenizer.calls) == 5 * 4
