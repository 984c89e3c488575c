"""Contract: a VQ-VAE gives the codes of its training, one by one or in a batch."""

import pytest
import torch

from mmvideomae.models.tokenizers import VQVAE
from mmvideomae.registry import TOKENIZERS


@pytest.fixture
def tokenizer() -> VQVAE:
    torch.manual_seed(0)
    config = dict(type='VQVAE', num_codes=16, widths=(4, 8, 12), num_blocks=1, code_dims=4)
    made = TOKENIZERS.build(config)
    for _ in range(3):
        made(torch.rand(4, 3, 32, 32))
    return made.eval()


def test_sizes() -> None:
    with torch.device('meta'):
        made = VQVAE()
    assert sum(parameter.numel() for parameter in made.parameters()) == 4_657_059
    assert (made.num_codes, made.factor) == (8192, 8)
    assert VQVAE(16, widths=(4, 4)).factor == 4


def test_codes_and_pixels(tokenizer: VQVAE) -> None:
    frames = torch.rand(3, 3, 16, 24)
    codes = tokenizer.encode(frames)
    assert codes.dtype == torch.int64 and codes.shape == (3, 2, 3) and codes.max() < 16
    singles = torch.cat([tokenizer.encode(frame[None]) for frame in frames])
    assert torch.equal(codes, singles)
    coded = tokenizer(frames)
    assert torch.equal(coded.codes, codes)
    back = tokenizer.decode(codes)
    assert back.shape == frames.shape and back.min() >= 0 and back.max() <= 1
    torch.testing.assert_close(back, coded.frames.clamp(0, 1))
    assert not back.requires_grad and coded.frames.requires_grad
    with pytest.raises(ValueError, match='but VQVAE has 16'):
        tokenizer.decode(torch.full((1, 1, 1), 16))
    with pytest.raises(ValueError, match='multiples of 8'):
        tokenizer(torch.rand(1, 3, 12, 8))


def test_the_fingerprint_is_that_of_what_makes_codes(tokenizer: VQVAE) -> None:
    before = tokenizer.fingerprint()
    tokenizer.quantizer.counts += 1
    tokenizer.decoder[0].bias.data += 1
    assert tokenizer.fingerprint() == before
    tokenizer.quantizer.codebook[0] += 1
    assert tokenizer.fingerprint() != before
