"""Make the OpenMMLab stack importable and resumable on a current PyTorch.

Every work-around of the toolbox stands here and nowhere else; each names its
upstream cause and the condition under which it can be deleted.  ``apply`` runs
once, on ``import mmvideomae``.
"""

import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
import types


def apply() -> None:
    """Install all work-arounds; calling it again changes nothing."""
    _import_torch_before_decord()
    _provide_importlib_metadata()
    _stub_missing_drn()
    _disable_mmaction_multimodal()
    _allow_mmengine_checkpoints()


def _import_torch_before_decord() -> None:
    """Loading decord 0.6.0 before torch ends in a segmentation fault."""
    import torch  # noqa: F401


def _provide_importlib_metadata() -> None:
    """``mmaction/utils/dependency.py`` imports the back-port that nothing installs."""
    if importlib.util.find_spec('importlib_metadata') is None:
        sys.modules['importlib_metadata'] = importlib.metadata


def _stub_missing_drn() -> None:
    """The mmaction2 1.2.0 wheel lacks ``mmaction.models.localizers.drn``."""
    package = 'mmaction.models.localizers.drn'
    if package in sys.modules or _spec_of('mmaction', 'models', 'localizers', 'drn') is not None:
        return
    stub = types.ModuleType(package)
    stub.__path__ = []
    inner = types.ModuleType(package + '.drn')
    inner.DRN = type('DRN', (), {'__doc__': 'Placeholder: absent from the mmaction2 1.2.0 wheel.'})
    sys.modules[package] = stub
    sys.modules[inner.__name__] = inner


def _disable_mmaction_multimodal() -> None:
    """``mmaction.models.multimodal`` imports names removed from transformers."""
    package = 'mmaction.models.multimodal'
    if package not in sys.modules:
        sys.modules[package] = types.ModuleType(package)


def _allow_mmengine_checkpoints() -> None:
    """Let ``torch.load(weights_only=True)`` read what mmengine saves."""
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer

    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            np.core.multiarray._reconstruct,
            np.core.multiarray.scalar,
            np.ndarray,
            np.dtype,
            np.dtypes.Float64DType,
            np.dtypes.Float32DType,
            np.dtypes.Int64DType,
            np.dtypes.Int32DType,
            np.dtypes.UInt32DType,
        ]
    )


def _spec_of(root: str, *parts: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module's spec without importing its parent packages."""
    spec = importlib.util.find_spec(root)
    for part in parts:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return spec
