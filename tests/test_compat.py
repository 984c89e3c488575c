"""Contract: `import mmvideomae` makes mmaction2 importable and mmengine checkpoints resumable.

Regardless of other packages, nothing else is changed and no protection is disabled.
"""

import argparse
import copy
import importlib.metadata
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import av
import mmengine
import numpy as np
import pytest
import torch
import yaml
from mmengine.logging import HistoryBuffer

from mmvideomae import compat
from mmvideomae.compat import openmmlab, versions, video
from mmvideomae.video.readers.av_container import open_container
from tests.support.forged import ForgedArray, ForgedDtype, ForgedScalar
from tests.support.videos import write_video

ROOT = Path(__file__).resolve().parents[1]

# Makes modules impossible to find, as if they were not installed.
HIDE = """
import importlib.machinery as machinery
find_spec = machinery.PathFinder.find_spec

def hide(*names):
    def find(name, path=None, target=None):
        hidden = any(name == each or name.startswith(each + '.') for each in names)
        return None if hidden else find_spec(name, path, target)
    machinery.PathFinder.find_spec = find
"""

# Imports and runs what the core level promises.
USE_MMACTION = """
import torch
import mmvideomae
import mmaction.datasets, mmaction.evaluation, mmaction.models
from mmengine.registry import init_default_scope
from mmvideomae.registry import MODELS

init_default_scope('mmvideomae')
model = MODELS.build(dict(
    type='Recognizer3D',
    backbone=dict(type='X3D', gamma_w=1, gamma_b=1, gamma_d=1),
    cls_head=dict(type='X3DHead', in_channels=192, num_classes=3, fc1_bias=False)))
feats, _ = model.eval().extract_feat(torch.zeros(1, 1, 3, 4, 32, 32))
assert feats.shape[:2] == (1, 192), feats.shape
print('works')
"""

CHECKPOINTED_RUN = """
import mmvideomae, numpy as np, torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner

class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 1)

    def forward(self, inputs, mode='loss'):
        out = self.linear(inputs)
        return dict(loss=out.pow(2).mean()) if mode == 'loss' else list(out)

class Scalars(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(double=np.float64(0.5), single=np.float32(0.25), count=np.int64(3))

def runner(epochs, resume):
    loader = dict(dataset=[dict(inputs=torch.ones(2))] * 4, batch_size=2, num_workers=0,
                  sampler=dict(type='DefaultSampler', shuffle=True),
                  collate_fn=dict(type='default_collate'))
    return Runner(
        Model(), work_dir='run', train_dataloader=loader, val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=epochs), val_cfg=dict(),
        val_evaluator=Evaluator([Scalars()]),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, end=1)],
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1),
                           checkpoint=dict(type='CheckpointHook', interval=1, save_best='double',
                                           rule='greater')),
        custom_hooks=[dict(type='EMAHook')], resume=resume, log_level='ERROR')

runner(1, resume=False).train()
"""

RESUMED_RUN = """
from mmvideomae import compat
from mmvideomae.video.readers.av_container import open_container

torch.serialization.clear_safe_globals()
try:
    torch.load('run/epoch_1.pth')
    print('torch reads it unaided')
except Exception as error:
    assert 'weights_only' in str(error).lower(), error
compat.apply()
resumed = runner(2, resume=True)
resumed.train()
losses = resumed.message_hub.get_scalar('train/loss')
print(resumed.epoch, len(losses.data[0]), losses.mean() > 0, resumed.message_hub.get_info('epoch'))
"""


