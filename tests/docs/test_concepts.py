"""Contract: the config of docs/concepts.md changes what it says; its table explains real names."""

import re
from pathlib import Path

import pytest

from mmvideomae.cli.options import parse_option
from mmvideomae.configs import apply_options, read_config

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'concepts.md').read_text(encoding='utf-8')


def test_a_config_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (text,) = re.findall(r'^```python\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
    Path('mine.py').write_text(text)
    mine = read_config('mine.py')
    assert mine.train_cfg.max_epochs == 60
    (base,) = re.findall(r"_base_ = '(.+)'", text)
    same = read_config(ROOT / base)
    (words,) = re.findall(r'train CONFIG --cfg-options (train_cfg.+)', PAGE)
    apply_options(same, dict(map(parse_option, words.split())))
    assert mine.to_dict() == same.to_dict()
    for name in re.findall(r'([A-Z_]+)=data', PAGE):
        assert f'${name}:' in (ROOT / 'configs/_base_/datasets/custom.py').read_text()


def test_the_parts_of_a_name() -> None:
    (name,) = re.findall(r'as in `(\S+)`:', PAGE)
    assert (ROOT / f'configs/pretrain/videomae/{name}.py').is_file()
    parts = re.findall(r'^\| `(\S+)` \|', PAGE.partition('as in `')[2], re.MULTILINE)
    assert (
        tuple(parts[:6]) == re.fullmatch(r'(\w+?)_(\S+?)_(\w+?)-(\w+?)-(\w+?)_(\w+)', name).groups()
    )
