"""Work-arounds for torch, mmengine, mmcv and mmaction2."""

import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import sys
import types
from typing import Any

from mmvideomae.compat.versions import release, version_of
from mmvideomae.version import shipped

# From this version on, see disable_vindlu_on_new_transformers.
TRANSFORMERS_WITHOUT_VINDLU = (4, 56)
# The statistics that HistoryBuffer itself registers, see _history_statistic.
_HISTORY_STATISTICS = ('min', 'max', 'mean', 'current')


def require_mmcv() -> None:
    """Say what to do where somebody imports mmcv and neither mmcv-lite nor mmcv is installed.

    Upstream: both distributions provide the package ``mmcv``, so no requirement of a wheel can
    mean "one of the two" (``requirements/runtime.txt``).  Delete when mmcv-lite declares that it
    provides mmcv, or when mmcv is published with wheels for current versions of torch.
    """
    raise ImportError(
        'mmvideomae needs mmcv-lite (pip install mmcv-lite==2.1.0), or the full mmcv for '
        'action detection (mmvideomae doctor tells how)'
    )


def provide_importlib_metadata() -> None:
    """Provide the standard library's module under the name of a back-port that nothing installs.

    Upstream: ``mmaction/utils/dependency.py`` of mmaction2 1.2.0 imports ``importlib_metadata``,
    which its requirements do not name.  Delete when mmaction2 imports ``importlib.metadata``.
    """
    if importlib.util.find_spec('importlib_metadata') is None:
        sys.modules['importlib_metadata'] = importlib.metadata


