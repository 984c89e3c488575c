"""Contract: the command and Python code of docs/features.md run unchanged, with your files."""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config

from mmvideomae.apis import init_model
from mmvideomae.apis.features.settings import PRESET_NAMES
from mmvideomae.cli.commands.features import options
from tests.support.models import tiny_recognizer
from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'features.md').read_text(encoding='utf-8')


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """config.py, weights.pth, film.mp4 and data/videos/a.mp4 in the working directory."""
    pipeline = [
        dict(type='OpenVideo'),
        dict(type='SampleDenseClips', clip_len=4, stride=2, num_clips=2, test_mode=True),
        dict(type='ReadFrames'),
        dict(type='CropViews', size=32),
        dict(type='PackClips'),
    ]
    cfg = Config({'model': tiny_recognizer(), 'test_pipeline': pipeline})
    cfg.dump(tmp_path / 'config.py')
    torch.save({'state_dict': init_model(cfg).state_dict()}, tmp_path / 'weights.pth')
    write_video(tmp_path / 'film.mp4', moving_shapes(20), fps=10)
    write_video(tmp_path / 'data' / 'videos' / 'a.mp4', moving_shapes(20), fps=10)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python(here: Path) -> None:
    snippets = re.findall(r'^```python\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
    code = next(snippet for snippet in snippets if 'FeatureExtractor' in snippet)
    values: dict[str, Any] = {}
    exec(code, values)
    # Windows span 8 frames, a quarter of that apart: centres at 4, 6, ... frames.
    np.testing.assert_allclose(values['times'], np.arange(4, 18, 2) / 10)
    np.testing.assert_array_equal(np.load('film.npy'), values['features'])


def test_command(here: Path, call_tool: CallTool) -> None:
    line = next(each for each in PAGE.splitlines() if each.startswith('python tools/misc'))
    words = shlex.split(line.replace('CONFIG', 'config.py').replace('CKPT', 'weights.pth'))[1:]
    assert call_tool(words[0].removeprefix('tools/'), *words[1:]).code == 0
    assert np.load('work_dirs/features/a.npy').shape == (7, 32)


def test_all_presets_and_options_are_told() -> None:
    known = options().format_help()
    for name in PRESET_NAMES:
        assert f'| `{name}` |' in PAGE
    for option in re.findall(r'`(--[a-z-]+)`', PAGE):
        assert f'{option} ' in known or f'{option}\n' in known
