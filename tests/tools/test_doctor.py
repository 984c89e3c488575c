"""Contract: the doctor names each known bad combination with the command that fixes it.

It works even if the libraries it looks for cannot be imported; its exit status shows errors.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmvideomae.cli import doctor_rules as rules
from mmvideomae.cli.commands import doctor
from tests.support.tools import TOOLS

HEALTHY = {
    'torch': '2.11.0',
    'torchvision': '0.26.0',
    'numpy': '2.4.6',
    'mmengine': '0.10.7',
    'mmcv-lite': '2.1.0',
    'mmaction2': '1.2.0',
    'decord': '0.6.0',
    'av': '18.1.0',
    'timm': '1.0.31',
    'opencv-python': '4.14.0.94',
    'opencv-contrib-python': '4.14.0.94',
    'setuptools': '80.10.2',
}
ABSENT = None


def state(
    broken: dict[str, str] | None = None,
    python: tuple[int, int] = (3, 11),
    gpu: bool = False,
    gpus: tuple = (),
    **versions: str | None,
) -> 'rules.State':
    """A healthy core level with some versions changed (None: absent) and some probes broken."""
    renamed = {name.replace('_', '-'): version for name, version in versions.items()}
    installed = {n: v for n, v in {**HEALTHY, **renamed}.items() if v is not ABSENT}
    probes = {name: rules.Trial(True) for name in doctor.PROBES}
    probes['torch'].values.update(gpus=list(gpus), cuda='13.0')
    if 'mmcv' not in installed:
        probes['mmcv.ops'] = rules.Trial(False, error="No module named 'mmcv.ops'")
    for name, error in (broken or {}).items():
        probes[name] = rules.Trial(False, error=error)
    return rules.State(python, installed, probes, has_nvidia_gpu=gpu)


FULL = {'mmcv-lite': ABSENT, 'mmcv': '2.1.0', 'mmdet': '3.3.0'}
UNDEFINED = 'ImportError: _ext.so: undefined symbol: _ZN3c10'
NO_LIBGL = 'ImportError: libGL.so.1: cannot open shared object file'
# What is wrong -> severity, a word of the problem, and of the command.
SICK = {
    'old python': (state(python=(3, 9)), 'error', '3.9', 'make install PYTHON='),
    'no torch': (state(torch=ABSENT), 'error', 'torch is missing', 'torch==2.11.0'),
    'broken torch': (state({'torch': 'OSError: x'}), 'error', 'imported', 'torch==2.11.0'),
    'no torchvision': (state(torchvision=ABSENT), 'error', 'torchvision', 'torchvision==0.26.0'),
    'other torchvision': (
        state({'torchvision': 'RuntimeError: operator nms does not exist'}),
        'error',
        'does not fit',
        'torchvision==0.26.0',
    ),
    'unseen gpu': (state(gpu=True), 'warning', 'does not see', 'driver'),
    'old numpy': (state(numpy='1.25.0'), 'warning', 'numpy 1.25.0', 'pip install numpy=='),
    'opencv clash': (
        state(**{'opencv-python': '4.10.0.84'}),
        'error',
        'cv2',
        'opencv-python==4.14.0.94 opencv-contrib-python==4.14.0.94',
    ),
    'no libGL': (state({'cv2': NO_LIBGL}), 'error', 'libGL', 'opencv-python-headless=='),
    'no opencv': (
        state(**{'opencv-python': ABSENT, 'opencv-contrib-python': ABSENT}),
        'error',
        'OpenCV is missing',
        'opencv-contrib-python==',
    ),
    'no mmcv': (state(**{'mmcv-lite': ABSENT}), 'error', 'neither', 'make install'),
    'both mmcv': (state(mmcv='2.1.0'), 'error', 'both', 'pip uninstall -y mmcv mmcv-lite'),
    'mmcv 2.2': (state(**{'mmcv-lite': '2.2.0'}), 'error', '2.2.0', 'uninstall -y mmcv-lite'),
    'stale mmcv': (
        state({'mmcv.ops': UNDEFINED}, **FULL),
        'error',
        'another torch',
        'MMCV_FROM_SOURCE=1',
    ),
    'mmdet on lite': (state(mmdet='3.3.0'), 'warning', 'mmdet', 'make install-detection'),
    'no mmaction2': (state(mmaction2=ABSENT), 'error', 'mmaction2', 'mmaction2==1.2.0'),
    'setuptools 81': (
        state({'pkg_resources': 'No module named'}, setuptools='82.0.0'),
        'error',
        'pkg_resources',
        "'setuptools<81'",
    ),
    'no decord': (state(decord=ABSENT), 'error', 'decord is missing', 'decord==0.6.0'),
    'broken decord': (state({'decord': 'crashed with signal 11'}), 'error', 'signal', 'decord=='),
    'no av': (state(av=ABSENT), 'error', 'av is missing', 'pip install av=='),
    'torchcodec without ffmpeg': (
        state({'torchcodec': 'libavutil'}, torchcodec='0.17.0'),
        'warning',
        'torchcodec',
        'ffmpeg',
    ),
    'old timm': (state(timm='0.6.0'), 'warning', 'outside', 'timm==1.0.31'),
    'core level': (state(), 'note', 'action detection', 'make install-detection'),
    'transformers': (state(transformers='5.23.0'), 'note', 'VindLU', ''),
    'weights only': (state(), 'note', 'weights only', ''),
    'unforeseen': (state({'mmvideomae': 'KeyError: x'}), 'error', 'KeyError: x', 'make install'),
}


@pytest.mark.parametrize('case', SICK)
def test_each_bad_combination_comes_with_its_cure(case: str) -> None:
    patient, severity, problem, mend = SICK[case]
    found = rules.diagnose(patient)
    matching = [each for each in found if problem in each.problem and mend in each.mend]
    assert [each.severity for each in matching] == [severity], found
    assert all(each.mend for each in found if each.severity != 'note')


def test_one_cause_gives_one_error() -> None:
    for case, (patient, severity, *_) in SICK.items():
        errors = [each for each in rules.diagnose(patient) if each.severity == 'error']
        assert len(errors) == (severity == 'error'), (case, errors)


def test_healthy_levels() -> None:
    full = state(**FULL)
    seeing = state(gpu=True, gpus=({'name': 'x', 'memory_gib': 80.0, 'capability': '9.0'},))
    old = state(torch='2.6.0', torchvision='0.21.0', transformers='4.50.0')
    for patient, level in ((state(), 'core'), (full, 'detection'), (seeing, 'core')):
        assert patient.level == level
        assert {each.severity for each in rules.diagnose(patient)} == {'note'}
    told = [(each.severity, each.mend) for each in rules.diagnose(old)]
    assert told == [('note', 'make install-detection'), ('note', '')]  # the last: weights only


def test_commands_without_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rules, 'ROOT', tmp_path)
    (finding,) = rules.find_mmcv(state(**{'mmcv-lite': ABSENT}))
    assert finding.mend == 'pip install mmcv-lite==2.1.0'
    (finding,) = rules.find_mmcv(state({'mmcv.ops': UNDEFINED}, **FULL))
    assert '--no-build-isolation' in finding.mend
    assert '--no-cache-dir' in finding.mend


@pytest.mark.parametrize(
    ('version', 'bounds', 'inside'),
    [
        ('2.11.0+cu130', '>=2.4,<3', True),
        ('2.0.0', '>=2.0.0,<2.2.0', True),
        ('2.2.0', '>=2.0.0,<2.2.0', False),
        ('1.10.0', '>=1.9', True),
        ('4.12', '<4.12', False),
        ('7', '', True),
    ],
)
def test_ranges(version: str, bounds: str, inside: bool) -> None:
    assert rules.within(version, bounds) is inside


def test_package_status() -> None:
    table = rules.package_table({'torch': '2.11.0', 'numpy': '1.26.0', 'timm': '0.1', 'av': '99'})
    headless = rules.package_table(
        {'opencv-python-headless': table['opencv-python']['tested'] or ''}
    )
    assert headless['opencv-python-headless']['status'] == 'tested'
    found = {name: row['status'] for name, row in table.items()}
    assert found['torch'] == 'tested'
    assert (found['numpy'], found['av']) == ('untested', 'untested')
    assert found['timm'] == 'unsupported'
    assert (found['decord'], found['mmdet']) == ('missing', 'absent')


def test_a_probe_survives_crashes_and_wrong_pictures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trials = {
        'crash': 'import os; os.kill(os.getpid(), 11)',
        'error': 'import no_such_module',
        'dark': 'out = dict(frames=8, brightness=0.0)',
        'fine': 'print("noise"); out = dict(frames=8, brightness=180.0)',
    }
    monkeypatch.setattr(doctor, 'PROBES', trials)
    results = {name: doctor.run_probe(name, tmp_path / 'clip.mp4') for name in trials}
    assert 'signal 11' in results['crash'].error
    assert results['error'].error == "ModuleNotFoundError: No module named 'no_such_module'"
    assert 'wrong picture' in results['dark'].error
    assert results['fine'].ok
    assert results['fine'].values['frames'] == 8


def test_raw_clip_is_written_where_pyav_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, 'ENCODE', 'raise SystemExit(1)')
    clip = doctor.write_clip(tmp_path)
    assert clip.suffix == '.y4m'
    monkeypatch.setattr(doctor, 'PROBES', {'av': doctor.PROBES['av']})
    assert doctor.run_probe('av', clip).ok


def run_doctor(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOLS / 'doctor.py'), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1', **env},
        timeout=500,
    )


@pytest.mark.slow
def test_this_environment_is_healthy() -> None:
    done = run_doctor('--json')
    report = json.loads(done.stdout)
    assert done.returncode == 0, report['findings']
    assert report['ok']
    assert report['level'] in ('core', 'detection')
    assert report['readers']['decord']['frames'] == 8
    assert report['operators']['torchvision']['roi_align'] == 1.0


def test_it_answers_where_torch_cannot_be_imported(tmp_path: Path) -> None:
    for name in ('torch', 'mmengine', 'numpy'):
        (tmp_path / f'{name}.py').write_text('raise OSError("broken on purpose")', 'utf-8')
    done = run_doctor('--json', PYTHONPATH=str(tmp_path))
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert not report['ok']
    assert report['level'] is None
    assert any('broken on purpose' in each['problem'] for each in report['findings'])
    text = doctor._described(report)
    assert 'fix: pip install torch==2.11.0 torchvision==0.26.0' in text
    assert text.endswith('see above.')
    warning = {'severity': 'warning', 'problem': 'x', 'mend': 'y'}
    for findings, words in (([], 'All is well.'), ([warning], 'but see the warnings above.')):
        assert doctor._described({**report, 'ok': True, 'findings': findings}).endswith(words)
