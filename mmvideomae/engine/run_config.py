"""From a config file and command-line overrides to what a runner takes."""

import re
import traceback
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmvideomae.configs import apply_options, read_config
from mmvideomae.engine.last_checkpoint import NOTE, find_last
from mmvideomae.engine.loaders import settle_loaders
from mmvideomae.errors import UserError

_PACKAGE = Path(__file__).parents[1]
# A worker's error has its traceback in the message: the last place, and what is said there.
_OF_WORKER = re.compile(
    r'Caught \w+ in .*\nOriginal Traceback.*\n  File "([^"]+)", line .*?\n[\w.]+: (.*)', re.DOTALL
)


def load_run_config(
    config: str,
    work_dir: str | None = None,
    launcher: str = 'none',
    cfg_options: dict[str, Any] | None = None,
) -> Config:
    """Read a config, apply `cfg_options`, and settle work directory, launcher and data loaders.

    The work directory is `work_dir`, or the config's own, or `work_dirs/<name of the config>`.

    Raises:
        ConfigError: It cannot be read, or an option does not fit it.
    """
    cfg = read_config(config)
    apply_options(cfg, cfg_options)
    settle_loaders(cfg)
    cfg.launcher = launcher
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(config).stem)
    return cfg


def enable_amp(cfg: Config) -> None:
    """Switch a config to mixed precision.

    Raises:
        ValueError: If its optimizer wrapper is neither plain nor mixed precision already.
    """
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp cannot change the optimizer wrapper {kind!r} of this config')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'


def resume_from(cfg: Config, checkpoint: str) -> None:
    """Let a config continue from `checkpoint`, or from the newest of its folder if 'auto'.

    Where the folder has none, 'auto' leaves the config as it is: a first start begins with the
    weights of its `load_from`, which mmengine would leave out.

    Args:
        checkpoint: 'auto', a checkpoint, or the work directory of a run: its newest checkpoint.

    Raises:
        FileNotFoundError: If a checkpoint is named that does not exist.
    """
    if checkpoint != 'auto':
        require_checkpoint(checkpoint)
        cfg.resume, cfg.load_from = True, find_last(Path(checkpoint)) or checkpoint
    elif (Path(cfg.work_dir) / NOTE).is_file():
        cfg.resume, cfg.load_from = True, None


def require_checkpoint(checkpoint: str) -> None:
    """Raise FileNotFoundError unless `checkpoint` is a URL or exists (file, or sharded folder)."""
    if '://' not in checkpoint and not Path(checkpoint).exists():
        raise FileNotFoundError(f'checkpoint not found: {checkpoint}')


def plain_message(error: Exception) -> str | None:
    """What to tell of an error that lies in the data or the settings; None for any other.

    Those are `UserError`, and whatever this toolbox itself refuses as a ValueError or
    FileNotFoundError.  A data-loader worker's error arrives with its traceback in the message;
    one that takes more than a message (such as that of a video), as a RuntimeError.
    """
    if isinstance(error, UserError) and not _OF_WORKER.fullmatch(str(error)):
        return ' '.join(str(error).split())
    if isinstance(error, (ValueError, FileNotFoundError)):
        worker = _OF_WORKER.fullmatch(str(error))
        if worker is None:
            return ' '.join(str(error).split()) if _raised_here(error) else None
        told = ' '.join(worker.group(2).split())
        return told if Path(worker.group(1)).is_relative_to(_PACKAGE) else None
    _, found, message = str(error).strip().rpartition('VideoReadError: ')
    return message if found else None


def _raised_here(error: Exception) -> bool:
    """Whether a module of this toolbox raised the error, rather than one that it called."""
    frames = list(traceback.walk_tb(error.__traceback__))
    module = frames[-1][0].f_globals.get('__name__', '') if frames else ''
    return module.partition('.')[0] == 'mmvideomae'
