"""Contract: docs/architecture.md names existing modules, and its snippets run unchanged."""

import re
from collections.abc import Callable
from pathlib import Path

from mmvideomae.synthetic.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'architecture.md').read_text(encoding='utf-8')


def test_modules_and_names_exist() -> None:
    modules = re.findall(r'`([a-z_]+/[a-z_0-9/]*(?:\.py)?)`', PAGE)
    assert len(modules) > 12
    for name in modules:
        assert any((base / name).exists() for base in (ROOT / 'mmvideomae', ROOT)), name


def test_each_snippet_runs_in_order(tmp_path: Path, run_page: Callable[..., str]) -> None:
    for speaker in ('ada', 'bob'):
        (tmp_path / 'videos' / speaker).mkdir(parents=True)
        write_video(tmp_path / 'videos' / speaker / '1.mp4', moving_shapes(12, 48, 64))
    snippets = re.findall(r'^```python\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
    assert len(snippets) == PAGE.count('\n### ') + 1  # the target has two
    run_page(tmp_path, [], "videos = 'videos'\n" + '\n'.join(snippets))
