"""Contract: codes in files equal those that a model computes from the pixels, at any length."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmvideomae.datasets.transforms import DiagonalCrop
from mmvideomae.datasets.video_list_dataset import VideoListDataset
from mmvideomae.formats.code_files import code_path, open_codes
from mmvideomae.models.data_preprocessors.codes import CodeDataPreprocessor
from mmvideomae.ops.codes import encode_frames
from mmvideomae.preparation.codes import extractor as extractor_module
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.preparation.codes.jobs import describe_codes
from mmvideomae.video.readers import VideoReadError
from tests.support.code_files import VIEWS
from tests.support.tokenizers import tiny_tokenizer
from tests.support.videos import make_broken_video, moving_shapes, write_video

TOKENIZER = tiny_tokenizer()


def of_dataset(
    videos: Path, opening: Mapping[str, Any], crop: Any, read: str, **sample: Any
) -> Any:
    """Codes and padding of the first sample of a data set, on the fly or from files."""
    test_mode = sample.get('test_mode', False)
    data = VideoListDataset(
        sources=[{'folder': str(videos)}],
        pipeline={
            'open': dict(opening),
            'sample': {'type': 'SampleFps', 'num_clips': 2, **sample},
            'read': {'type': read},
            'crop': crop,
            'pack': {'type': 'PackClips'},
        },
        test_mode=test_mode,
    )
    data.set_epoch(0, 0)
    packed = {key: value[None] for key, value in data[0].items() if key != 'data_samples'}
    return CodeDataPreprocessor(TOKENIZER).to_codes(packed), packed['pad_mask']


@pytest.mark.parametrize(
    ('rate', 'shown', 'fps', 'grid_fps', 'clip_len'),
    [(25, 90, 2, 2, 5), (30, 61, 2, 16, 3), (10, 31, 4, 16, 5), (24000 / 1001, 70, 4, 4, 8)],
)
@pytest.mark.parametrize('test_mode', [False, True])
def test_files_hold_what_is_computed_on_the_fly(
    tmp_path: Path, rate: float, shown: int, fps: int, grid_fps: int, clip_len: int, test_mode: bool
) -> None:
    videos, out = tmp_path / 'videos', tmp_path / 'codes'
    write_video(videos / 'a.mp4', moving_shapes(shown, 48, 64, seed=2), fps=rate)
    views = {'size': 32, **VIEWS} if test_mode else {'size': 32}
    extractor = CodeExtractor(TOKENIZER, grid_fps, batch_size=7, **views)
    describe_codes(extractor.info, out)
    frames = extractor.save(videos / 'a.mp4', out, 'a')
    assert frames == np.ceil(shown / rate * grid_fps - 1e-6)
    sample = {'clip_len': clip_len, 'fps': fps, 'test_mode': test_mode}
    files = {'type': 'OpenCodes', 'folder': str(out), **views, 'test_mode': test_mode}
    crop = {'type': 'DiagonalCrop', **views, 'test_mode': test_mode}
    pixels, padded = of_dataset(
        videos, {'type': 'OpenVideo'}, crop, 'ReadFrames', grid_fps=grid_fps, **sample
    )
    codes, pads = of_dataset(videos, files, None, 'ReadCodes', **sample)
    assert codes.shape == (1, 24 if test_mode else 2, clip_len, 4, 4)
    assert (padded == pads).all() and (pixels == codes).all()
    assert len(codes.unique()) > 8  # the codes tell something


def test_each_frame_is_decoded_and_encoded_once_and_repeated_where_the_video_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(8, 48, 64), fps=5)
    encoded: list[int] = []

    def counting(encode: Any, frames: torch.Tensor, chunk: int) -> torch.Tensor:
        encoded.append(len(frames))
        return encode_frames(encode, frames, chunk)

    monkeypatch.setattr(extractor_module, 'encode_frames', counting)
    extractor = CodeExtractor(TOKENIZER, 20, 32, batch_size=3)
    done: list[tuple[int, int]] = []
    extractor.save(tmp_path / 'a.mp4', tmp_path / 'out', 'a', lambda *now: done.append(now))
    assert encoded == [3, 3, 2] and done[-1] == (32, 32)
    codes = open_codes(code_path(tmp_path / 'out', 'a', '32-centre'), (4, 4))
    assert len(codes) == 32 and len({frame.tobytes() for frame in codes}) == 8
    assert (codes[1::4] == codes[::4]).all()  # each of the frames for a fifth of a second


def test_batches_make_no_difference(tmp_path: Path) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(50, 48, 64), fps=25)
    found = []
    for size in (1, 24, 500):
        out = tmp_path / str(size)
        extractor = CodeExtractor(TOKENIZER, 16, 32, **VIEWS, batch_size=size)
        extractor.save(tmp_path / 'a.mp4', out, 'a')
        found.append(np.stack([np.load(file) for file in sorted((out / 'a').iterdir())]))
    assert found[0].shape == (12, 32, 4, 4)
    assert (found[0] == found[1]).all() and (found[0] == found[2]).all()


def test_frames_in_a_folder_are_a_video(tmp_path: Path) -> None:
    frames = moving_shapes(10, 48, 64)
    (tmp_path / 'a').mkdir()
    for number, frame in enumerate(frames, 1):
        cv2.imwrite(str(tmp_path / 'a' / f'img_{number:05}.png'), frame[..., ::-1])
    extractor = CodeExtractor(TOKENIZER, 5, 32, filename_tmpl='img_{:05}.png', folder_fps=10)
    assert extractor.save(tmp_path / 'a', tmp_path / 'out', 'a') == 5
    squares = DiagonalCrop(32).cut(frames[4], extractor.crop.views)
    expected = encode_frames(TOKENIZER.encode, torch.from_numpy(squares))
    codes = open_codes(code_path(tmp_path / 'out', 'a', '32-centre'), (4, 4))
    assert (codes[2] == expected[0].numpy()).all()


def test_a_broken_video_leaves_nothing(tmp_path: Path) -> None:
    path = make_broken_video('missing_frames', tmp_path / 'a.mp4')
    with pytest.raises(VideoReadError, match=r'a\.mp4'):
        CodeExtractor(TOKENIZER, 25, 32).save(path, tmp_path / 'out', 'a')
    assert not list((tmp_path / 'out').rglob('*.npy'))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ValueError, match='size 36 is not a multiple of 8'):
        CodeExtractor(TOKENIZER, 2, 36)
    with pytest.raises(ValueError, match='must be positive, got 64, 0, 25'):
        CodeExtractor(TOKENIZER, 0, 32)
