"""Contract: DALL-E's autoencoder has its published size, and correct codes and pixels."""

import pytest
import torch
from torch import nn

from mmvideomae.models.tokenizers import DalleTokenizer, dalle
from tests.support.dalle_files import TINY


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture
def tokenizer() -> DalleTokenizer:
    torch.manual_seed(0)
    made = DalleTokenizer(**TINY)
    for parameter in made.parameters():  # so that codes and pixels differ
        nn.init.normal_(parameter, std=0.3)
    return made.eval()


def test_sizes_are_the_published_ones() -> None:
    with torch.device('meta'):
        whole, half = DalleTokenizer(), DalleTokenizer(has_decoder=False)
    assert count(whole.encoder) == count(half) == 53_786_240
    assert count(whole.decoder) == 43_829_766
    assert whole.num_codes == 8192 and whole.factor == 8
    block = whole.encoder.group_1.block_1
    assert block.gain == whole.decoder.group_4.block_2.gain == 1 / 64
    sides = [
        [layer.kernel_size[0] for layer in part.res_path if isinstance(layer, nn.Conv2d)]
        for part in (block, whole.decoder.group_1.block_1)
    ]
    assert sides == [[3, 3, 3, 1], [1, 3, 3, 3]]


@pytest.mark.parametrize('size', [(16, 24), (8, 8)])
def test_shapes_and_ranges(tokenizer: DalleTokenizer, size: tuple[int, int]) -> None:
    frames = torch.rand(3, 3, *size)
    codes = tokenizer.encode(frames)
    assert codes.dtype == torch.int64 and codes.shape == (3, size[0] // 8, size[1] // 8)
    assert codes.min() >= 0 and codes.max() < 16
    back = tokenizer.decode(codes)
    assert back.dtype == torch.float32 and back.shape == frames.shape
    assert back.min() >= 0 and back.max() <= 1 and back.std() > 0
    assert not codes.requires_grad and not back.requires_grad


def test_codes_are_the_most_likely_of_shifted_pixels(tokenizer: DalleTokenizer) -> None:
    frames = torch.rand(2, 3, 32, 32)
    logits = tokenizer.encoder(0.8 * frames + 0.1)
    codes = tokenizer.encode(frames)
    assert torch.equal(codes, logits.argmax(1)) and codes.unique().numel() > 1


def test_a_batch_gives_what_its_frames_give(
    tokenizer: DalleTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = torch.rand(5, 3, 16, 16)
    codes = tokenizer.encode(frames)
    singles = torch.cat([tokenizer.encode(frame[None]) for frame in frames])
    assert torch.equal(codes, singles)
    monkeypatch.setattr(dalle, '_LOGITS', 2 * 16 * 4)  # two frames at a time
    assert torch.equal(codes, tokenizer.encode(frames))
    drawn = torch.cat([tokenizer.decode(each[None]) for each in codes])
    torch.testing.assert_close(tokenizer.decode(codes), drawn)


def test_decoding_is_a_convolution_of_one_hot_codes(tokenizer: DalleTokenizer) -> None:
    codes = torch.randint(16, (2, 3, 4))
    one_hot = nn.functional.one_hot(codes, 16).permute(0, 3, 1, 2).float()
    pixels = tokenizer.decoder(one_hot)[:, :3].sigmoid()
    expected = ((pixels - 0.1) / 0.8).clamp(0, 1)
    torch.testing.assert_close(tokenizer.decode(codes), expected)
    assert torch.equal(tokenizer.decode(codes.to(torch.int16)), tokenizer.decode(codes))


def test_codes_are_taken_in_full_precision_under_autocast(tokenizer: DalleTokenizer) -> None:
    frames = torch.rand(2, 3, 32, 32)
    with torch.autocast('cpu', torch.bfloat16):
        codes = tokenizer.encode(frames)
        features = tokenizer.encoder[:-1](0.8 * frames + 0.1)
        assert features.dtype == torch.bfloat16
    assert torch.equal(codes, tokenizer.encoder.output(features.float()).argmax(1))


def test_what_does_not_fit_is_named(tokenizer: DalleTokenizer) -> None:
    with pytest.raises(ValueError, match=r'multiples of 8 pixels, not \(1, 3, 12, 16\)'):
        tokenizer.encode(torch.rand(1, 3, 12, 16))
    with pytest.raises(ValueError, match=r'\[0, 16\], but DalleTokenizer has 16'):
        tokenizer.decode(torch.tensor([[[0, 16]]]))
    with pytest.raises(RuntimeError, match='has_decoder=True'):
        DalleTokenizer(**TINY, has_decoder=False).decode(torch.zeros(1, 1, 1))


def test_a_fingerprint_tells_what_changes_codes_from_what_does_not(
    tokenizer: DalleTokenizer,
) -> None:
    before = tokenizer.fingerprint()
    assert len(before) == 16 and before == tokenizer.fingerprint()
    tokenizer.decoder.input.bias.data += 1
    assert tokenizer.fingerprint() == before
    tokenizer.encoder.input.bias.data[0] += 1e-3
    assert tokenizer.fingerprint() != before
