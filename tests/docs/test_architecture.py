"""Contract: docs/architecture.md names existing modules."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'architecture.md').read_text(encoding='utf-8')


def test_modules_and_names_exist() -> None:
    modules = re.findall(r'`([a-z_]+/[a-z_0-9/]*(?:\.py)?)`', PAGE)
    assert len(modules) > 12
    for name in modules:
        assert any((base / name).exists() for base in (ROOT / 'mmvideomae', ROOT)), name
