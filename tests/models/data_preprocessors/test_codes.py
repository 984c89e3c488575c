"""Contract: pixels and files give the same codes; padding is PAD, and wrong codes are refused."""

from typing import Any

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from mmvideomae.models.data_preprocessors import (
    CodeClassificationPreprocessor,
    CodeDataPreprocessor,
)
from mmvideomae.ops.codes import encode_frames
from mmvideomae.registry import MODELS
from tests.support.codes import NUM_CODES, BrightnessTokenizer

PAD = NUM_CODES + 1
SHAPE = (2, 1, 3, 2, 3)


def build(kind: type = CodeDataPreprocessor, **options: Any) -> CodeDataPreprocessor:
    init_default_scope('mmvideomae')
    return kind(**{'tokenizer': {'type': 'BrightnessTokenizer'}, **options})


def samples(count: int, **info: Any) -> list[ActionDataSample]:
    found = []
    for number in range(count):
        sample = ActionDataSample(metainfo={'filename': f'{number}.mp4', **info})
        found.append(sample.set_gt_label(number))
    return found


@pytest.fixture
def pixels() -> torch.Tensor:
    """(B, R, T, H, W, C): 2 videos, 2 clips of each, 3 frames."""
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (2, 2, 3, 16, 24, 3), np.uint8))


def codes_of(pixels: torch.Tensor) -> torch.Tensor:
    """Brightness of each square of 8x8 pixels, written out."""
    squares = pixels.double().mean(-1).unflatten(-1, (3, 8)).unflatten(-3, (2, 8)).mean((-3, -1))
    return (squares / 255 * NUM_CODES).long()


def test_pixels_become_codes_clip_after_clip(pixels: torch.Tensor) -> None:
    batch = build()({'inputs': pixels}, training=True)
    assert batch['padded'] is False
    assert batch['inputs'].shape == (4, 3, 2, 3)
    assert batch['inputs'].dtype == torch.int64
    assert torch.equal(batch['inputs'], codes_of(pixels).flatten(0, 1))


def test_files_give_what_pixels_give(pixels: torch.Tensor) -> None:
    padding = torch.zeros(2, 2, 3, dtype=torch.bool)
    padding[0, 1, 1:] = True
    rest = {'pad_mask': padding, 'encoder_mask': torch.rand(2, 2, 18) < 0.5}
    of_pixels = build()({'inputs': pixels, **rest})
    of_files = build()({'codes': codes_of(pixels).to(torch.int16), **rest})
    assert of_pixels.keys() == of_files.keys()
    assert of_pixels.pop('padded') is of_files.pop('padded') is True
    for key, value in of_pixels.items():
        assert torch.equal(value, of_files[key]), key


def test_padding_is_not_encoded_and_never_asked(pixels: torch.Tensor) -> None:
    preprocessor = build(chunk=4)
    padding = torch.zeros(2, 2, 3, dtype=torch.bool)
    padding[0, 1, 2] = padding[1, 0, 1:] = True
    mask = torch.ones(2, 2, 18, dtype=torch.bool)
    batch = preprocessor({'inputs': pixels, 'pad_mask': padding, 'encoder_mask': mask})
    assert preprocessor.tokenizer.calls == [4, 4, 1]  # 9 of 12 frames, 4 at a time
    expected = codes_of(pixels)
    expected[padding] = PAD
    assert torch.equal(batch['inputs'], expected.flatten(0, 1))
    assert torch.equal(batch['asked_ids'], (expected != PAD).flatten().nonzero()[:, 0])


def test_padding_that_a_file_holds_is_not_asked(pixels: torch.Tensor) -> None:
    codes = codes_of(pixels)
    codes[1, 1, 2] = PAD
    batch = build()({'codes': codes, 'encoder_mask': torch.ones(2, 2, 18, dtype=torch.bool)})
    assert batch['asked_ids'].tolist() == list(range(72 - 6))


def test_lists_the_masked_places_of_the_batch(pixels: torch.Tensor) -> None:
    mask = torch.rand(2, 2, 18) < 0.3
    ids = torch.full((2, 2, 18), -2)
    batch = build()({'inputs': pixels, 'encoder_mask': mask, 'replacement_ids': ids})
    assert torch.equal(batch['asked_ids'], mask.flatten().nonzero()[:, 0])
    assert batch['encoder_mask'].shape == batch['replacement_ids'].shape == (4, 18)


