"""Contract: `mmvideomae COMMAND` is the tool of that name, outside a checkout too."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmvideomae import __version__
from mmvideomae.cli import commands
from mmvideomae.cli.main import main

Call = Callable[..., tuple[Any, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Exit status or message, stdout and stderr of a command."""

    def run(*words: object) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, 'argv', ['/bin/mmvideomae', *map(str, words)])
        try:
            code: Any = main()
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


def test_help_lists_every_command_with_what_it_does(call: Call) -> None:
    code, out, _ = call('--help')
    folder = Path(commands.__file__).parent
    modules = {p.stem for p in folder.glob('*.py')} - {'__init__'} | {'data'}
    listed = {line.split()[0] for line in out.splitlines() if line[:2] == '  ' and line[2] != ' '}
    assert code == 0 and listed - {'complete'} == {name.replace('_', '-') for name in modules}
    assert 'Classify videos with the config' in out
    code, out, _ = call('data')
    assert code == 2 and 'usage: mmvideomae data COMMAND' in out and 'data make-subset' in out
    assert call('--version') == (0, f'{__version__}\n', '')


def test_examples_that_take_several_lines_can_be_pasted() -> None:
    """A backslash at the end of a line of a docstring joins the lines, unless it is doubled."""
    for path in Path(commands.__file__).parent.rglob('*.py'):
        told = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or ''
        lines = (line.partition('  #')[0].rstrip() for line in told.splitlines())  # a comment
        examples = [line for line in lines if line.startswith('mmvideomae ')]
        assert all('  ' not in line for line in examples), path


def test_a_command_gets_its_words_and_its_name(call: Call, tmp_path: Path) -> None:
    for name in 'ab':
        (tmp_path / 'videos' / 'jump').mkdir(parents=True, exist_ok=True)
        (tmp_path / 'videos' / 'jump' / f'{name}.mp4').touch()
    code, out, _ = call('data', 'make-annotations', tmp_path / 'videos', tmp_path / 'out')
    assert code == 0 and '1 classes; clips: 1 train, 1 val' in out
    code, out, _ = call('classify', '--help')
    assert code == 0 and out.startswith('usage: mmvideomae classify [-h]')


def test_a_misspelt_command_is_one_line(call: Call) -> None:
    told = "mmvideomae: there is no command 'clasify'; did you mean 'classify'?"
    assert call('clasify') == (told, '', '')
    assert "'data make-list'" in call('data', 'make-list')[0]


@pytest.mark.parametrize('words', [('--help',), ('weights', 'list', '--json')])
def test_a_reader_that_has_enough_is_no_error(words: tuple[str, ...]) -> None:
    read, written = os.pipe()
    os.close(read)
    command = [sys.executable, '-m', 'mmvideomae', *words]
    done = subprocess.run(command, stdout=written, stderr=subprocess.PIPE, text=True, check=False)
    os.close(written)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, '')


@pytest.mark.parametrize(
    ('line', 'found'),
    [
        ('mmvideomae reco', ['reconstruct']),
        ('mmvideomae data make', ['make-annotations', 'make-shards', 'make-subset']),
        ('mmvideomae data make-subset --fr', ['--fraction']),
        ('mmvideomae train --amp --re', ['--resume']),
        ('mmvideomae classify --js', ['--json']),
        ('mmvideomae test --js', ['--json']),
        ('mmvideomae train --js', []),
        ('mmvideomae classify vid', []),
        ('mmvideomae nothing --x', []),
    ],
)
def test_the_shell_is_told_what_may_follow(
    call: Call, monkeypatch: pytest.MonkeyPatch, line: str, found: list[str]
) -> None:
    monkeypatch.setenv('COMP_LINE', f'{line} and more')
    monkeypatch.setenv('COMP_POINT', str(len(line)))
    assert call('complete')[1].split() == found
