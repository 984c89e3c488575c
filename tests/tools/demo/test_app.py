"""Contract: the application answers real clicks, asks no other host, and deletes uploads."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.cli.commands.app import options
from tests.support.clicks import needs_clicks, opened
from tests.support.model_files import write_model_files
from tests.support.tools import CallTool

HAS_DETECTION = find_spec('mmdet') is not None
needs_gradio = pytest.mark.skipif(find_spec('gradio') is None, reason='needs gradio')


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('app')


@pytest.fixture(scope='module')
def models(folder: Path) -> dict[str, list[str]]:
    return write_model_files(folder, detection=HAS_DETECTION)


@pytest.fixture
def address(
    folder: Path, models: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an application with all models."""
    from mmvideomae.cli.work.app import make

    for name in ('GRADIO_TEMP_DIR', 'GRADIO_ANALYTICS_ENABLED', 'HF_HUB_DISABLE_TELEMETRY'):
        monkeypatch.setenv(name, 'before')  # is restored
    words = [word for name, paths in models.items() for word in (f'--{name}', *paths)]
    words += ['--videos', str(folder / 'videos'), '--out', str(tmp_path / 'out')]
    args = options().parse_args([*words, '--port', '0', '--device', 'cpu'])
    args.json = True
    lines: Any = make(args).text
    yield json.loads(next(lines))['address']
    uploads = Path(os.environ['GRADIO_TEMP_DIR'])
    assert uploads.is_dir()
    lines.close()
    assert not uploads.exists()


@pytest.mark.slow  # 15 s beside other work
@needs_gradio
@needs_clicks
def test_every_tab_answers_clicks(address: str, folder: Path) -> None:
    assert address.startswith('http://127.0.0.1:')
    asked: list[str] = []
    with opened(address) as page:
        page.on('request', lambda request: asked.append(request.url))
        page.reload()

        def press(tab: str, button: str) -> None:
            page.get_by_role('tab', name=tab).click()
            page.get_by_role('button', name=button).click()

        def see(text: str) -> None:
            page.get_by_text(text).locator('visible=true').first.wait_for()

        press('Classify', 'Classify')
        see('upload or choose a video first')
        page.locator('input[type=file]').first.set_input_files(folder / 'videos/c.mp4')
        page.locator('video[src*="/c.mp4"]').wait_for()
        press('Classify', 'Classify')
        see('eat [big] cake')

        press('Reconstruct', 'Reconstruct')
        see('75 % of the tokens are hidden')
        page.get_by_label('number input for Mask ratio').fill('0.5')
        press('Reconstruct', 'Reconstruct')
        see('50 % of the tokens are hidden')
        page.get_by_label('Start in seconds').fill('soon')
        press('Reconstruct', 'Reconstruct')
        see("the start must be a number of seconds, got 'soon'")

        press('Localize', 'Find segments')
        see('0:03')
        if HAS_DETECTION:
            press('Detect', 'Detect actions')
            see('0 0 64 48')

        # A video that no browser plays is shown as a copy.
        page.get_by_label('Or choose one of the videos').click()
        page.get_by_role('option', name='e', exact=True).click()
        page.locator('video[src*=".mp4"]:not([src*="/c.mp4"])').first.wait_for()
        press('Search', 'Search 4 videos')
        found = page.locator('.grid-container button')
        found.nth(2).wait_for()
        assert sorted(text.split()[-1] for text in found.all_inner_texts()) == ['b', 'c', 'd']
    hosts = {url.split('/')[2] for url in asked if url.startswith('http')}
    assert hosts == {address.split('/')[2]}


def test_wrong_words_are_one_line(
    call_tool: CallTool, models: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*words: object) -> tuple[Any, str]:
        code, _, err = call_tool('demo/app.py', *words)
        return code, err.strip().splitlines()[-1]

    assert told() == (2, 'app.py: error: give one model at least: --classify, --localize, '
                      '--detect, --reconstruct, --search')  # fmt: skip
    code, line = told('--search', *models['search'])
    assert code == 2 and line.endswith('--search needs the folder in which it searches: '
                                       '--videos FOLDER')  # fmt: skip
    code, line = told('--localize', *models['localize'], models['search'][0])
    assert code == 1 and '--localize takes CONFIG CKPT, or two pairs, got 3' in line
    code, line = told('--classify', *reversed(models['classify']))
    assert code == 1 and 'is a weight file, not a config' in line
    monkeypatch.setitem(sys.modules, 'gradio', None)
    code, line = told('--classify', *models['classify'])
    assert code == 1 and "needs Gradio: pip install 'mmvideomae[app]'" in line


@needs_gradio
def test_a_taken_port_is_one_line(
    call_tool: CallTool, models: dict[str, list[str]], free_port: int
) -> None:
    with socket.socket() as other:
        other.bind(('127.0.0.1', free_port))
        other.listen()
        words = ('--classify', *models['classify'], '--port', free_port, '--device', 'cpu')
        code, _, err = call_tool('demo/app.py', *words)
    assert code == 1 and f'cannot be served at 127.0.0.1:{free_port}: choose another' in err
