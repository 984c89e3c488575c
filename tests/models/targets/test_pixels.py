"""Pixel targets are cubes in unit range, optionally normalised per cube and channel."""

import pytest
import torch

from mmvideomae.models.targets import PixelTarget
from mmvideomae.ops.tokens import patchify

IDS = torch.tensor([[0, 5, 7], [1, 2, 6]])


def test_raw_and_normalised_cubes() -> None:
    clips = torch.rand(2, 3, 4, 4, 4)
    raw = PixelTarget(2, 2, normalise='none')(clips, IDS, lambda values: values / 2)
    assert torch.equal(raw, patchify(clips, 2, 2, IDS) / 2)
    cubes = PixelTarget(2, 2)(clips, IDS, lambda values: values).reshape(6, 8, 3)
    torch.testing.assert_close(cubes.mean(1), torch.zeros(6, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(cubes.std(1), torch.ones(6, 3), atol=1e-4, rtol=0)


@pytest.mark.parametrize('option', [{'span': 'end'}, {'normalise': 'per_patch'}])
def test_unknown_choices_are_refused_by_name(option: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(option.values()))):
        PixelTarget(2, 8, **option)
