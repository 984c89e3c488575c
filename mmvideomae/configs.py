"""Read config files and apply options to them; nothing else in the package does."""

import json
import os
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from mmvideomae.errors import ConfigError, ConfigMissingError, nearest, one_line, where
from mmvideomae.registry import FUNCTIONS, Pipeline, build_steps, steps_of
from mmvideomae.version import config_place

Step = dict[str, Any]
CONFIG_SUFFIXES = ('.py', '.json', '.yaml', '.yml')
# ``{{'$NAME:default'}}`` is mmengine's notation for an environment variable.
OF_ENVIRONMENT = re.compile(r'\{\{[\'"]?\s*\$(\w+)\s*:\s*(\S*?)\s*[\'"]?\}\}')
# Entries that a run or a tool looks up; an option may set them where a config lacks them.
ENTRIES = (
    *('model', 'data_preprocessor', 'work_dir', 'experiment_name', 'default_scope', 'launcher'),
    *('train_dataloader', 'train_cfg', 'val_dataloader', 'val_cfg', 'val_evaluator'),
    *('test_dataloader', 'test_cfg', 'test_evaluator', 'test_pipeline', 'features'),
    *('optim_wrapper', 'param_scheduler', 'auto_scale_lr', 'load_from', 'resume', 'randomness'),
    *('default_hooks', 'custom_hooks', 'custom_imports', 'env_cfg', 'log_processor', 'log_level'),
    *('visualizer', 'runner_type', 'strategy', 'compile', 'model_wrapper_cfg', 'sync_bn'),
    *('find_unused_parameters', 'cfg'),
)
# Transforms that open files of codes, and those of their arguments that `DiagonalCrop` shares.
_OF_CODES = ('OpenCodes', 'OpenLmdbCodes')
_VIEWS = ('size', 'scales', 'positions', 'flip', 'test_mode')
_NEW: Any = object()


def read_config(path: str | os.PathLike[str]) -> Config:
    """Read a config with its bases; `config_place` says where it is.

    A ``.py`` config is code, and reading it runs that code.  Reading YAML or JSON runs nothing, but
    the classes they name are built like those of any config.

    Raises:
        ConfigMissingError: The file does not exist.
        ConfigError: It cannot be read; the message, one line, gives the place.
    """
    name = config_place(os.fspath(path))
    if not Path(name).exists():
        raise ConfigMissingError(f'config not found: {name}{where(name)}')
    if not name.endswith(CONFIG_SUFFIXES) or not Path(name).is_file():
        raise ConfigError(
            f'{name} is not a config: its name must end in {", ".join(CONFIG_SUFFIXES)}'
        )
    try:
        cfg = Config.fromfile(name)
    except Exception as error:  # a config is code, which can fail in any way
        raise ConfigError(_told(error, name)) from error
    for variable, default in OF_ENVIRONMENT.findall(cfg.text):
        value = os.environ.get(variable, default)
        if default.isdigit() and not re.fullmatch('[1-9][0-9]*', value):
            raise ConfigError(f'{name}: {_of_environment(variable, default)}')
    return cfg


