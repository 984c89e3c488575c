"""Contract: a classifier tested on files of codes gives the same results for video files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from torch import nn

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.configs import compose
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.preparation.codes.jobs import describe_codes
from tests.support.codes import tiny_code_recognizer
from tests.support.videos import moving_shapes, write_video

VIEWS: dict[str, Any] = {'positions': ('top', 'centre', 'bottom')}


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / 'a.mp4', moving_shapes(40, 48, 80), fps=20)


@pytest.fixture
def model(tmp_path: Path) -> nn.Module:
    steps = [
        {'type': 'OpenCodes', 'folder': str(tmp_path / 'codes'), 'size': 32, 'fps': 10, **VIEWS},
        {'type': 'SampleFps', 'clip_len': 4, 'fps': 5, 'num_clips': 2},
        {'type': 'ReadCodes'},
        {'type': 'PackClips'},
    ]
    steps[0]['test_mode'] = steps[1]['test_mode'] = True
    loader = {'collate_fn': {'type': 'default_collate'}, 'dataset': {'pipeline': steps}}
    cfg = Config({'model': tiny_code_recognizer(), 'test_dataloader': loader})
    torch.manual_seed(0)
    model = init_model(cfg, device='cpu')
    nn.init.normal_(model.cls_head.fc_cls.weight)
    return model


def test_a_video_file_is_classified_as_its_files_of_codes_are(
    model: nn.Module, video: Path, tmp_path: Path
) -> None:
    tokenizer = model.data_preprocessor.tokenizer
    extractor = CodeExtractor(tokenizer, 10, 32, **VIEWS)
    describe_codes(extractor.info, tmp_path / 'codes')
    extractor.save(video, tmp_path / 'codes', 'a')
    steps = model.cfg.test_dataloader.dataset.pipeline
    sample = compose(steps)({'filename': str(video), 'total_frames': -1})
    assert sample['codes'].shape == (6, 4, 4, 4)
    (output,) = model.test_step({
        'codes': sample['codes'][None],
        'pad_mask': sample['pad_mask'][None],
        'data_samples': [sample['data_samples']],
    })  # fmt: skip
    found = VideoClassifier(model, classes=['a', 'b', 'c'])(video)
    np.testing.assert_allclose(found.scores, output.pred_score.detach().numpy(), atol=1e-6)
    assert np.ptp(found.scores) > 0.01


def test_windows_of_a_video_are_classified(model: nn.Module, video: Path) -> None:
    timeline = VideoClassifier(model, classes=['a', 'b', 'c']).timeline(video, 1.0, 0.5)
    assert len(timeline.scores) == 3
