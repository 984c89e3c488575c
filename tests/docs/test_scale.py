"""Contract: what docs/scale.md says of many machines and of other places holds as it stands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from fsspec import AbstractFileSystem
from mmengine import Config

from mmvideomae.apis import init_model
from mmvideomae.datasets.sources import VideoSource
from mmvideomae.storage.remote import RemoteSettings, fetching, open_bytes
from tests.support.models import tiny_recognizer
from tests.support.pretraining import tiny_pretrain_config
from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'scale.md').read_text(encoding='utf-8')
STORES = PAGE[PAGE.index('## Object stores') :]


def commands(title: str) -> list[str]:
    """Those of a section, each on one line, without comments."""
    section = re.split(r'^## ', PAGE, flags=re.MULTILINE)
    (text,) = (part for part in section if part.startswith(f'{title}\n'))
    blocks = re.findall(r'```bash\n(.*?)```', text, re.DOTALL)
    lines = ''.join(blocks).replace('\\\n', ' ').splitlines()
    return [line for line in lines if not line.startswith('#')]


class Workplace:
    """A folder with small files under the names of the page, and two processes for its GPUs."""

    def __init__(self, folder: Path, port: int) -> None:
        for name in ('tools', 'configs'):
            (folder / name).symlink_to(ROOT / name)
        for number in range(8):
            write_video(folder / f'data/videos/{number}.mp4', moving_shapes(20, seed=number))
        self._folder = folder
        self._environment = {
            **os.environ,
            'PYTHON': sys.executable,
            'PORT': str(port),
            'OMP_NUM_THREADS': '1',
            'PYTHONPATH': str(ROOT),
            'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
        }

    def start(self, command: str) -> subprocess.Popen[str]:
        small = re.sub(r'configs/pretrain/\S+\.py|CONFIG', 'config.py', command)
        small = re.sub(r'(config\.py) 8', r'\1 2', small).replace('config.py 4', 'config.py 1')
        small = small.replace('--nproc-per-node 8', '--nproc-per-node 2')
        small = small.replace('batch_size=64', 'batch_size=2').replace('10.0.0.1', '127.0.0.1')
        return subprocess.Popen(
            ['bash', '-c', small.replace('WEIGHTS', 'weights.pth')],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *lines: str) -> list[str]:
        """Run commands at the same time, and return what they print."""
        processes = [self.start(line) for line in lines]
        printed = [process.communicate(timeout=400)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * len(lines), printed
        return printed


@pytest.fixture
def workplace(tmp_path: Path, free_port: int) -> Workplace:
    return Workplace(tmp_path, free_port)


def write_training(folder: Path, batch_size: int) -> None:
    cfg = tiny_pretrain_config(folder / 'data/videos', folder / 'work', max_epochs=2)
    cfg.auto_scale_lr = {'base_batch_size': 64}
    cfg.train_dataloader.batch_size = batch_size
    cfg.train_dataloader.dataset.sources *= 4  # 32 samples
    cfg.default_hooks = {'checkpoint': {'type': 'AtomicCheckpointHook', 'interval': 1}}
    cfg.dump(folder / 'config.py')


@pytest.mark.slow
def test_one_gpu_makes_the_updates_of_several(workplace: Workplace, tmp_path: Path) -> None:
    write_training(tmp_path, 1)
    for number, line in enumerate(commands('One GPU')):
        (printed,) = workplace.run(f'{line} --work-dir work{number}')
        assert (tmp_path / f'work{number}' / 'epoch_2.pth').is_file(), printed


@pytest.mark.slow
def test_a_run_goes_from_one_machine_to_two(workplace: Workplace, tmp_path: Path) -> None:
    write_training(tmp_path, 2)
    (one,) = commands('One machine')
    workplace.run(one)
    (fewer,) = commands('Machines that come and go')
    workplace.run(f'{fewer} train_cfg.max_epochs=3')
    assert (tmp_path / 'work' / 'epoch_3.pth').is_file()
    two = [line.replace('CONFIG 8', 'CONFIG 1') for line in commands('Several machines')]
    workplace.run(*(f'{line} --resume --cfg-options train_cfg.max_epochs=4' for line in two))
    assert (tmp_path / 'work' / 'epoch_4.pth').is_file()


@pytest.mark.slow
def test_many_videos_are_divided_with_the_same_result(workplace: Workplace, tmp_path: Path) -> None:
    pytest.importorskip('ray', reason="needs the extra 'ray'")
    cfg = Config({'default_scope': 'mmvideomae', 'model': tiny_recognizer()})
    cfg.features = {'preset': 'videomaev2_thumos14', 'window': 4, 'size': 32}
    cfg.dump(tmp_path / 'config.py')
    torch.save({'state_dict': init_model(cfg, device='cpu').state_dict()}, tmp_path / 'weights.pth')
    found = []
    for number, line in enumerate(commands('Many videos')):
        workplace.run(line.replace('data/features', f'data/{number}'))
        files = sorted((tmp_path / f'data/{number}').glob('*.npy'))
        found.append({path.name: path.read_bytes() for path in files})
    assert len(found) == 2 and found[0] == found[1] and len(found[0]) == 8


def test_the_tools_named_have_the_options(call_tool: CallTool) -> None:
    told = PAGE[PAGE.index('- `extract_tokens.py`') :].partition('\n\n')[0]
    tools = re.findall(r'`([\w/]+\.py)`', told)
    assert len(tools) == 4
    for name in tools:
        (path,) = (path for path in (ROOT / 'tools').rglob('*.py') if str(path).endswith(name))
        shown = call_tool(str(path.relative_to(ROOT / 'tools')), '--help').out
        assert all(option in shown for option in ('--engine', '--actors', '--address'))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """data/videos/a/b.mp4 in the working directory."""
    (tmp_path / 'data' / 'videos' / 'a').mkdir(parents=True)
    (tmp_path / 'data' / 'videos' / 'a' / 'b.mp4').write_bytes(b'film')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sources_are_read(here: Path, memory: AbstractFileSystem, call_tool: CallTool) -> None:
    command = next(line for line in STORES.splitlines() if line.startswith('python tools/data'))
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
    snippet = re.search(r'```python\n(.*?)```', STORES, re.DOTALL)
    exec(re.sub(r'(s3|gs|https)://my-\w+', 'memory:/', snippet[1]), values)
    for config in values['train_dataloader']['dataset']['sources']:
        source = VideoSource.of(config)
        (entry,) = source.entries(labelled=False)
        record = source.record(entry)
        assert record['video_id'] == 'a/b'
        assert open_bytes(record['filename']).read() == b'film'


def test_the_settings_are_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = re.findall(r'^\| `(MMVIDEOMAE_\w+)` \|.*\| `(.*)` \|$', STORES, re.MULTILINE)
    for name, _ in rows:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    defaults = RemoteSettings.read()
    for name, value in rows:
        monkeypatch.setenv(name, str(Path(value).expanduser()))
    assert len(rows) == 3 and RemoteSettings.read() == defaults
    assert (fetching.WHOLE, fetching.BLOCK, fetching._TRUSTED) == (16 * 2**20, 4 * 2**20, 24 * 3600)
    assert 'up to 16 MiB' in STORES and 'blocks of 4 MiB' in STORES and 'after a day' in STORES


def test_the_tool_is_told_as_it_is(call_tool: CallTool) -> None:
    told = call_tool('data/make_shards.py', '--help').out
    for option in re.findall(r'`(?:make_shards.py )?(--\w[\w-]*)', STORES[:2500]):
        assert option in told
