"""From a config file and command-line overrides to what a runner takes."""

from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmvideomae.engine.hooks import (
    ClassCountError,
    NonFiniteLossError,
    TooManyDecodeFailuresError,
)


def load_run_config(
    config: str,
    work_dir: str | None = None,
    launcher: str = 'none',
    cfg_options: dict[str, Any] | None = None,
) -> Config:
    """Read a config, apply `cfg_options`, and settle work directory and launcher.

    The work directory is `work_dir`, or the config's own, or `work_dirs/<name of the config>`.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not Path(config).is_file():
        raise FileNotFoundError(f'config not found: {config}')
    cfg = Config.fromfile(config)
    if cfg_options:
        cfg.merge_from_dict(cfg_options)
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

    Raises:
        FileNotFoundError: If a checkpoint is named that does not exist.
    """
    if checkpoint != 'auto':
        require_checkpoint(checkpoint)
    cfg.resume = True
    cfg.load_from = None if checkpoint == 'auto' else checkpoint


def require_checkpoint(checkpoint: str) -> None:
    """Raise FileNotFoundError unless `checkpoint` is a URL or exists (file, or sharded folder)."""
    if '://' not in checkpoint and not Path(checkpoint).exists():
        raise FileNotFoundError(f'checkpoint not found: {checkpoint}')


def plain_message(error: RuntimeError) -> str | None:
    """What to tell of an error that lies in the data or the settings; None for any other.

    A data-loader worker's error arrives as a RuntimeError whose last line is the original one.
    """
    if isinstance(error, (ClassCountError, NonFiniteLossError, TooManyDecodeFailuresError)):
        return str(error)
    # By name: this room does not know the data sets.
    if type(error).__name__ == 'VideoReadError':
        return str(error)
    _, found, message = str(error).strip().rpartition('VideoReadError: ')
    return message if found else None