def apply_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Set entries of a config by their dotted keys, such as ``model.backbone.depth``.

    After a list, the next part of a key is the number of an entry.

    Raises:
        ConfigError: A key matches no entry that is read; the message names it.
    """
    for key, value in (options or {}).items():
        first, *rest = key.split('.')
        option = f'option {key}={value}'
        if first not in ENTRIES:
            raise ConfigError(f'{option}: {_unread(first, cfg)}')
        cfg[first] = _changed(cfg.get(first, _NEW), rest, value, first, option)


def _unread(name: str, cfg: Mapping[str, Any]) -> str:
    """Why an option cannot set a name at the top of a config."""
    if name not in cfg:
        return f'the config has no {name!r}{nearest(name, ENTRIES)}'
    entries = {first: cfg[first] for first in ENTRIES if isinstance(cfg.get(first), dict)}
    found = [f'{first}.{name}' for first, entry in entries.items() if name in entry]
    instead = f': set {" or ".join(found)}' if found else ''
    return f'only the files of the config use {name!r}, nothing reads it later{instead}'


def datasets_of(cfg: Mapping[str, Any], *loaders: str) -> Iterator[tuple[str, Step]]:
    """Data sets of a config with the names of their loaders; a wrapper precedes the one inside it.

    Args:
        loaders: Names such as ``'val_dataloader'``; default: test, validation and training.
    """
    for name in loaders or ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        dataset: Any = (cfg.get(name) or {}).get('dataset')
        while isinstance(dataset, dict):
            yield name, dataset
            dataset = dataset.get('dataset')  # the one inside a wrapper


def dataset_of(cfg: Mapping[str, Any], loader: str) -> Step:
    """The data set of a loader, without wrappers; empty if it has none."""
    return ([{}] + [dataset for _, dataset in datasets_of(cfg, loader)])[-1]


def steps_of_test(cfg: Mapping[str, Any]) -> list[Step]:
    """Transforms of a config's test pipeline; empty if it has none.

    Where the pipeline reads files of codes, the result reads videos instead.
    """
    pipelines = [dataset.get('pipeline') for _, dataset in datasets_of(cfg, 'test_dataloader')]
    pipeline = next(filter(None, pipelines), None) or cfg.get('test_pipeline') or ()
    steps = [dict(step) for step in steps_of(pipeline)]
    coded = next((step for step in steps if step.get('type') in _OF_CODES), None)
    return steps if coded is None else _of_pixels(steps, coded)


def _of_pixels(steps: Sequence[Step], coded: Step) -> list[Step]:
    """The steps that read from a video what ``coded`` reads from files."""
    views = {key: coded[key] for key in _VIEWS if key in coded}
    instead: dict[str, list[Step]] = {
        coded['type']: [{'type': 'OpenVideo'}],
        'ReadCodes': [{'type': 'ReadFrames'}, {'type': 'DiagonalCrop', **views}],
    }
    found = [each for step in steps for each in instead.get(step['type'], [step])]
    return [
        {**step, 'grid_fps': coded.get('fps')} if step['type'] == 'SampleFps' else step
        for step in found
    ]


def pipeline_of(cfg: Config, wanted: str) -> list[Step]:
    """Transforms of a config's test pipeline.

    Args:
        wanted: The kind of model that the config must describe, for the message.

    Raises:
        ConfigError: The config has no test pipeline.
    """
    steps = steps_of_test(cfg)
    if not steps:
        raise ConfigError(
            f'{cfg.filename or "the config"} has no test_pipeline, which says how videos are '
            f'sampled: give the config of {wanted}'
        )
    return steps


def training_step(cfg: Mapping[str, Any], *types: str) -> Step | None:
    """The first transform of one of these types in ``train_dataloader``, at any depth."""
    waiting: list[Any] = [cfg.get('train_dataloader')]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, dict):
            if node.get('type') in types:
                return node
            waiting += node.values()
        elif isinstance(node, list | tuple):
            waiting += node
    return None


def split_at_reading(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """Split a pipeline into the transforms that choose frames and those from `ReadFrames` on.

    Raises:
        ConfigError: The pipeline lacks `OpenVideo` at its start or `ReadFrames`.
    """
    kinds = [step.get('type') for step in steps]
    if kinds[:1] != ['OpenVideo'] or 'ReadFrames' not in kinds:
        raise ConfigError(
            'the test pipeline must begin with OpenVideo and contain ReadFrames; this one is '
            f'{", ".join(map(str, kinds))}'
        )
    cut = kinds.index('ReadFrames')
    return list(steps[1:cut]), list(steps[cut:])


def single_view(steps: Iterable[Step]) -> list[Step]:
    """A pipeline with one clip and one crop: the views of a short window differ little."""
    views = {'num_clips': 1, 'num_crops': 1, 'positions': ('centre',)}
    return [{**step, **{key: views[key] for key in views if key in step}} for step in steps]


def compose(pipeline: Pipeline) -> Compose:
    """Build transforms."""
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        return Compose(build_steps(deepcopy(pipeline)))


def collate_of(cfg: Mapping[str, Any]) -> Callable[[Sequence[Any]], Any]:
    """The function with which a config's test collates samples; mmengine's default lists them."""
    loader = cfg.get('test_dataloader') or {}
    chosen = dict(loader.get('collate_fn') or {'type': 'pseudo_collate'})
    kind = chosen.pop('type')
    return partial(FUNCTIONS.get(kind) if isinstance(kind, str) else kind, **chosen)


def _changed(node: Any, parts: list[str], value: Any, place: str, option: str) -> Any:
    """A copy of part of a config in which a value, or the entries of a dict, are set."""
    if not parts:
        if isinstance(node, dict) and isinstance(value, dict):
            merged = ConfigDict(node)
            merged.merge(value)
            return merged
        return value
    part, *rest = parts
    below = f'{place}.{part}'
    if node is _NEW:
        return ConfigDict({part: _changed(_NEW, rest, value, below, option)})
    if isinstance(node, list):
        number = _number(part, node, place, option)
        changed = _changed(node[number], rest, value, below, option)
        return [*node[:number], changed, *node[number + 1 :]]
    if not isinstance(node, dict):
        raise ConfigError(f'{option}: {place} is {node!r}, which has no entries to set')
    if rest and node.get(part) is None and place.endswith(('pipeline', '.transforms')):
        raise ConfigError(f'{option}: {place} has no step {part!r}, but {", ".join(node)}')
    other = node.copy()
    other[part] = _changed(node.get(part, _NEW), rest, value, below, option)
    return other


def _number(part: str, entries: list[Any], place: str, option: str) -> int:
    """The index of the list entry that a part of a key refers to."""
    if part.isascii() and part.isdigit() and int(part) < len(entries):
        return int(part)
    types = [entry.get('type') if isinstance(entry, dict) else None for entry in entries]
    hint = f'; {part} is {place}.{types.index(part)}' if part in types else ''
    count = f'{len(entries)} {"entry" if len(entries) == 1 else "entries"}'
    numbers = f', numbered from 0 to {len(entries) - 1}' if entries else ''
    raise ConfigError(f'{option}: {place} is a list of {count}{numbers}{hint}')


def _told(error: Exception, name: str) -> str:
    """One line that says why a config could not be read."""
    file, line = name, None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name in ('_file2dict', '_parse_lazy_import'):  # mmengine's
            file = str(frame.f_locals.get('filename') or file)
        elif frame.f_code.co_filename == file:
            line = number
    # mmengine wraps syntax errors in ones that name its own copy of the file.
    while isinstance(error, SyntaxError) and isinstance(error.__context__, SyntaxError):
        error = error.__context__
    if isinstance(error, FileNotFoundError) and not Path(file).exists():
        return f'{name}: there is no base config {_shown(file)}'
    reason = _reason(error)
    if isinstance(error, SyntaxError | json.JSONDecodeError):
        line, reason = error.lineno, error.msg
    elif isinstance(error, yaml.MarkedYAMLError):
        line = error.problem_mark.line + 1 if error.problem_mark else None
        reason = str(error.problem)
        if isinstance(error, yaml.constructor.ConstructorError):
            reason += ': a YAML config may hold plain values only; write the config as .py'
    elif isinstance(error, AttributeError) and Path(file).suffix != '.py':
        reason = 'it must be a mapping of settings (KEY: VALUE)'
    elif isinstance(error, ImportError) and error.__cause__ is not None:
        module = _reason(error.__cause__)
        reason = f'custom_imports: {module}: add the folder that contains it to PYTHONPATH'
    elif line is None and isinstance(error, AttributeError | NameError | TypeError):
        inner = traceback.extract_tb(error.__traceback__)[-1]  # in what the config imports
        reason = f'{_shown(inner.filename)}:{inner.lineno}: {reason}'
    place = _shown(file) if line is None else f'{_shown(file)}:{line}'
    told = [_of_environment(*found) for found in _environment_at(file, line)]
    return f'{place}: {"; ".join(told if told and line is None else [*told, reason])}'


def _environment_at(file: str, line: int | None) -> list[tuple[str, str]]:
    """Variables, with defaults, on a line, or empty ones, which mmengine takes as unset."""
    text = Path(file).read_text(encoding='utf-8', errors='replace')
    found = OF_ENVIRONMENT.findall('\n'.join(text.splitlines()[line - 1 : line]) if line else text)
    return [each for each in found if each[0] in os.environ and (line or not os.environ[each[0]])]


def _of_environment(variable: str, default: str) -> str:
    value = os.environ.get(variable)
    example = f', such as {default}' if default else ''
    wanted = 'a number' if default.isdigit() else 'text without quotes or backslashes'
    return f'the environment variable {variable}={value} is not valid: give {wanted}{example}'


def _shown(file: str) -> str:
    """A path relative to the working directory if it lies below it, else absolute."""
    relative = os.path.relpath(file)
    return os.path.abspath(file) if relative.startswith('..') else relative


def _reason(error: BaseException) -> str:
    kind = '' if isinstance(error, ValueError | KeyError) else f'{type(error).__name__}: '
    return kind + one_line(error)