def stub_missing_drn() -> None:
    """Stand in for ``mmaction.models.localizers.drn`` where the wheel lacks it.

    Upstream: the mmaction2 1.2.0 wheel lacks the folder that its own
    ``mmaction/models/localizers/__init__.py`` imports; the source repository has it.  Delete when
    a later mmaction2 is required.
    """
    package = 'mmaction.models.localizers.drn'
    if package in sys.modules or _spec_of('mmaction', 'models', 'localizers', 'drn') is not None:
        return

    class DRN:
        """Placeholder for the temporal grounding model that the mmaction2 wheel lacks."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            raise ImportError('DRN is missing from the mmaction2 1.2.0 wheel')

    folder, module = types.ModuleType(package), types.ModuleType(f'{package}.drn')
    vars(folder).update(__path__=[], drn=module)
    vars(module).update(DRN=DRN)
    sys.modules.update({folder.__name__: folder, module.__name__: module})


def disable_vindlu_on_new_transformers() -> None:
    """Keep mmaction2 from importing its VindLU models with a transformers that breaks them.

    Upstream: ``mmaction/models/multimodal/vindlu/modeling_bert.py`` of mmaction2 1.2.0 imports
    ``apply_chunking_to_forward``, ``find_pruneable_heads_and_indices`` and ``prune_linear_layer``
    from ``transformers.modeling_utils`` whenever transformers is installed, and that module has
    had them only up to 4.55.  With an older version nothing is changed.  The version is looked up
    without importing transformers, which takes seconds.  Delete when mmaction2 guards that import
    or takes the functions from elsewhere.
    """
    installed = version_of('transformers')
    if installed is None or release(installed) < TRANSFORMERS_WITHOUT_VINDLU:
        return
    from mmaction.utils import dependency

    def register_placeholders(names: list[str], registry: Any) -> None:
        def refuse(*args: object, **kwargs: object) -> None:
            raise ImportError(
                'the VindLU models of mmaction2 1.2.0 need transformers 4.28 to 4.55, '
                f"but {installed} is installed: pip install 'transformers>=4.28,<4.56'"
            )

        for name in names:
            registry.register_module(name=name, module=refuse)

    dependency.WITH_MULTIMODAL = False
    dependency.register_multimodal_placeholder = register_placeholders


def allow_mmengine_checkpoints() -> None:
    """Let ``torch.load(weights_only=True)`` read what an mmengine runner saves.

    Upstream: torch 2.6 made ``weights_only`` the default of ``torch.load``, while mmengine 0.10.7
    (``runner/checkpoint.py``) relies on the default and its checkpoints hold, in ``message_hub``,
    ``HistoryBuffer`` objects, NumPy arrays and, from metrics, NumPy scalars.  Only these are
    allowed; any other class is refused as before.  NumPy's own classes trust sizes and flags in the
    file, which can turn its bytes into addresses, so stand-ins rebuild the arrays.  Delete when
    mmengine allows its own classes and NumPy's no longer trust the file.
    """
    import torch
    from mmengine.logging import HistoryBuffer

    from mmvideomae.storage.pickles import ARRAYS

    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            # A buffer's state names HistoryBuffer.min and so on, which pickle writes as a call to
            # getattr; this replacement can look up nothing else.
            (_history_statistic, 'builtins.getattr'),
            *((given, name) for name, given in ARRAYS.items()),
        ]
    )


def load_mmengine_after_torch() -> None:
    """Load mmengine, and so `allow_mmengine_checkpoints`, for those who import torch alone.

    If mmengine is being imported and has imported torch, nothing is left to do here.
    """
    importlib.import_module('mmengine')


def _history_statistic(owner: type, name: str) -> Any:
    """``getattr`` for the four statistics of ``HistoryBuffer``, and for nothing else.

    Raises:
        ValueError: Anything else was asked for.
    """
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer or name not in _HISTORY_STATISTICS:
        raise ValueError(f'a checkpoint may not look up the attribute {name!r} of {owner!r}')
    return getattr(HistoryBuffer, name)


def use_plain_yaml() -> None:
    """Let mmengine read only plain values from YAML, not objects and calls, and write it in order.

    Upstream: ``mmengine/fileio/handlers/yaml_handler.py`` of mmengine 0.10.7 reads with PyYAML's
    full loader, so reading a config, or any other ``.yaml`` file, runs what the file says.  Tuples
    stay allowed because mmengine itself writes them.  It writes with sorted keys, among them the
    names of the steps of a pipeline, see `write_configs_in_order`.  Delete when mmengine reads with
    ``yaml.SafeLoader`` and writes with ``sort_keys=False``.
    """
    import yaml
    from mmengine.fileio import YamlHandler, register_handler

    class PlainLoader(yaml.SafeLoader):
        def construct_python_tuple(self, node: Any) -> tuple[Any, ...]:
            return tuple(self.construct_sequence(node, deep=True))

    PlainLoader.add_constructor(
        'tag:yaml.org,2002:python/tuple', PlainLoader.construct_python_tuple
    )

    class PlainYamlHandler(YamlHandler):
        def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
            return yaml.load(file, PlainLoader)

        def dump_to_fileobj(self, obj: Any, file: Any, **kwargs: Any) -> None:
            super().dump_to_fileobj(obj, file, **{'sort_keys': False, **kwargs})

        def dump_to_str(self, obj: Any, **kwargs: Any) -> str:
            return super().dump_to_str(obj, **{'sort_keys': False, **kwargs})

    register_handler(['yaml', 'yml'])(PlainYamlHandler)


def write_configs_in_order() -> None:
    """Keep the order of entries when a config is written: the steps of a pipeline are entries.

    Upstream: ``Config.pretty_text`` of mmengine 0.10.7 sorts the keys of every dict.  A run saves
    that text in its work directory and its checkpoints, and a test with it would crop before it
    reads.  Delete when mmengine keeps the order.
    """
    from mmengine.config import config

    def kept(entries: Any, **how: Any) -> list[Any]:
        return list(entries) if 'key' in how else sorted(entries, **how)

    vars(config)['sorted'] = kept


def find_shipped_bases() -> None:
    """Let ``_base_ = 'configs/...'`` in a config name one of the package, as command lines do.

    Upstream: ``Config._get_cfg_path`` of mmengine 0.10.7 finds bases in packages of OpenMMLab alone
    (``mmdet::...``).  Delete when other packages can register theirs.
    """
    from mmengine.config.config import Config

    def found(cfg_path: str, filename: str) -> tuple[str, str | None]:
        path, scope = theirs(cfg_path, filename)
        ours = shipped(cfg_path)
        if cfg_path.startswith('configs/') and not os.path.exists(path) and ours.is_file():
            path = str(ours)
        return path, scope

    theirs = Config._get_cfg_path
    if theirs.__module__ != __name__:
        Config._get_cfg_path = staticmethod(found)


def leave_s3_to_fsspec() -> None:
    """Free the addresses ``s3://`` for the backend of `mmvideomae.storage.remote`.

    Upstream: ``FileClient.register_backend(..., force=True)`` of mmengine 0.10.7
    (``mmengine/fileio/file_client.py``) does not replace the backend of a prefix that is in use,
    here that of Petrel, whose client is not public.  The checkpoint hook still asks a FileClient.
    Delete when ``force`` replaces the backend, or when the hook no longer asks.
    """
    from mmengine.fileio import FileClient

    if getattr(FileClient._prefix_to_backends.get('s3'), '__name__', '') == 'PetrelBackend':
        del FileClient._prefix_to_backends['s3']
    importlib.import_module('mmvideomae.storage.remote.backend')  # which registers itself


def _spec_of(root: str, *parts: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module's spec without importing its parent packages."""
    spec = importlib.util.find_spec(root)
    for part in parts:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return spec
