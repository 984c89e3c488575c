"""Turn a config file and command-line overrides into a runner's config."""

import builtins
import os
import re
import traceback
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmvideomae.checkpoints import published_weights
from mmvideomae.configs import OF_ENVIRONMENT, apply_options, read_config
from mmvideomae.engine.config_names import settle_names
from mmvideomae.engine.foreign_errors import translate
from mmvideomae.engine.last_checkpoint import NOTE, find_last
from mmvideomae.engine.loaders import settle_loaders
from mmvideomae.errors import ConfigError, UserError, not_text, one_line, where
from mmvideomae.storage.work_dirs import default_work_dir

VIEWERS = {
    'tensorboard': ('TensorboardVisBackend', 'tensorboard'),
    'wandb': ('WandbVisBackend', 'wandb'),
}
"""Backends of mmengine's visualizer, and the packages that they need."""
_PACKAGE = Path(__file__).parents[1]
# A worker's error contains its traceback in the message.
_OF_WORKER = re.compile(r'Caught \w+ in ')
_RAISED = re.compile(r'^(?:[\w.]*\.)?(\w+): (.*)$', re.MULTILINE)
_BUILTIN = {name for name, kind in vars(builtins).items() if isinstance(kind, type)}


def load_run_config(
    config: str,
    work_dir: str | None = None,
    launcher: str = 'none',
    cfg_options: dict[str, Any] | None = None,
) -> Config:
    """Read a config, apply `cfg_options`, and set work directory, launcher and data loaders.

    The work directory is `work_dir`, or the config's own, or its `default_work_dir`.

    Raises:
        ConfigError: The config cannot be read, or an option does not fit it.
    """
    cfg = read_config(config)
    apply_options(cfg, cfg_options)
    settle_names(cfg)
    settle_loaders(cfg)
    for name in ('load_from', 'work_dir'):
        if not isinstance(cfg.get(name), str | None):
            raise ConfigError(not_text(name, cfg[name]))
    for name in ('max_epochs', 'max_iters'):
        length = (cfg.get('train_cfg') or {}).get(name)
        if isinstance(length, int) and length < 1:
            raise ConfigError(f'train_cfg.{name} must be positive, got {length}')
    cfg.launcher = launcher
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = default_work_dir(config)
    return cfg


def enable_amp(cfg: Config) -> None:
    """Switch a config to mixed precision.

    Raises:
        ValueError: Its optimizer wrapper is neither a plain nor a mixed-precision one.
    """
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp cannot change the optimizer wrapper {kind!r} of this config')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'


def log_to(cfg: Config, viewers: Sequence[str]) -> None:
    """Let a config log its values and pictures to viewers too, and draw pictures for them.

    A pre-training then draws reconstructions and attention, see `ReconstructionVisHook`, and logs
    embeddings, see `EmbeddingVisHook`; values of its own visualizer stay.

    Args:
        viewers: Names of `VIEWERS`.

    Raises:
        ConfigError: The package of a viewer is not installed.
    """
    visualizer = cfg.get('visualizer') or {'type': 'Visualizer', 'vis_backends': None}
    backends = [*(visualizer.get('vis_backends') or [{'type': 'LocalVisBackend'}])]
    for viewer in viewers:
        kind, package = VIEWERS[viewer]
        if find_spec(package) is None:
            raise ConfigError(f'--log-to {viewer} needs the package: pip install {package}')
        if all(each['type'] != kind for each in backends):
            backends.append({'type': kind})
    cfg.visualizer = {**visualizer, 'vis_backends': backends}
    pictures = {'type': 'ReconstructionVisHook', 'attention': True, 'optional': True}
    embeddings = {'type': 'EmbeddingVisHook', 'optional': True}
    hooks = {'pictures': pictures, 'embeddings': embeddings}
    cfg.default_hooks = {**(cfg.get('default_hooks') or {}), **hooks}


def resume_from(cfg: Config, checkpoint: str) -> None:
    """Let a config continue from `checkpoint`, or from the newest in its folder if 'auto'.

    If the folder has none, 'auto' leaves the config unchanged: a first start begins with the
    weights of its `load_from`, which mmengine would ignore.

    Args:
        checkpoint: 'auto', a checkpoint, or a run's work directory for its newest checkpoint.

    Raises:
        FileNotFoundError: The checkpoint does not exist.
    """
    if checkpoint != 'auto':
        require_checkpoint(checkpoint)
        cfg.resume, cfg.load_from = True, find_last(Path(checkpoint)) or checkpoint
    elif (Path(cfg.work_dir) / NOTE).is_file():
        cfg.resume, cfg.load_from = True, None


