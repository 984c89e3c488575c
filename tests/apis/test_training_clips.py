"""Contract: clips have the length, density and size of a config's training, anywhere in a video."""

from pathlib import Path

import numpy as np
import pytest
from mmengine import Config

from mmvideomae.apis.training_clips import ClipSampling, sampling_of
from mmvideomae.video.readers import open_reader
from tests.support.leaves import CONFIGS, read
from tests.support.videos import numbered_frames, write_video


@pytest.mark.parametrize(
    ('leaf', 'expected'),
    [
        ('demo/videomae_vit-tiny-p8_pretrain_motion.py', (8, 2, None, (32, 32))),
        ('pretrain/vimpac/vqvae_own-videos.py', (8, 8, None, (128, 128))),
        # From files of codes and from pixels.
        ('pretrain/vimpac/vimpac_small-p8_1xb64-5x2fps-100e_custom.py', (5, None, 2, (128, 128))),
        (
            'pretrain/vimpac/vimpac_small-p8_1xb64-5x2fps-100e_custom_pixels.py',
            (5, None, 2, (128, 128)),
        ),
    ],
)
def test_a_config_says_its_clips(leaf: str, expected: tuple[object, ...]) -> None:
    assert sampling_of(read(CONFIGS / leaf)) == ClipSampling(*expected)
    assert sampling_of(Config({'model': {}})) is None


def test_clips_of_a_rate_repeat_their_last_frame_beyond_the_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', numbered_frames(30), fps=10)  # 3 seconds
    sampling = ClipSampling(4, None, 2, (32, 32))
    with open_reader(path) as reader:
        middle = sampling.indices(reader)
        np.testing.assert_allclose(np.diff(middle), 5)
        assert abs(middle.mean() - 14.5) <= 1
        assert sampling.indices(reader, start=0.0).tolist() == [0, 5, 10, 15]
        assert sampling.indices(reader, start=2.0).tolist() == [20, 25, 25, 25]
        assert sampling.indices(reader, 0.0, stride=3).tolist() == [0, 3, 6, 9]
        with pytest.raises(ValueError, match=r'3\.00 s long'):
            sampling.indices(reader, start=3.0)
        long = ClipSampling(10, None, 2, (32, 32)).indices(reader)
        assert long[0] == 0 and (long[5:] == 25).all()
