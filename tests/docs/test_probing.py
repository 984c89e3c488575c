"""Contract: the commands and Python code of docs/probing.md run unchanged."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.synthetic.motion import CLASS_NAMES
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'probing.md').read_text(encoding='utf-8')
SHORT = (
    'train_cfg.max_epochs=1 default_hooks.checkpoint.interval=1 train_dataloader.num_workers=0 '
    'train_dataloader.persistent_workers=False model.backbone.arch.depth=1'
)


def blocks(language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)


def shortened(command: str) -> str:
    """The command with a training of an epoch, a smaller model and few classifiers."""
    command = command.replace('epoch_20', 'epoch_1')
    if 'tools/train.py' in command:
        return f'{command} --cfg-options {SHORT}'
    if 'tools/probe.py' in command:
        few = '--rates 0.01 --decays 0.1 --epochs 1 --neighbours 1'
        return f'{command} {few} --cfg-options model.backbone.arch.depth=1'
    return command


@pytest.mark.slow
def test_the_commands_probe_an_encoder(tmp_path: Path, run_page: Callable[..., str]) -> None:
    for number, name in enumerate(CLASS_NAMES[:4]):
        for clip in range(3):
            path = tmp_path / 'data/custom/videos' / name / f'{clip}.mp4'
            write_video(path, moving_shapes(20, 64, 80, seed=10 * number + clip), fps=10)
    (python,) = blocks('python')
    python = python.replace('epoch_20', 'epoch_1')
    python = python.replace('options={', "options={'model.backbone.arch.depth': 1,")
    lines = [line for block in blocks('bash') for line in block.splitlines()]
    assert len(lines) == 3
    printed = run_page(tmp_path, [shortened(line) for line in lines], python)
    assert (tmp_path / 'work_dirs/probes.png').is_file()
    for kind in ('knn', 'linear', 'attentive'):
        assert re.search(rf'^ *{kind} .* best *$', printed, re.MULTILINE), kind
    assert "linear {'rate':" in printed


def test_every_path_of_the_page_exists() -> None:
    named = set(re.findall(r'(?:tools|configs)/[\w./-]+\.py', PAGE))
    linked = {f'docs/{name}' for name in re.findall(r'\]\(([\w/]+\.md)\)', PAGE)}
    assert len(named) > 4 and linked
    assert [path for path in named | linked if not (ROOT / path).is_file()] == []