def require_checkpoint(checkpoint: str) -> None:
    """Raise FileNotFoundError unless `checkpoint` is a file, folder, URL or name of weights."""
    found = '://' in checkpoint or Path(checkpoint).exists() or checkpoint in published_weights()
    if not found:
        raise FileNotFoundError(f'checkpoint not found: {checkpoint}{where(checkpoint)}')


def environment_of(cfg: Config | None) -> dict[str, str]:
    """The variables of the environment from which the config takes entries, and their values."""
    named = OF_ENVIRONMENT.findall((cfg and cfg.text) or '')
    return {name: os.environ[name] for name, _ in named if name in os.environ}


def with_environment(message: str, cfg: Config | None) -> str:
    """A message about an entry, with the environment variable from which the config takes it.

    A config that has ``{{'$NUM_CLASSES:10'}}`` in several places is changed there, not by options.
    """
    named = OF_ENVIRONMENT.findall((cfg and cfg.text) or '')
    for variable in (name for name, default in named if default.isdigit()):
        entry = variable.lower()
        # The cure is at the end of a message, and the wrong value may be before it.
        found = re.findall(rf'\b{entry}\b(=\w+)?', message)
        # FEATURE_WIDTH is features.width, and a message about features may say what they have.
        of, _, key = entry.partition('_')
        if found or (key and of in message and re.search(rf'\b{key}=', message)):
            real = re.search(rf'\b{key}(?: is |=)(\d+), but ', message)
            value = (found and found[-1]) or f'={real[1] if real else "NUMBER"}'
            return f'{message}; with this config, put {variable}{value} before the command'
    if re.search('no such f', message, re.IGNORECASE):
        folders = {os.environ.get(*each): each[0] for each in named if '/' in each[1]}
        # data/custom/videos lies below data/custom, which is another variable's.
        for folder in sorted(folders, key=len, reverse=True):
            if folder in message:
                return (
                    f'{message}; {folders[folder]}=FOLDER before the command names another folder'
                )
    return message


def plain_message(error: Exception) -> str | None:
    """One line about an error that a user can fix; None for a bug.

    Such errors are `UserError`, any ValueError or FileNotFoundError that this toolbox raises, and
    those that `translate` explains.  A data-loader worker's error arrives with its traceback in
    the message, and as a RuntimeError if its constructor needs more than a message.
    """
    worker = _OF_WORKER.match(str(error))
    if worker is not None:
        return _of_worker(str(error))
    ours = isinstance(error, ValueError | FileNotFoundError) and _raised_here(error)
    if isinstance(error, UserError) or (ours and not getattr(error, 'errno', None)):
        return one_line(str(error))
    return translate(error)


def _of_worker(text: str) -> str | None:
    """`plain_message` for the traceback that a worker sends."""
    kinds = {each.__name__ for each in _kinds_of(UserError)}
    found = [each for each in _RAISED.finditer(text) if each[1] in kinds or each[1] in _BUILTIN]
    if not found:
        return None
    kind, message = found[-1][1], one_line(text[found[-1].start(2) :])
    if kind in kinds:
        return message
    files = re.findall(r'^  File "([^"]+)", line ', text, re.MULTILINE)
    if kind in ('ValueError', 'FileNotFoundError') and Path(files[-1]).is_relative_to(_PACKAGE):
        return message
    by_number = re.match(r"\[Errno (\d+)\] ([^:]*)(?:: '(.*)')?", message)
    again = OSError(int(by_number[1]), *by_number.groups()[1:]) if by_number else None
    return translate(again or RuntimeError(message))


def _kinds_of(base: type[Exception]) -> Iterator[type[Exception]]:
    """An error class and all classes derived from it."""
    yield base
    for kind in base.__subclasses__():
        yield from _kinds_of(kind)


def _raised_here(error: Exception) -> bool:
    """Whether a module of this toolbox raised the error, rather than a library it called."""
    frames = list(traceback.walk_tb(error.__traceback__))
    module = frames[-1][0].f_globals.get('__name__', '') if frames else ''
    return module.partition('.')[0] == 'mmvideomae'
