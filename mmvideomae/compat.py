"""Make the OpenMMLab stack importable and resumable on a current PyTorch.

Every work-around of the toolbox for a dependency is in this module.  Each names its
upstream cause and the condition under which it can be deleted, changes nothing where the cause is
absent, and has a test in ``tests/test_compat.py``.  ``apply`` runs once, on ``import mmvideomae``,
and imports nothing: what changes a package waits until somebody imports that package.
``mmaction.models`` has to be imported after ``mmvideomae``.
"""

import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import re
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

# From this version on, see _disable_vindlu_on_new_transformers.
TRANSFORMERS_WITHOUT_VINDLU = (4, 56)
# The statistics that HistoryBuffer itself registers, see _history_statistic.
_HISTORY_STATISTICS = ('min', 'max', 'mean', 'current')


def apply() -> None:
    """Install all work-arounds; calling it again changes nothing."""
    for name, (_, work_arounds) in _WAITING.items():
        if name in sys.modules:
            for work_around in work_arounds:
                work_around()
    if not any(isinstance(finder, _WorkArounds) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WorkArounds())


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
                _require_mmcv()
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


def _require_mmcv() -> None:
    """Say what to do where somebody imports mmcv and neither mmcv-lite nor mmcv is installed.

    Upstream: both distributions provide the package ``mmcv``, so no requirement of a wheel can
    mean "one of the two" (``requirements/runtime.txt``).  Delete when mmcv-lite declares that it
    provides mmcv, or when mmcv is published with wheels for current versions of torch.
    """
    raise ImportError(
        'mmvideomae needs mmcv-lite (pip install mmcv-lite==2.1.0), or the full mmcv for '
        'action detection (make install-detection)'
    )


def _import_torch_before_decord() -> None:
    """Load torch before anything of ours can load decord.

    Upstream: decord 0.6.0, whose wheel brings its own copies of libraries.  With some builds of
    torch, a process that loads them first crashes with a segmentation fault.  It was not seen with
    torch 2.11 on Linux, but the order costs nothing.  Delete when decord is no longer a dependency.
    """
    import torch  # noqa: F401


def _provide_importlib_metadata() -> None:
    """Provide the standard library's module under the name of a back-port that nothing installs.

    Upstream: ``mmaction/utils/dependency.py`` of mmaction2 1.2.0 imports ``importlib_metadata``,
    which its requirements do not name.  Delete when mmaction2 imports ``importlib.metadata``.
    """
    if importlib.util.find_spec('importlib_metadata') is None:
        sys.modules['importlib_metadata'] = importlib.metadata


def _stub_missing_drn() -> None:
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


def _disable_vindlu_on_new_transformers() -> None:
    """Keep mmaction2 from importing its VindLU models with a transformers that breaks them.

    Upstream: ``mmaction/models/multimodal/vindlu/modeling_bert.py`` of mmaction2 1.2.0 imports
    ``apply_chunking_to_forward``, ``find_pruneable_heads_and_indices`` and ``prune_linear_layer``
    from ``transformers.modeling_utils`` whenever transformers is installed, and that module has
    had them only up to 4.55.  With an older version nothing is changed.  The version is looked up
    without importing transformers, which takes seconds.  Delete when mmaction2 guards that import
    or takes the functions from elsewhere.
    """
    installed = _version('transformers')
    if installed is None or _release(installed) < TRANSFORMERS_WITHOUT_VINDLU:
        return
    if 'mmaction.models.multimodal' in sys.modules:
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


def _allow_mmengine_checkpoints() -> None:
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


