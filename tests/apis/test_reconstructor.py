"""Contract: Reconstructor shows the config's own clips and masks, for every kind of target."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import Config

from mmvideomae.apis import Reconstructor, init_model
from mmvideomae.apis.reconstructor import fit_clip
from mmvideomae.models.targets.pixels import NOTES
from mmvideomae.video.readers import VideoReadError, open_reader
from tests.support.models import tiny_videomae
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import frame_number, media_clip, numbered_frames, write_video


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp('video') / 'a b.mp4', numbered_frames(30), fps=10)


def _model(**model: str) -> torch.nn.Module:
    return init_model(tiny_pretrain_config('videos', 'work', tiny_videomae(**model)), device='cpu')


def test_clip_of_the_middle_and_of_a_given_time(video: Path) -> None:
    reconstructor = Reconstructor(_model())  # 4 frames at stride 2
    middle = reconstructor(video)
    np.testing.assert_allclose(middle.seconds, np.array([11, 13, 15, 17]) / 10)
    assert middle.title == 'a b.mp4' and middle.frames.shape == (4, 32, 32, 3)
    assert [frame_number(frame) for frame in middle.frames] == [11, 13, 15, 17]
    late = reconstructor(video, start=2.6)
    np.testing.assert_allclose(late.seconds, np.array([26, 28, 28, 28]) / 10)  # as in training
    wide = reconstructor(open_reader(video), start=0, stride=5)
    np.testing.assert_allclose(wide.seconds, np.array([0, 5, 10, 15]) / 10)


def test_ratios_are_those_asked_or_the_config_s(video: Path) -> None:
    reconstructor = Reconstructor(_model())
    clip = reconstructor(video, mask_ratios=(0.5, 0.75, 0.9))
    assert [view.masked_share for view in clip.views] == [0.5, 0.75, 14 / 16]
    assert [view.masked_share for view in reconstructor(video, None).views] == [0.75]
    for ratio in (0.01, 1.0, -0.5):
        with pytest.raises(ValueError, match=str(ratio)):
            reconstructor(video, (ratio,))


def test_reconstruction_is_the_model_s(video: Path) -> None:
    model = _model(normalise='none')
    clip = Reconstructor(model)(video, (0.75,))
    view = clip.views[0]
    mask = torch.from_numpy(~view.seen[::2].reshape(1, -1))
    inputs = model.data_preprocessor.normalise(
        torch.from_numpy(clip.frames).permute(3, 0, 1, 2)[None]
    )
    with torch.no_grad():
        output = model.reconstruct(inputs, mask)
    assert view.loss == pytest.approx(float(output.loss))
    hidden = view.predicted.repeat(8, 1).repeat(8, 2)
    # Each patch's pixels are the prediction's, whatever their order: same values overall.
    np.testing.assert_allclose(
        np.sort(view.pixels[hidden].ravel()), np.sort(output.pred.numpy().ravel()), atol=1e-6
    )


@pytest.mark.parametrize('target', ['clip', 'centre', 'dense'])
@pytest.mark.parametrize('normalise', ['per_channel', 'none'])
def test_every_target(video: Path, tmp_path: Path, target: str, normalise: str) -> None:
    clip = Reconstructor(_model(target=target, normalise=normalise))(video, (0.5, 0.75))
    assert len(clip.frames) == (8 if target == 'dense' else 4)
    path = clip.save(tmp_path / 'a.png', num_frames=4)
    assert path.stat().st_size > 1000
    assert (clip.views[0].note == NOTES['raw']) == (normalise == 'none')
    assert len(clip.masked) == len(clip.reconstructed) == 2


def test_dual_masking_leaves_tokens_out_unless_told(video: Path) -> None:
    model = tiny_videomae()
    cfg = tiny_pretrain_config('x', 'y', model, {'type': 'RunningCellMask', 'ratio': 0.5})
    built = init_model(cfg, device='cpu')
    view = Reconstructor(built)(video, (0.75,)).views[0]
    assert view.predicted.mean() == 0.5 and (~view.seen & ~view.predicted).any()
    whole = Reconstructor(built, all_tokens=True)(video, (0.75,)).views[0]
    np.testing.assert_array_equal(whole.predicted, ~whole.seen)


def test_seed_draws_the_masks_and_nothing_else_is_random(video: Path) -> None:
    model = _model()
    first, again, other = (Reconstructor(model, seed=s)(video, (0.75,)).views[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first.seen, again.seen)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert (first.seen != other.seen).any()


def test_animation_runs_at_the_clip_s_own_speed(video: Path, tmp_path: Path) -> None:
    with open_reader(Reconstructor(_model())(video).save(tmp_path / 'a.mp4'), 'pyav') as animation:
        assert len(animation) == 4 and animation.fps == pytest.approx(5)
    Reconstructor(_model())(video).save(tmp_path / 'a.gif')
    with pytest.raises(ValueError, match=r'a\.webp'):
        Reconstructor(_model())(video).save(tmp_path / 'a.webp')


def test_what_cannot_be_reconstructed_is_refused(video: Path, tmp_path: Path) -> None:
    classifier = torch.nn.Linear(2, 2)
    with pytest.raises(ValueError, match='Linear cannot reconstruct'):
        Reconstructor(classifier)
    bare = init_model(
        Config({'default_scope': 'mmvideomae', 'model': tiny_videomae()}), device='cpu'
    )
    with pytest.raises(ValueError, match='no SampleClip, ClipMultiScaleCrop, GenerateMasks'):
        Reconstructor(bare)
    reconstructor = Reconstructor(_model())
    with pytest.raises(VideoReadError, match='no such file'):
        reconstructor(tmp_path / 'none.mp4')
    with pytest.raises(ValueError, match=r'3\.00 s long'):
        reconstructor(video, start=3.0)


def test_fit_cuts_the_centre() -> None:
    frames = np.zeros((1, 40, 80, 3), np.uint8)
    frames[:, :, 20:60] = 255
    assert (fit_clip(frames, (20, 20)) == 255).all()
    assert fit_clip(frames, (40, 20)).shape == (1, 40, 20, 3)
    assert fit_clip(frames[:, :10, :10], (32, 32)).shape == (1, 32, 32, 3)


def test_real_clip(tmp_path: Path) -> None:
    clip = media_clip('arm_wrestling.mp4')
    if clip is None:
        pytest.skip('no real clips here')
    shown = Reconstructor(_model(), statistics='visible')(clip)
    assert shown.frames.std() > 20
    assert shown.save(tmp_path / 'a.png').stat().st_size > 10_000
