"""Contract: set-up installs missing parts once, and never an mmcv built for another torch."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.support.tools import load_tool

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def setup_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, looking at a small copy of the repository."""
    module = load_tool('dev/setup_env.py')
    copy = tmp_path / 'main'
    shutil.copytree(ROOT / 'requirements', copy / 'requirements')
    (copy / 'mmvideomae').mkdir()
    shutil.copy(ROOT / 'setup.py', copy)
    shutil.copy(ROOT / 'mmvideomae' / 'version.py', copy / 'mmvideomae')
    monkeypatch.setattr(module, 'ROOT', copy)
    monkeypatch.setattr(module, 'REQUIREMENTS', copy / 'requirements')
    monkeypatch.setattr(module, 'CONSTRAINTS', copy / 'requirements' / 'constraints.txt')
    monkeypatch.setattr(module, 'SHARED_WHEELS', {tmp_path / 'shared' / 'wheels': '2.11.0'})
    monkeypatch.setenv('MMVIDEOMAE_CACHE', str(tmp_path / 'cache'))
    return module


class FakeEnvironment:
    """Keeps installed distributions as folders, as pip does, and writes down what pip is asked.

    `works` says whether the compiled operators do; it is asked whenever mmcv is probed.
    """

    def __init__(self, base: type, path: Path, torch: str) -> None:
        self.real = base(path)
        self.path, self.stamps, self.python = path, self.real.stamps, self.real.python
        self.versions = self.real.versions
        self.torch = torch
        self.works: Callable[[], bool] = lambda: True
        self.calls: list[tuple[str, ...]] = []
        self.site = path / 'lib' / 'python3.11' / 'site-packages'
        self.site.mkdir(parents=True)
        self.stamps.mkdir()

    def put(self, name: str, version: str) -> None:
        for old in self.site.glob(f'{name}-*.dist-info'):
            old.rmdir()
        (self.site / f'{name}-{version}.dist-info').mkdir()

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        answer, status = '', 0
        if 'torch.__version__' in code:
            answer = self.torch
        elif 'get_platform' in code:
            answer = 'cp311 linux-x86_64'
        elif 'mmcv.ops' in code:
            status = 0 if self.works() else 1
        return subprocess.CompletedProcess([], status, answer, 'ImportError: undefined symbol')

    def pip(self, *arguments: str, check: bool = True, env: dict | None = None) -> bool:
        self.calls.append(arguments)
        if arguments[0] == 'uninstall':
            for name in arguments[1:]:
                for info in self.site.glob(f'{name.replace("-", "_")}-*.dist-info'):
                    info.rmdir()
        elif arguments[-1].startswith('mmcv=='):
            self.put('mmcv', arguments[-1].partition('==')[2])
        return True

    def install(self, *arguments: str) -> None:
        self.pip('install', *arguments)
        for argument in arguments:
            if argument.endswith('core.txt'):
                self.put('mmcv_lite', '2.1.0')

    def asked(self, word: str) -> int:
        return sum(any(word in argument for argument in call) for call in self.calls)


@pytest.fixture
def env(setup_env: ModuleType, tmp_path: Path) -> FakeEnvironment:
    fake = FakeEnvironment(setup_env.Environment, tmp_path / 'venv', '2.11.0+cu130')
    fake.put('torch', '2.11.0')
    return fake


