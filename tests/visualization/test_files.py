"""Contract: pictures and animations are read back as they were written."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mmvideomae.visualization.files import save_animation, save_picture

FRAMES = np.repeat(np.array([20, 120, 220], np.uint8), 32 * 48 * 3).reshape(3, 32, 48, 3)


def test_png_is_exact(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = save_picture(tmp_path / 'new' / 'a.png', picture)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), picture)


def test_gif_repeats_all_frames_at_the_rate(tmp_path: Path) -> None:
    with Image.open(save_animation(tmp_path / 'a.gif', FRAMES, fps=5)) as gif:
        assert gif.n_frames == 3 and gif.info['loop'] == 0 and gif.info['duration'] == 200
        for number, frame in enumerate(FRAMES):
            gif.seek(number)
            assert np.abs(np.asarray(gif.convert('RGB')).astype(int) - frame).max() <= 2


def test_mp4_holds_all_frames(tmp_path: Path) -> None:
    with av.open(str(save_animation(tmp_path / 'a.mp4', FRAMES, fps=7.5))) as video:
        stream = video.streams.video[0]
        assert float(stream.average_rate) == 7.5 and stream.codec_context.name == 'h264'
        decoded = np.stack([f.to_ndarray(format='rgb24') for f in video.decode(stream)])
    assert decoded.shape == FRAMES.shape
    assert np.abs(decoded.astype(int) - FRAMES).max() <= 4


def test_wrong_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'a\.gif: the name must end in \.png'):
        save_picture(tmp_path / 'a.gif', FRAMES[0])
    with pytest.raises(ValueError, match=r'must end in \.gif or \.mp4'):
        save_animation(tmp_path / 'a.webm', FRAMES)
