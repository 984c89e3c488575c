"""Contract: a pre-training step on files of codes equals the step on their pixels."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope

from mmvideomae.datasets.video_list_dataset import VideoListDataset
from mmvideomae.formats.code_files import CodeInfo
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.preparation.codes.jobs import describe_codes
from mmvideomae.registry import MODELS
from tests.support.codes import CODE_GRID, NUM_CODES, tiny_vimpac
from tests.support.videos import moving_shapes, write_video


@pytest.fixture
def model() -> Any:
    init_default_scope('mmvideomae')
    torch.manual_seed(0)
    return MODELS.build(tiny_vimpac()).train()


def batch(videos: Path, opening: dict[str, Any], read: str, crop: Any) -> dict[str, Any]:
    noise = {'type': 'BertNoise', 'num_codes': NUM_CODES, 'per': 'block'}
    data = VideoListDataset(
        sources=[{'folder': str(videos)}],
        pipeline={
            'open': opening,
            'sample': {'type': 'SampleFps', 'clip_len': 4, 'fps': 2, 'num_clips': 2},
            'read': {'type': read},
            'crop': crop,
            'mask': {
                'type': 'GenerateMasks',
                'grid_size': CODE_GRID,
                'encoder': {'type': 'BlockMask', 'num_blocks': 4},
                'noise': noise,
            },
            'pack': {'type': 'PackClips'},
        },
    )
    data.set_epoch(0, 3)
    return default_collate([data[0], data[1]])


def test_losses_of_files_and_of_pixels_are_equal(model: Any, tmp_path: Path) -> None:
    videos, out = tmp_path / 'videos', tmp_path / 'codes'
    extractor = CodeExtractor(model.data_preprocessor.tokenizer, 2, 32)
    describe_codes(extractor.info, out)
    for name, frames in (('a', 60), ('b', 15)):  # 6 seconds, and less than a clip
        write_video(videos / f'{name}.mp4', moving_shapes(frames, 48, 64, seed=frames), fps=10)
        extractor.save(videos / f'{name}.mp4', out, name)
    crop = {'type': 'DiagonalCrop', 'size': 32}
    pixels = batch(videos, {'type': 'OpenVideo'}, 'ReadFrames', crop)
    files = {'type': 'OpenCodes', 'folder': str(out), 'size': 32}
    codes = batch(videos, files, 'ReadCodes', None)
    assert pixels['inputs'].shape == (2, 2, 4, 32, 32, 3)
    assert codes['codes'].shape == (2, 2, 4, 4, 4)
    assert codes['pad_mask'].any() and (codes['pad_mask'] == pixels['pad_mask']).all()
    losses = []
    for each in (pixels, codes):
        torch.manual_seed(0)
        losses.append(model(**model.data_preprocessor(each, training=True), mode='loss'))
    assert losses[0].keys() == losses[1].keys() and 'loss_contrast' in losses[0]
    for key, value in losses[0].items():
        assert torch.equal(value, losses[1][key]) and value.isfinite(), key


def test_files_of_another_tokenizer_are_refused(model: Any, tmp_path: Path) -> None:
    videos, out = tmp_path / 'videos', tmp_path / 'codes'
    extractor = CodeExtractor(model.data_preprocessor.tokenizer, 2, 32)
    for name in ('a', 'b'):
        write_video(videos / f'{name}.mp4', moving_shapes(40, 48, 64), fps=10)
        extractor.save(videos / f'{name}.mp4', out, name)
    CodeInfo('VQVAE', 'another', NUM_CODES, 8, 2.0, 32, ('32-centre',)).write(out)
    codes = batch(videos, {'type': 'OpenCodes', 'folder': str(out), 'size': 32}, 'ReadCodes', None)
    with pytest.raises(ValueError, match=r'a\.mp4.*tokenizer another, but .* brightness'):
        model.data_preprocessor(codes, training=True)