@pytest.fixture
def builds(setup_env: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that mmcv was compiled into; compiling is replaced by writing an empty wheel."""
    folders: list[Path] = []

    def build(env: FakeEnvironment, folder: Path, version: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f'mmcv-{version}-cp311-cp311-linux_x86_64.whl').touch()
        folders.append(folder)

    monkeypatch.setattr(setup_env, 'build_mmcv', build)
    return folders


def set_up(
    module: ModuleType, env: FakeEnvironment, *parts: str, from_source: bool = False
) -> None:
    module.install_parts(env, module.missing_parts(env, list(parts)), from_source)


def test_a_second_call_installs_nothing(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    for parts in (('lint',), ('core',), ('detection', 'tests'), ('core',), ('docs',)):
        set_up(setup_env, env, *parts)
        assert setup_env.missing_parts(env, list(parts)) == []
        before = len(env.calls)
        set_up(setup_env, env, *parts)
        assert len(env.calls) == before
    assert len(builds) == 1


@pytest.mark.parametrize(
    ('file', 'stale'),
    [
        ('requirements/constraints.txt', ['lint', 'core', 'tests']),
        ('requirements/runtime.txt', ['core']),
        ('requirements/tests.txt', ['tests']),
        ('requirements/lint.txt', ['lint']),
        ('setup.py', ['core']),
        ('mmvideomae/version.py', ['core']),
        ('requirements/docs.txt', []),
    ],
)
def test_a_changed_file_makes_its_parts_stale(
    setup_env: ModuleType, env: FakeEnvironment, file: str, stale: list[str]
) -> None:
    set_up(setup_env, env, 'lint', 'core', 'tests')
    path = setup_env.ROOT / file
    path.write_text(path.read_text('utf-8') + '\n# changed\n', 'utf-8')
    assert setup_env.missing_parts(env, ['lint', 'core', 'tests']) == stale


def test_a_level_is_stale_after_somebody_else_changed_torch(
    setup_env: ModuleType, env: FakeEnvironment
) -> None:
    set_up(setup_env, env, 'lint', 'core')
    env.put('torch', '2.12.0')
    assert setup_env.missing_parts(env, ['lint', 'core']) == ['core']
    set_up(setup_env, env, 'docs')  # must not make the level look fresh
    assert setup_env.missing_parts(env, ['core']) == ['core']


def test_the_full_mmcv_replaces_the_light_one_and_never_the_reverse(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    set_up(setup_env, env, 'core')
    assert 'mmcv_lite' in env.versions()
    set_up(setup_env, env, 'detection')
    assert 'mmcv_lite' not in env.versions()
    assert env.versions()['mmcv'] == '2.1.0'
    assert setup_env.missing_parts(env, ['core']) == []
    (env.stamps / 'detection.json').unlink()
    set_up(setup_env, env, 'core')
    assert 'mmcv_lite' not in env.versions()
    assert env.versions()['mmcv'] == '2.1.0'


def test_a_wheel_is_built_once_per_torch(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    def again(torch: str) -> None:
        env.torch = torch
        env.put('torch', torch.partition('+')[0])
        set_up(setup_env, env, 'detection')

    again('2.11.0+cu130')
    again('2.12.0+cu130')
    again('2.11.0+cu130')
    assert len(builds) == 2
    assert env.asked(str(builds[0])) == 2
    names = [folder.name for folder in builds]
    assert names[0] == 'torch2.11.0+cu130-cp311-linux-x86_64-mmcv2.1.0'
    assert names[1].startswith('torch2.12.0+cu130-')


def test_a_shared_wheel_serves_only_the_torch_it_was_built_for(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    (shared,) = setup_env.SHARED_WHEELS
    shared.mkdir(parents=True)
    (shared / 'mmcv-2.1.0-cp311-cp311-linux_x86_64.whl').touch()
    set_up(setup_env, env, 'detection')
    assert env.asked(str(shared)) == 1
    assert builds == []
    env.torch = '2.12.0'
    env.put('torch', '2.12.0')
    set_up(setup_env, env, 'detection')
    assert env.asked(str(shared)) == 1
    assert len(builds) == 1


def test_a_wheel_that_does_not_work_is_replaced(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    (shared,) = setup_env.SHARED_WHEELS
    shared.mkdir(parents=True)
    (shared / 'mmcv-2.1.0-cp311-cp311-linux_x86_64.whl').touch()
    env.works = lambda: bool(builds)
    set_up(setup_env, env, 'detection')
    assert len(builds) == 1
    assert (env.asked(str(shared)), env.asked(str(builds[0]))) == (1, 1)


def test_from_source_ignores_every_kept_wheel(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    set_up(setup_env, env, 'detection')
    (env.stamps / 'detection.json').unlink()
    set_up(setup_env, env, 'detection', from_source=True)
    assert len(builds) == 2


def test_an_mmcv_of_unknown_origin_has_to_work(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    env.put('mmcv', '2.1.0')
    set_up(setup_env, env, 'detection')
    assert builds == []
    shutil.rmtree(env.stamps)
    env.stamps.mkdir()
    env.works = lambda: bool(builds)
    set_up(setup_env, env, 'detection')
    assert len(builds) == 1


def test_a_wheel_that_still_does_not_work_is_one_clear_error(
    setup_env: ModuleType, env: FakeEnvironment, builds: list[Path]
) -> None:
    env.works = lambda: False
    with pytest.raises(setup_env.SetupError, match='undefined symbol'):
        set_up(setup_env, env, 'detection')
    assert setup_env.missing_parts(env, ['detection']) == ['detection']


@pytest.mark.parametrize('library', ['libGL.so.1', 'libgthread-2.0.so.0', 'libxcb.so.1'])
def test_headless_opencv_where_there_is_no_display_library(
    setup_env: ModuleType, env: FakeEnvironment, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    def run(error: str) -> Callable[[str], subprocess.CompletedProcess[str]]:
        return lambda code: subprocess.CompletedProcess([], 1, '', error)

    monkeypatch.setattr(env, 'run', run(f'ImportError: {library}: cannot open shared object file'))
    setup_env.make_cv2_importable(env)
    assert env.calls[-1][-1] == f'opencv-python-headless=={setup_env.pinned("opencv-python")}'
    monkeypatch.setattr(env, 'run', run('ImportError: numpy.core.multiarray failed to import'))
    with pytest.raises(setup_env.SetupError, match=r'numpy\.core\.multiarray'):
        setup_env.make_cv2_importable(env)


def test_a_python_without_venv_is_one_clear_error(
    setup_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / 'python3'
    python.write_text('#!/bin/sh\nmkdir -p "$3/bin"; touch "$3/bin/python"; exit 1', 'utf-8')
    python.chmod(0o755)
    monkeypatch.setattr(sys, 'executable', str(python))
    with pytest.raises(setup_env.SetupError, match='python3-venv'):
        setup_env.Environment(tmp_path / 'new').create()
    assert not (tmp_path / 'new').exists()


def test_an_environment_of_another_python_is_one_clear_error(
    setup_env: ModuleType, tmp_path: Path
) -> None:
    python = tmp_path / 'old' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho 3 9', 'utf-8')
    python.chmod(0o755)
    with pytest.raises(setup_env.SetupError, match='delete it'):
        setup_env.Environment(tmp_path / 'old').create()


@pytest.mark.parametrize('free', [4e9, 400e9])
def test_a_failed_installation_on_a_nearly_full_disk_says_so(
    setup_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float
) -> None:
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: usage)
    env = setup_env.Environment(tmp_path)
    env.python = Path(sys.executable)
    with pytest.raises(setup_env.SetupError) as raised:
        env.install('-r', str(tmp_path / 'missing.txt'))
    assert ('4.0 GB are free' in str(raised.value)) == (free == 4e9)


def test_torch_is_held_exactly(setup_env: ModuleType) -> None:
    assert setup_env.pinned('torch') == '2.11.0'
    assert setup_env.pinned('torchvision') == '0.26.0'
    with pytest.raises(setup_env.SetupError, match='does not list'):
        setup_env.pinned('no-such-package')


def test_jobs_follow_the_variable(setup_env: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MAX_JOBS', '3')
    assert setup_env.build_jobs() == 3
    monkeypatch.delenv('MAX_JOBS')
    assert setup_env.build_jobs() >= 1


@pytest.mark.parametrize('arguments', [['--help'], [], ['no-such-part']])
def test_command_line_answers(arguments: list[str]) -> None:
    command = [sys.executable, str(ROOT / 'tools' / 'dev' / 'setup_env.py'), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == (0 if arguments == ['--help'] else 2)
    assert 'usage: setup_env.py' in done.stdout + done.stderr
