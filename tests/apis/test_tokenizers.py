"""Contract: the tokenizer of a config gets weights, and is found anywhere in the config."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine import Config

from mmvideomae.apis import init_tokenizer
from mmvideomae.configs import ConfigError
from tests.support.tokenizers import TINY, tiny_tokenizer

PREPROCESSOR = {'type': 'CodeDataPreprocessor', 'tokenizer': TINY}
PLACES = [{'tokenizer': TINY}, {'data_preprocessor': PREPROCESSOR}]


@pytest.mark.parametrize('place', PLACES)
def test_weights_of_a_checkpoint(place: dict[str, Any], tmp_path: Path) -> None:
    prefix = 'tokenizer.' if 'tokenizer' in place else 'data_preprocessor.tokenizer.'
    weights = {f'{prefix}{key}': value for key, value in tiny_tokenizer().state_dict().items()}
    torch.save({'state_dict': weights}, tmp_path / 'model.pth')
    cfg = Config({'model': {'type': 'NoSuchModel', **place}})
    found = init_tokenizer(cfg, tmp_path / 'model.pth', 'cpu')  # without the rest of the model
    assert found.fingerprint() == tiny_tokenizer().fingerprint() and not found.training


def test_weights_of_its_own_file_need_no_model(tmp_path: Path) -> None:
    torch.save({'state_dict': tiny_tokenizer(3).state_dict()}, tmp_path / 'own.pth')
    own = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'own.pth')}
    model = {'type': 'NoSuchModel', 'data_preprocessor': {'tokenizer': {**TINY, 'init_cfg': own}}}
    found = init_tokenizer(Config({'model': model}), device='cpu')
    assert found.fingerprint() == tiny_tokenizer(3).fingerprint() and not found.training


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r'the config has no tokenizer: set'):
        init_tokenizer(Config({'model': {'type': 'NoSuchModel'}}))
    with pytest.raises(ConfigError, match='has random weights: give a checkpoint'):
        init_tokenizer(Config({'model': {'type': 'NoSuchModel', 'tokenizer': TINY}}))
    cfg = Config({'model': {'tokenizer': {'type': 'NoSuchTokenizer', 'init_cfg': {'type': 'x'}}}})
    with pytest.raises(ConfigError, match='NoSuchTokenizer'):
        init_tokenizer(cfg)
