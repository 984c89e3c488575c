"""Contract: what docs/pretraining.md says of object stores and tar files holds as it stands."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from fsspec import AbstractFileSystem

from mmvideomae.datasets.sources import VideoSource
from mmvideomae.storage.remote import RemoteSettings, fetching, open_bytes
from tests.support.tools import CallTool

PAGE = (Path(__file__).resolve().parents[2] / 'docs' / 'pretraining.md').read_text(encoding='utf-8')
SECTION = PAGE[PAGE.index('### Object stores') : PAGE.index('### Undecodable')]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """data/videos/a/b.mp4 in the working directory."""
    (tmp_path / 'data' / 'videos' / 'a').mkdir(parents=True)
    (tmp_path / 'data' / 'videos' / 'a' / 'b.mp4').write_bytes(b'film')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sources_are_read(here: Path, memory: AbstractFileSystem, call_tool: CallTool) -> None:
    command = next(line for line in SECTION.splitlines() if line.startswith('python tools/data'))
    words = shlex.split(command)
    assert call_tool(words[1].removeprefix('tools/'), *words[2:]).code == 0
    (here / 'data' / 'sthv2.csv').write_text('a/b.mp4 0\n')
    for place in ('ucf', 'k400', 'more_videos'):
        memory.pipe_file(f'/{place}/a/b.mp4', b'film')
    for name in ('index.json', 'shard-000000.tar'):
        memory.pipe_file(f'/sthv2/{name}', (here / 'data' / 'shards' / name).read_bytes())
    for name in ('/k400/train.csv', '/ucf.csv'):
        memory.pipe_file(name, b'a/b.mp4,0\n')
    values: dict[str, Any] = {}
    snippet = re.search(r'```python\n(.*?)```', SECTION, re.DOTALL)
    exec(re.sub(r'(s3|gs|https)://my-\w+', 'memory:/', snippet[1]), values)
    for config in values['train_dataloader']['dataset']['sources']:
        source = VideoSource.of(config)
        (entry,) = source.entries(labelled=False)
        record = source.record(entry)
        assert record['video_id'] == 'a/b'
        assert open_bytes(record['filename']).read() == b'film'


def test_the_settings_are_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = re.findall(r'^\| `(MMVIDEOMAE_\w+)` \|.*\| `(.*)` \|$', SECTION, re.MULTILINE)
    for name, _ in rows:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    defaults = RemoteSettings.read()
    for name, value in rows:
        monkeypatch.setenv(name, str(Path(value).expanduser()))
    assert len(rows) == 3 and RemoteSettings.read() == defaults
    assert (fetching.WHOLE, fetching.BLOCK, fetching._TRUSTED) == (16 * 2**20, 4 * 2**20, 24 * 3600)
    assert 'up to 16 MiB' in SECTION and 'blocks of 4 MiB' in SECTION and 'after a day' in SECTION


def test_the_tool_is_told_as_it_is(call_tool: CallTool) -> None:
    told = call_tool('data/make_shards.py', '--help').out
    for option in re.findall(r'`(?:make_shards.py )?(--\w[\w-]*)', SECTION[:2500]):
        assert option in told