def test_the_tokenizer_stays_as_it_is(pixels: torch.Tensor) -> None:
    preprocessor = build().train()
    assert preprocessor.training
    assert not preprocessor.tokenizer.training
    assert not any(p.requires_grad for p in preprocessor.parameters())
    assert list(preprocessor.state_dict()) == ['tokenizer.steps']
    with torch.autocast('cpu', torch.bfloat16):
        batch = preprocessor({'inputs': pixels})
    assert torch.equal(batch['inputs'], codes_of(pixels).flatten(0, 1))


def test_a_classifier_gets_views_apart_and_repeats_with_labels(pixels: torch.Tensor) -> None:
    preprocessor = build(CodeClassificationPreprocessor)
    data = {'inputs': pixels, 'data_samples': samples(2)}
    test = preprocessor(data)
    assert torch.equal(test['inputs'], codes_of(pixels))
    assert len(test['data_samples']) == 2
    train = preprocessor(data, training=True)
    assert torch.equal(train['inputs'][:, 0], codes_of(pixels).flatten(0, 1))
    assert [int(each.gt_label) for each in train['data_samples']] == [0, 0, 1, 1]


def test_is_built_by_name_and_says_what_it_knows() -> None:
    init_default_scope('mmvideomae')
    config = {'type': 'CodeDataPreprocessor'}
    assert MODELS.build(config).vocabulary.num_codes == 8192
    assert build().vocabulary.num_codes == NUM_CODES
    with pytest.raises(ValueError, match='num_codes is 8, but BrightnessTokenizer has 16'):
        build(num_codes=8)


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        ({'tokenizer': None}, 'the batch has pixels, but the data preprocessor has no tokenizer'),
        ({'codes': torch.zeros(2, 3, 2, 3)}, r'codes must have shape .* not \(2, 3, 2, 3\)'),
        (
            {'codes': torch.full((2, 1, 3, 2, 3), 16)},
            "video '0.mp4' has the code 16, .* are 0 to 15",
        ),
        ({'codes': torch.full((2, 1, 3, 2, 3), -1)}, "video '0.mp4' has the code -1"),
        (
            {'codes': torch.zeros(SHAPE).long(), 'data_samples': samples(2, tokenizer='x')},
            "video '0.mp4' was encoded by the tokenizer x, .* uses the tokenizer brightness",
        ),
    ],
)
def test_refuses_in_one_line(change: dict[str, Any], told: str, pixels: torch.Tensor) -> None:
    options = {key: change.pop(key) for key in ('tokenizer',) if key in change}
    data = {'inputs': pixels, 'data_samples': samples(2), **change}
    with pytest.raises(ValueError, match=told) as caught:
        build(**options)(data)
    assert '\n' not in str(caught.value)


def test_files_of_two_tokenizers_do_not_mix() -> None:
    codes = torch.zeros(SHAPE).long()
    mixed = samples(1, tokenizer='a') + samples(1, tokenizer='b')
    build(tokenizer=None)({'codes': codes, 'data_samples': samples(2, tokenizer='a')})
    with pytest.raises(ValueError, match=r'the tokenizer b, .* uses the tokenizer a'):
        build(tokenizer=None)({'codes': codes, 'data_samples': mixed})


def test_chunks_do_not_matter(pixels: torch.Tensor) -> None:
    tokenizer = BrightnessTokenizer().eval()
    frames = pixels.flatten(0, 2)
    whole = encode_frames(tokenizer.encode, frames, 100)
    assert torch.equal(encode_frames(tokenizer.encode, frames, 5), whole)
    assert tokenizer.calls == [12, 5, 5, 2]


def test_codes_become_pixels() -> None:
    preprocessor = build()
    assert preprocessor.to_pixels(torch.zeros(1, 2, 3).long()).shape == (1, 3, 16, 24)
    with pytest.raises(ValueError, match=r'set model.data_preprocessor.tokenizer to turn'):
        build(tokenizer=None).to_pixels(torch.zeros(1, 2, 3).long())