def _load_mmengine_after_torch() -> None:
    """Load mmengine, and so `_allow_mmengine_checkpoints`, for those who import torch alone.

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


def opencv_log_levels() -> Any:
    """The module that has ``getLogLevel`` and ``setLogLevel`` of OpenCV.

    Upstream: OpenCV 4.14 and 5 moved both from ``cv2`` to ``cv2.utils.logging``.  Delete when the
    oldest supported OpenCV has them there.
    """
    import cv2

    return cv2 if hasattr(cv2, 'getLogLevel') else cv2.utils.logging


def pyav_settings(options: dict[str, str]) -> dict[str, Any]:
    """The arguments of ``av.open`` that pass options to FFmpeg's demuxer and decoders.

    Upstream: before 17.1 PyAV crashes if it was given options for decoders and a stream is found
    late (FLV, transport streams); options for the container alone do not limit what is decoded to
    find it.  Before 19 it decodes tags, which may be in any encoding and are not used here.
    Delete when PyAV 19 is the oldest supported version.
    """
    import av

    version = _release(av.__version__)
    settings: dict[str, Any] = {'options' if version >= (17, 1) else 'container_options': options}
    return settings if version >= (19,) else {**settings, 'metadata_errors': 'ignore'}


def give_extradata(context: Any, data: bytes) -> None:
    """Give one of PyAV's decoders the headers of its stream, with the zeros that must follow them.

    Upstream: PyAV (19 and before) allocates 64 bytes more than the data has and leaves them as they
    are, though FFmpeg's decoders read them and count on zeros.  Reallocating keeps those that were
    given first.  Delete when ``CodecContext.extradata`` clears them.
    """
    context.extradata = data + bytes(64)
    context.extradata = data


def detach_pyav_log() -> None:
    """Keep FFmpeg's threads from passing their messages to Python.

    Upstream: an old torchvision, such as 0.21, sets PyAV's log level when it is imported, and
    PyAV then passes messages to Python (PyAV issue 751).  Closing a decoder waits for its threads
    while holding Python's lock, and a thread with a message may be waiting for that lock: a
    deadlock.  Nobody reads these messages, and errors are raised without them.  Delete when the
    oldest supported torchvision leaves the log alone.
    """
    import av

    if av.logging.get_level() is not None:
        av.logging.set_level(None)


def _read_yaml_safely() -> None:
    """Let mmengine read only plain values from YAML, not objects and calls.

    Upstream: ``mmengine/fileio/handlers/yaml_handler.py`` of mmengine 0.10.7 reads with PyYAML's
    full loader, so reading a config, or any other ``.yaml`` file, runs what the file says.  Tuples
    stay allowed because mmengine itself writes them.  Delete when mmengine reads with
    ``yaml.SafeLoader``.
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

    register_handler(['yaml', 'yml'])(PlainYamlHandler)


def _write_configs_in_order() -> None:
    """Keep the order of entries when a config is written: the steps of a pipeline are entries.

    Upstream: ``Config.pretty_text`` of mmengine 0.10.7 sorts the keys of every dict.  A run saves
    that text in its work directory and its checkpoints, and a test with it would crop before it
    reads.  Delete when mmengine keeps the order.
    """
    from mmengine.config import config

    def kept(entries: Any, **how: Any) -> list[Any]:
        return list(entries) if 'key' in how else sorted(entries, **how)

    vars(config)['sorted'] = kept


def _leave_s3_to_fsspec() -> None:
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


_WAITING: dict[str, tuple[Sequence[Callable[[], None]], Sequence[Callable[[], None]]]] = {
    'decord': ([_import_torch_before_decord], []),
    'mmcv': ([], []),
    'mmaction': ([], [_stub_missing_drn]),
    'mmaction.utils.dependency': (
        [_provide_importlib_metadata],
        [_disable_vindlu_on_new_transformers],
    ),
    'mmengine.config.config': ([], [_write_configs_in_order]),
    'mmengine.fileio': ([], [_read_yaml_safely, _leave_s3_to_fsspec]),
    'mmengine.logging': ([], [_allow_mmengine_checkpoints]),
    'torch': ([], [_load_mmengine_after_torch]),
}
"""What to do before and after the first import of a module."""


def _version(distribution: str) -> str | None:
    """Installed version of a distribution, or None; the distribution is not imported."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _release(version: str) -> tuple[int, ...]:
    """``'2.11.0+cu130'`` -> ``(2, 11, 0)``."""
    return tuple(int(number) for number in re.findall(r'\d+', version.partition('+')[0])[:3])


def _spec_of(root: str, *parts: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module's spec without importing its parent packages."""
    spec = importlib.util.find_spec(root)
    for part in parts:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return spec
