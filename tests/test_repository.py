"""Contract: the image's steps call what exists, and refuse a level that does not."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / 'docker' / 'Dockerfile').read_text(encoding='utf-8').replace('\\\n', ' ')


@pytest.mark.parametrize(
    ('level', 'target'), [('core', 'install'), ('detection', 'install-detection'), ('full', None)]
)
def test_the_image_installs_its_level(tmp_path: Path, level: str, target: str | None) -> None:
    (step,) = re.findall(r'^RUN (case .*)$', DOCKERFILE, re.MULTILINE)
    make = tmp_path / 'make'
    make.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n')
    make.chmod(0o755)
    done = subprocess.run(
        ['sh', '-c', step],
        env={'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'LEVEL': level, 'HOME': str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    called = tmp_path / 'called'
    if target is None:
        assert done.returncode == 1 and 'got full' in done.stderr and not called.exists()
    else:
        assert done.returncode == 0 and called.read_text() == f'{target}\n'
        assert re.search(rf'^{target}:', (ROOT / 'Makefile').read_text(), re.MULTILINE)


def test_the_image_has_the_arguments_that_the_guide_names() -> None:
    guide = (ROOT / 'docs' / 'installation.md').read_text(encoding='utf-8')
    given = set(re.findall(r'--build-arg (\w+)=', guide))
    assert given == set(re.findall(r'^ARG (\w+)', DOCKERFILE, re.MULTILINE))
