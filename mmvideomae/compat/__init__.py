"""Make the OpenMMLab stack importable and resumable on a current PyTorch.

Every work-around of the toolbox for a dependency is in this package.  Each names its
upstream cause and the condition under which it can be deleted, changes nothing where the cause is
absent, and has a test in ``tests/test_compat.py``.  ``apply`` runs once, on ``import mmvideomae``,
and imports nothing: what changes a package waits until somebody imports that package.
``mmaction.models`` has to be imported after ``mmvideomae``.
"""

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Sequence

from mmvideomae.compat.messages import (
    leave_out_initialization,
    leave_out_of_logs,
    leave_out_of_prints,
    leave_out_of_warnings,
)
from mmvideomae.compat.openmmlab import (
    allow_mmengine_checkpoints,
    disable_vindlu_on_new_transformers,
    find_shipped_bases,
    leave_s3_to_fsspec,
    load_mmengine_after_torch,
    provide_importlib_metadata,
    require_mmcv,
    stub_missing_drn,
    use_plain_yaml,
    write_configs_in_order,
)
from mmvideomae.compat.video import import_torch_before_decord


def apply() -> None:
    """Install all work-arounds; calling it again changes nothing."""
    # First of all, since the work-around of an imported torch imports packages that need their own.
    if not any(isinstance(finder, _WorkArounds) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WorkArounds())
    for name, (_, work_arounds) in _WAITING.items():
        if name in sys.modules:
            for work_around in work_arounds:
                work_around()


class _WorkArounds(importlib.abc.MetaPathFinder):
    """Finds the modules of `_WAITING` as others do, and adds the work-arounds to their import."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _WAITING:
            return None
        others = (each for each in sys.meta_path if each is not self)
        found = (each.find_spec(fullname, path, target) for each in others)
        spec = next(filter(None, found), None)
        if spec is None or spec.loader is None:
            if fullname == 'mmcv':
                require_mmcv()
            return spec
        before, after = _WAITING[fullname]
        execute = spec.loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            for work_around in before:
                work_around()
            execute(module)
            for work_around in after:
                work_around()

        vars(spec.loader)['exec_module'] = exec_module
        return spec


_WAITING: dict[str, tuple[Sequence[Callable[[], None]], Sequence[Callable[[], None]]]] = {
    'decord': ([import_torch_before_decord], []),
    'mmcv': ([leave_out_of_warnings], []),
    'mmaction': ([], [stub_missing_drn]),
    'mmaction.utils.dependency': (
        [provide_importlib_metadata],
        [disable_vindlu_on_new_transformers],
    ),
    'mmengine.config.config': ([], [find_shipped_bases, write_configs_in_order]),
    'mmengine.fileio': ([], [use_plain_yaml, leave_s3_to_fsspec]),
    'mmengine.logging': ([], [allow_mmengine_checkpoints, leave_out_of_logs]),
    'mmengine.model.base_module': ([], [leave_out_initialization]),
    'mmengine.runner.checkpoint': ([], [leave_out_of_prints]),
    'torch': ([], [load_mmengine_after_torch]),
}
"""What to do before and after the first import of a module."""
