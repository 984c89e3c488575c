"""Refuse names in a config that nothing reads: a misspelt one would otherwise change nothing."""

import ast
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.fileio import load

from mmvideomae.configs import ENTRIES
from mmvideomae.errors import ConfigError, nearest

# Entries whose keys mmengine looks up one by one; other entries are built, which checks their keys.
_KEYS = {
    'auto_scale_lr': ('enable', 'base_batch_size'),
    'env_cfg': ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    'env_cfg.mp_cfg': ('mp_start_method', 'opencv_num_threads'),
    'randomness': ('seed', 'diff_rank_seed', 'deterministic'),
}
# Names in mmengine's default hooks and in _base_/default_runtime.py, which may be set to None.
_HOOKS = (
    *('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint'),
    *('iteration_seed', 'throughput', 'nonfinite_loss', 'decode_failures', 'label_check'),
    *('head_rows', 'preemption'),
)
_ANCHORED = re.compile(r'(\w+)\s*:\s*&')  # names in YAML whose value is used again


def settle_names(cfg: Config) -> None:
    """Check the names at the top of a config, and those of entries that are not built.

    A name that only the config's own files use, such as a number of epochs for several entries, is
    dropped, so that the config that a run saves holds what is read; so is a name that a base offers
    and this config does not use.  Configs of another scope, such as mmaction2's, may hold anything
    at the top.

    Raises:
        ConfigError: Nothing reads a name; the message has the nearest one that is read.
    """
    if cfg.get('default_scope') == 'mmvideomae':
        own = _unused_names(cfg.filename)
        for name in [each for each in cfg if each not in ENTRIES]:
            if name in own:
                below = _below(cfg, name)
                raise ConfigError(_told(cfg, name, below, () if below else ENTRIES))
            cfg.pop(name)
    for place, known in _KEYS.items():
        for name in _entry(cfg, place):
            if name not in known:
                raise ConfigError(_told(cfg, name, f' in {place}', known))
    hooks = _entry(cfg, 'default_hooks')
    for name, hook in hooks.items():
        if name not in _HOOKS and (not isinstance(hook, Mapping) or 'type' not in hook):
            others = [*_HOOKS, *(each for each in hooks if each != name)]
            raise ConfigError(_told(cfg, name, ' in default_hooks', others))


def _told(cfg: Config, name: str, place: str, known: Any) -> str:
    source = cfg.filename or 'the config'
    return f'{source}: nothing reads {name!r}{place}{nearest(name, known)}'


def _below(cfg: Config, name: str) -> str:
    """Where a name is an entry of something else, as ``lr`` is one of the optimizer."""
    waiting: list[tuple[str, Any]] = [(first, cfg.get(first)) for first in ENTRIES]
    for place, node in waiting:  # which grows: entries near the top come first
        if isinstance(node, Mapping):
            if name in node:
                return f' at the top; set {place}.{name}'
            waiting += [(f'{place}.{key}', below) for key, below in node.items()]
    return ''


def _entry(cfg: Config, place: str) -> Mapping[str, Any]:
    """The dict at a dotted key; empty if there is none."""
    node: Any = cfg
    for part in place.split('.'):
        node = node.get(part) if isinstance(node, Config | Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _unused_names(filename: str | None) -> set[str]:
    """Names at the top of a file that it does not use itself: its bases have been read before."""
    if filename is None or not Path(filename).is_file():
        return set()
    text = Path(filename).read_text(encoding='utf-8')
    if not filename.endswith('.py'):
        plain = StringIO(re.sub(r'\{\{.*?\}\}', '0', text))  # mmengine's {{_base_.name}}
        return {*load(plain, file_format=Path(filename).suffix[1:])} - {*_ANCHORED.findall(text)}
    tree = ast.parse(text)
    targets: list[ast.expr] = []
    for line in tree.body:
        if isinstance(line, ast.Assign | ast.AnnAssign):
            targets += line.targets if isinstance(line, ast.Assign) else [line.target]
    read = (node for node in ast.walk(tree) if isinstance(getattr(node, 'ctx', 0), ast.Load))
    return _names(targets) - _names(read)


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name)}