def run_python(
    code: str, cwd: Path, path: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that finds mmvideomae, and `path` before anything else."""
    paths = [str(path)] if path else []
    env = {**os.environ, 'OMP_NUM_THREADS': '1', **env}
    env['PYTHONPATH'] = os.pathsep.join([*paths, str(ROOT)])
    return subprocess.run(
        [sys.executable, '-c', textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=env,
        timeout=300,
    )


def succeed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def has_new_transformers() -> bool:
    version = versions.version_of('transformers')
    return (
        version is not None and versions.release(version) >= openmmlab.TRANSFORMERS_WITHOUT_VINDLU
    )


# transformers -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not has_new_transformers(), reason='needs transformers >= 4.56')
def test_transformers_may_be_imported_first(tmp_path: Path) -> None:
    fail_alone = """
import transformers
try:
    import mmaction.models
    print('needs no work-around any more')
except ImportError as error:
    print('fails alone')
"""
    ask_for_vindlu = """
try:
    MODELS.build(dict(type='VindLUVQA'))
except ImportError as error:
    print(error)
"""
    out = succeed(run_python(f'{fail_alone}{USE_MMACTION}{ask_for_vindlu}', tmp_path))
    alone, works, message = out.splitlines()
    assert (alone, works) == ('fails alone', 'works')
    assert "pip install 'transformers>=4.28,<4.56'" in message


@pytest.mark.parametrize(
    ('version', 'left_alone'),
    [(None, True), ('4.28.0', True), ('4.55.4', True), ('4.56.0', False), ('5.23.0', False)],
)
def test_vindlu_is_disabled_only_where_its_import_fails(
    monkeypatch: pytest.MonkeyPatch, version: str | None, left_alone: bool
) -> None:
    from mmaction.utils import dependency

    monkeypatch.delitem(sys.modules, 'mmaction.models.multimodal', raising=False)
    monkeypatch.setattr(openmmlab, 'version_of', lambda name: version)
    monkeypatch.setattr(dependency, 'WITH_MULTIMODAL', True)
    monkeypatch.setattr(dependency, 'register_multimodal_placeholder', None)
    openmmlab.disable_vindlu_on_new_transformers()
    assert dependency.WITH_MULTIMODAL is left_alone


# mmcv-lite ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'missing',
    [
        # mmcv-lite is mmcv without the extension that its operators load.  The core level has no
        # mmdet, no back-port and nothing optional either.
        ('mmcv._ext', 'mmdet', 'importlib_metadata', 'transformers', 'tensorboard'),
        # mmdet left behind by somebody who went back to mmcv-lite.
        pytest.param(('mmcv._ext',), marks=pytest.mark.slow),
    ],
    ids=['core-level', 'mmdet-left-behind'],
)
def test_mmaction_works_with_mmcv_lite(tmp_path: Path, missing: tuple[str, ...]) -> None:
    hidden = f'{HIDE}\nhide(*{missing!r})\n'
    if 'importlib_metadata' in missing:
        stand_in = 'import importlib.metadata as m, importlib_metadata as n; assert m is n'
    else:
        stand_in = f'import {"transformers" if has_new_transformers() else "sys"}'
    assert succeed(run_python(f'{hidden}{USE_MMACTION}{stand_in}', tmp_path)) == 'works'


def test_missing_mmcv_is_one_clear_error(tmp_path: Path) -> None:
    done = run_python(f"{HIDE}\nhide('mmcv')\nimport mmvideomae.registry", tmp_path)
    assert done.returncode != 0
    assert 'pip install mmcv-lite==2.1.0' in done.stderr.splitlines()[-1]


# importlib_metadata and drn -----------------------------------------------------------------------


def test_placeholder_of_drn_says_what_it_is() -> None:
    from mmaction.models.localizers import DRN

    if openmmlab._spec_of('mmaction', 'models', 'localizers', 'drn') is not None:
        pytest.skip('this mmaction2 has DRN')
    with pytest.raises(ImportError, match='missing from the mmaction2'):
        DRN()


def test_what_is_installed_is_left_alone(tmp_path: Path) -> None:
    mine = 'from importlib.metadata import PackageNotFoundError, distribution\nmine = "mine"'
    (tmp_path / 'importlib_metadata.py').write_text(mine, encoding='utf-8')
    folder = tmp_path / 'mmaction' / 'models' / 'localizers' / 'drn'
    folder.mkdir(parents=True)
    for parent in folder.relative_to(tmp_path).parents:
        if parent != Path():
            (tmp_path / parent / '__init__.py').touch()
    (folder / '__init__.py').touch()
    (folder / 'drn.py').write_text('DRN = "the real one"', encoding='utf-8')
    # With this answer compat imports nothing of the hollow mmaction by itself.
    code = """
        import importlib.metadata as metadata
        version = metadata.version
        metadata.version = lambda name: '4.50.0' if name == 'transformers' else version(name)
        import mmvideomae
        from importlib_metadata import mine
        from mmaction.models.localizers.drn.drn import DRN
        print(mine, DRN)
    """
    assert succeed(run_python(code, tmp_path, path=tmp_path)) == 'mine the real one'


# Checkpoints --------------------------------------------------------------------------------------


def test_a_run_resumes_from_its_checkpoint_with_weights_only(tmp_path: Path) -> None:
    out = succeed(run_python(CHECKPOINTED_RUN + RESUMED_RUN, tmp_path))
    assert out.splitlines()[-1].split() == ['2', '4', 'True', '1']
    if 'unaided' in out:
        pytest.fail('this mmengine or torch needs no allow-list any more: delete the work-around')


def test_exactly_the_classes_of_a_real_checkpoint_are_allowed(tmp_path: Path) -> None:
    ask = """
torch.serialization.clear_safe_globals()
print(*sorted(torch.serialization.get_unsafe_globals_in_checkpoint('run/epoch_1.pth')))
compat.apply()
print(torch.serialization.get_unsafe_globals_in_checkpoint('run/epoch_1.pth'))
for entry in torch.serialization.get_safe_globals():
    if isinstance(entry, tuple):
        print(entry[1])
    elif not issubclass(entry, np.dtype) or entry is np.dtype:  # one type per kind of number
        print(f'{entry.__module__}.{entry.__name__}')
"""
    code = f'from mmvideomae import compat\n{CHECKPOINTED_RUN}{ask}'
    lines = succeed(run_python(code, tmp_path)).splitlines()
    start = next(n for n, line in enumerate(lines) if 'HistoryBuffer' in line)
    held, refused, *allowed = lines[start:]
    assert refused == '[]'
    # Both spellings of NumPy's core are allowed, a checkpoint holds that of its own NumPy.
    assert {name.replace('numpy._core', 'numpy.core') for name in allowed} == {
        name.replace('numpy._core', 'numpy.core') for name in held.split()
    }


def test_numbers_and_arrays_of_either_numpy_are_read(tmp_path: Path) -> None:
    saved = {
        'scalars': [np.float64(1.5), np.float32(2.5), np.int64(3), np.uint32(4), np.bool_(True)],
        'array': np.arange(6, dtype=np.int32).reshape(2, 3),
    }
    torch.save(saved, tmp_path / 'numpy1.pth')
    with zipfile.ZipFile(tmp_path / 'numpy1.pth') as old:
        content = {name: old.read(name) for name in old.namelist()}
    renamed = 0
    with zipfile.ZipFile(tmp_path / 'numpy2.pth', 'w', zipfile.ZIP_STORED) as new:
        for name, data in content.items():
            renamed += data.count(b'numpy.core.multiarray')
            new.writestr(name, data.replace(b'numpy.core.multiarray', b'numpy._core.multiarray'))
    assert renamed or np.__version__ >= '2'
    for name in ('numpy1.pth', 'numpy2.pth'):
        loaded = torch.load(tmp_path / name, weights_only=True)
        assert loaded['scalars'] == saved['scalars']
        np.testing.assert_array_equal(loaded['array'], saved['array'])


class Attribute:
    """Pickles as a call of getattr."""

    def __init__(self, owner: object, name: str) -> None:
        self.call = (owner, name)

    def __reduce__(self) -> tuple:
        return getattr, self.call


@pytest.mark.parametrize(
    'content',
    [
        argparse.Namespace(lr=0.1),
        np.array([object()]),
        Attribute(HistoryBuffer, '__init__'),
        Attribute(HistoryBuffer, 'from_statistics'),
        Attribute(np.ndarray, 'tofile'),
        Attribute(dict, 'update'),
        os.system,
    ],
    ids=lambda content: type(content).__name__,
)
def test_every_other_class_is_refused_as_before(tmp_path: Path, content: object) -> None:
    torch.save({'state_dict': {}, 'extra': content}, tmp_path / 'foreign.pth')
    with pytest.raises(Exception, match=r'weights_only|may not look up|not plain data') as caught:
        torch.load(tmp_path / 'foreign.pth', weights_only=True)
    assert not isinstance(caught.value, AssertionError)


def test_a_forged_array_follows_no_address(tmp_path: Path) -> None:
    forged = [
        ForgedArray(),
        ForgedScalar(),
        ForgedDtype('f8', 0x7F),
        ForgedArray(ForgedDtype('V8')),
    ]
    for number, content in enumerate(forged):
        torch.save({'message_hub': {'loss': content}}, tmp_path / f'{number}.pth')
    code = """
        import mmvideomae, torch
        for number in range(4):
            try:
                loaded = torch.load(f'{number}.pth', weights_only=True)
            except ValueError as error:
                print('refused:', error)
            else:
                print('harmless:', loaded['message_hub']['loss'].dtype)
    """
    lines = succeed(run_python(code, tmp_path)).splitlines()
    assert len(lines) == len(forged)
    assert all(
        line.startswith('refused: it holds') or line == 'harmless: float64' for line in lines
    )


def test_arrays_of_a_checkpoint_compute_and_are_saved_as_plain_ones(tmp_path: Path) -> None:
    torch.save({'array': np.arange(4.0)}, tmp_path / 'a.pth')
    array = torch.load(tmp_path / 'a.pth', weights_only=True)['array']
    assert type(array + 1) is np.ndarray and type(array.sum()) is np.float64
    assert type(np.append(array, 1)) is np.ndarray
    assert type(pickle.loads(pickle.dumps(array))) is np.ndarray
    assert type(copy.deepcopy({'a': array[1:]})['a'] * 2) is np.ndarray


def test_a_history_buffer_survives_with_its_statistics(tmp_path: Path) -> None:
    torch.save(HistoryBuffer([1.0, 2.0, 6.0], [1, 1, 1]), tmp_path / 'buffer.pth')
    buffer = torch.load(tmp_path / 'buffer.pth', weights_only=True)
    assert (buffer.mean(), buffer.max(), buffer.statistics('current')) == (3.0, 6.0, 6.0)


# The rest -----------------------------------------------------------------------------------------


def test_torch_is_loaded_before_decord(tmp_path: Path) -> None:
    code = """
        import sys
        import mmvideomae
        assert 'decord' not in sys.modules
        import mmvideomae.datasets
        import decord
        order = list(sys.modules)
        print(order.index('torch') < order.index('decord'))
    """
    assert succeed(run_python(code, tmp_path)) == 'True'


def test_importing_the_package_imports_nothing_slow(tmp_path: Path) -> None:
    code = """
        import sys
        import mmvideomae, mmvideomae.apis
        print(sorted({'torch', 'mmengine', 'mmcv', 'mmaction', 'decord', 'cv2'} & {*sys.modules}))
    """
    assert succeed(run_python(code, tmp_path)) == '[]'


@pytest.mark.parametrize('first', ['mmengine, mmengine.fileio', 'torch'])
def test_packages_that_were_imported_before_are_mended_too(tmp_path: Path, first: str) -> None:
    code = f"""
        import {first}, torch
        before = len(torch.serialization.get_safe_globals())
        import mmvideomae
        from mmengine.fileio import FileClient
        print(len(torch.serialization.get_safe_globals()) > before)
        print(FileClient._prefix_to_backends['s3'].__name__)
    """
    assert succeed(run_python(code, tmp_path)).split() == ['True', 'FsspecBackend']


def test_applying_twice_changes_nothing() -> None:
    modules, allowed = dict(sys.modules), set(torch.serialization.get_safe_globals())
    compat.apply()
    assert sys.modules == modules
    assert set(torch.serialization.get_safe_globals()) == allowed


@pytest.mark.parametrize(
    ('version', 'release'),
    [('2.11.0+cu130', (2, 11, 0)), ('4.56.0.dev0', (4, 56, 0)), ('5.0', (5, 0))],
)
def test_release_numbers(version: str, release: tuple[int, ...]) -> None:
    assert versions.release(version) == release


def test_version_of_what_is_not_installed() -> None:
    assert versions.version_of('no-such-distribution') is None
    assert versions.version_of('torch') == importlib.metadata.version('torch')


def test_opencv_log_levels_are_found_and_can_be_set() -> None:
    log = video.opencv_log_levels()
    level = log.getLogLevel()
    log.setLogLevel(0)
    assert log.getLogLevel() == 0
    log.setLogLevel(level)
    assert log.getLogLevel() == level


def test_yaml_holds_values_and_the_tuples_that_mmengine_writes(tmp_path: Path) -> None:
    path = tmp_path / 'a.yaml'
    mmengine.dump({'a': (1, [2.5, None]), 'b': 'x'}, path)
    assert mmengine.load(path) == {'a': (1, [2.5, None]), 'b': 'x'}
    path.write_text(f"!!python/object/apply:os.system ['touch {tmp_path}/ran']")
    with pytest.raises(yaml.constructor.ConstructorError):
        mmengine.load(path)
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    ('version', 'settings'),
    [
        ('15.1.0', {'container_options': {'a': 'b'}, 'metadata_errors': 'ignore'}),
        ('17.1.0', {'options': {'a': 'b'}, 'metadata_errors': 'ignore'}),
        ('19.0.0', {'options': {'a': 'b'}}),
    ],
)
def test_pyav_is_given_what_its_version_takes(
    monkeypatch: pytest.MonkeyPatch, version: str, settings: dict[str, Any]
) -> None:
    monkeypatch.setattr(av, '__version__', version)
    assert video.pyav_settings({'a': 'b'}) == settings


def test_decoders_never_wait_for_their_messages_to_be_taken(tmp_path: Path) -> None:
    write_video(tmp_path / 'a.mp4', np.zeros((3, 32, 32, 3), np.uint8), fps=10)
    av.logging.set_level(av.logging.ERROR)  # as an old torchvision does when it is imported
    with open_container(tmp_path / 'a.mp4'):
        assert av.logging.get_level() is None


def test_bases_of_the_package_are_found_from_anywhere(tmp_path: Path) -> None:
    base = 'configs/demo/videomae_vit-tiny-p8_finetune_own-videos.py'
    config = tmp_path / 'mine.py'
    config.write_text(f"_base_ = '{base}'\ntrain_cfg = dict(max_epochs=2)\n")
    cfg = mmengine.Config.fromfile(config)
    assert cfg.model.type == 'Recognizer3D' and cfg.train_cfg.max_epochs == 2
    (tmp_path / base).parent.mkdir(parents=True)
    (tmp_path / base).write_text('near = True\n')
    assert mmengine.Config.fromfile(config).near
    config.write_text("_base_ = 'configs/demo/none.py'\n")
    with pytest.raises(FileNotFoundError, match='none'):
        mmengine.Config.fromfile(config)


@pytest.mark.parametrize('suffix', ['py', 'yaml', 'yml', 'json'])
def test_configs_are_written_with_the_steps_of_a_pipeline_in_order(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f'a.{suffix}'
    steps = {'open': {'type': 'OpenVideo'}, 'crop': {'size': 8, 'type': 'CropViews'}, 'a': {}}
    mixed = {'b c': 1, 'z': [2, None]} | ({} if suffix == 'json' else {2: 3})
    mmengine.Config({'test': {'pipeline': steps}, 'a': mixed}).dump(path)
    cfg = mmengine.Config.fromfile(path)
    assert list(cfg.test.pipeline) == list(steps) and cfg.test.pipeline.to_dict() == steps
    assert cfg.a.to_dict() == mixed
    (tmp_path / f'b.{suffix}').write_text(cfg.dump())
    assert (tmp_path / f'b.{suffix}').read_text() == path.read_text()


def test_file_clients_read_s3_through_fsspec() -> None:
    from mmengine.fileio import FileClient

    from mmvideomae.storage.remote.backend import FsspecBackend

    assert FileClient._prefix_to_backends['s3'] is FsspecBackend
    compat.apply()  # what is ours stays
    assert FileClient._prefix_to_backends['s3'] is FsspecBackend


def test_harmless_messages_are_left_out_and_others_are_not(tmp_path: Path) -> None:
    code = """
        import mmvideomae
        from mmengine.hooks import CheckpointHook
        from mmengine.logging import MMLogger, print_log
        from mmengine.runner import checkpoint
        import torch
        logger = MMLogger.get_instance('a', log_file='a.log')
        logger.warning('"FileClient" will be deprecated in future. Please use io functions')
        logger.warning('a warning of another kind')
        print_log('Exp name: a_20260101', logger='current')
        model = torch.nn.Linear(2, 2)
        checkpoint.load_state_dict(model, {'weight': torch.ones(2, 2)}, strict=False)
        checkpoint.load_state_dict(model, {'weight': torch.ones(2, 2)}, strict=False, logger=logger)
        torch.save(model.state_dict(), 'a.pth')
        checkpoint._load_checkpoint('a.pth')
    """
    out = succeed(run_python(code, tmp_path))
    assert 'a warning of another kind' in out and len(out.splitlines()) == 1
    assert 'another kind' in (tmp_path / 'a.log').read_text()
    assert len((tmp_path / 'a.log').read_text().splitlines()) == 1


def test_neither_the_core_level_nor_a_cpu_warns_of_what_it_lacks(tmp_path: Path) -> None:
    code = """
        import warnings
        import mmvideomae
        import mmcv
        warnings.warn('Fail to import ``MultiScaleDeformableAttention`` from ``mmcv.ops``')
        warnings.warn("'pin_memory' argument is set as true but no accelerator is found, then")
        warnings.warn('a warning of another kind')
    """
    done = run_python(code, tmp_path)
    succeed(done)
    assert 'a warning of another kind' in done.stderr
    assert 'Deformable' not in done.stderr and 'pin_memory' not in done.stderr


def test_parameters_are_not_listed_in_the_log(tmp_path: Path) -> None:
    code = """
        import mmvideomae, torch
        from mmengine.logging import MMLogger
        from mmengine.model import BaseModule, Sequential
        MMLogger.get_instance('a', log_file='a.log').info('begun')
        Sequential(torch.nn.Linear(2, 2), init_cfg=dict(type='Constant', layer='Linear', val=3)
                   ).init_weights()
    """
    succeed(run_python(code, tmp_path))
    assert len((tmp_path / 'a.log').read_text().splitlines()) == 1
