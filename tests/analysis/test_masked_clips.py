"""A clip's masked codes are drawn and measured on its hidden patches alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmvideomae.analysis.masked_clips import MaskedClips
from mmvideomae.analysis.masked_codes import COPIES, MASKS
from tests.support.videos import moving_shapes, write_video


class GreyTokenizer(nn.Module):
    """The code of 8 x 8 pixels is their mean grey in 16 steps."""

    factor = 8

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1))

    def encode(self, frames: Tensor) -> Tensor:
        return (nn.functional.avg_pool2d(frames.mean(1, keepdim=True), 8)[:, 0] * 15).round().long()

    def decode(self, codes: Tensor) -> Tensor:
        grey = (codes.float() / 15)[:, None].expand(-1, 3, -1, -1)
        return nn.functional.interpolate(grey, scale_factor=8)


@pytest.fixture(scope='module')
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A still clip of one colour, and one in which shapes move."""
    folder = tmp_path_factory.mktemp('clips')
    still = np.full((20, 64, 64, 3), 128, np.uint8)
    return (
        write_video(folder / 'still.mp4', still, fps=10),
        write_video(folder / 'moving.mp4', moving_shapes(20, 64, 64, seed=1), fps=10),
    )


def masked(**settings: float) -> MaskedClips:
    given = {'clip_len': 3, 'fps': 5.0, 'size': 64, 'ratios': (0.3,), 'draws': 2, **settings}
    return MaskedClips(GreyTokenizer(), **given)


def test_every_kind_of_mask_is_measured_for_every_ratio(clips: tuple[Path, Path]) -> None:
    found = masked(ratios=(0.2, 0.4))(clips[1])
    assert found.frames.shape == (3, 64, 64, 3) and tuple(found.codes.shape) == (3, 8, 8)
    np.testing.assert_allclose(found.seconds, [0.8, 1.0, 1.2], atol=1e-6)  # of 2 seconds
    told = [(each['mask'], each['ratio']) for each in found.summaries]
    assert told == [(kind, ratio) for ratio in (0.2, 0.4) for kind in MASKS]
    for each in found.summaries:
        assert len(each['psnr']) == len(each['accuracy']) == len(COPIES)
    picture = found.picture()
    assert picture.dtype == np.uint8 and picture.shape[2] == 3


def test_copies_restore_a_still_clip_and_only_hidden_patches_count(
    clips: tuple[Path, Path],
) -> None:
    still, moving = masked()(clips[0]), masked()(clips[1])
    for view in still.views:
        assert set(view.accuracy.values()) == {1.0}
        assert list(still.psnr(view).values()) == pytest.approx([60.0] * len(COPIES))
    (view, *_) = moving.views
    wrong = {name: codes.clone() for name, codes in view.restored.items()}
    hidden = torch.from_numpy(view.mask)
    for codes in wrong.values():
        codes[~hidden] = 15 - codes[~hidden]  # what is visible does not count
    assert moving.psnr(view) == moving.psnr(view.__class__(**{**vars(view), 'restored': wrong}))
    for codes in wrong.values():
        codes[hidden] = (moving.codes[hidden] + 8) % 16
    worse = moving.psnr(view.__class__(**{**vars(view), 'restored': wrong}))
    assert all(worse[name] < value for name, value in moving.psnr(view).items())


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'size': 60}, 'not a multiple of 8'),
        ({'clip_len': 0}, 'too few'),
        ({'draws': 0}, 'too few'),
    ],
)
def test_settings_that_make_no_clip_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        masked(**settings)
