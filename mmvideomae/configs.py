"""The one place where config files are read, and where options change them."""

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

from mmvideomae.errors import UserError, nearest, one_line
from mmvideomae.registry import FUNCTIONS, Pipeline, build_steps, steps_of

Step = dict[str, Any]

_SUFFIXES = ('.py', '.json', '.yaml', '.yml')
# ``{{'$NAME:default'}}`` is how mmengine spells a value of the environment.
_OF_ENVIRONMENT = re.compile(r'\{\{[\'"]?\s*\$(\w+)\s*:\s*(\S*?)\s*[\'"]?\}\}')
# What a run or a tool looks up, whether a config has it or not.
_ENTRIES = (
    *('model', 'data_preprocessor', 'work_dir', 'experiment_name', 'default_scope', 'launcher'),
    *('train_dataloader', 'train_cfg', 'val_dataloader', 'val_cfg', 'val_evaluator'),
    *('test_dataloader', 'test_cfg', 'test_evaluator', 'test_pipeline', 'features'),
    *('optim_wrapper', 'param_scheduler', 'auto_scale_lr', 'load_from', 'resume', 'randomness'),
    *('default_hooks', 'custom_hooks', 'custom_imports', 'env_cfg', 'log_processor', 'log_level'),
    *('visualizer', 'runner_type', 'strategy', 'compile', 'model_wrapper_cfg', 'sync_bn'),
    *('find_unused_parameters', 'cfg'),
)
# What opens files of codes, and how it names their views, as `DiagonalCrop` does.
_OF_CODES = ('OpenCodes', 'OpenLmdbCodes')
_VIEWS = ('size', 'scales', 'positions', 'flip', 'test_mode')
_NEW: Any = object()


class ConfigError(UserError, ValueError):
    """A config cannot be read, or an option does not fit it."""


class ConfigMissingError(ConfigError, FileNotFoundError):
    """There is no such config."""


def read_config(path: str | os.PathLike[str]) -> Config:
    """Read a config with its bases.

    A ``.py`` config is code, which is run.  YAML and JSON hold values, and reading them runs
    nothing, but what they name is built like that of any config.

    Raises:
        ConfigMissingError: There is no such file.
        ConfigError: It cannot be read; one line with the place in it.
    """
    name = os.fspath(path)
    if not Path(name).exists():
        raise ConfigMissingError(f'config not found: {name}')
    if not name.endswith(_SUFFIXES) or not Path(name).is_file():
        raise ConfigError(f'{name} is not a config, which ends in {", ".join(_SUFFIXES)}')
    try:
        cfg = Config.fromfile(name)
    except Exception as error:  # a config is code, and fails in any way
        raise ConfigError(_told(error, name)) from error
    for variable, default in _OF_ENVIRONMENT.findall(cfg.text):
        value = os.environ.get(variable, default)
        if default.isdigit() and not re.fullmatch('[1-9][0-9]*', value):
            raise ConfigError(f'{name}: {_of_environment(variable, default)}')
    return cfg


def apply_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Set entries of a config by their dotted keys, such as ``model.backbone.depth``.

    Below a list, the part of a key is the number of an entry.

    Raises:
        ConfigError: A key leads nowhere; one line that names it.
    """
    for key, value in (options or {}).items():
        first, *rest = key.split('.')
        option = f'option {key}={value}'
        if first not in cfg and first not in _ENTRIES:
            near = nearest(first, [*cfg, *_ENTRIES])
            raise ConfigError(f'{option}: the config has no {first!r}{near}')
        cfg[first] = _changed(cfg.get(first, _NEW), rest, value, first, option)


def datasets_of(cfg: Mapping[str, Any], *loaders: str) -> Iterator[tuple[str, Step]]:
    """Data sets of a config, those inside wrappers after these, each with its loader's name.

    Args:
        loaders: Such as ``'val_dataloader'``; by default test, validation and training.
    """
    for name in loaders or ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        dataset: Any = (cfg.get(name) or {}).get('dataset')
        while isinstance(dataset, dict):
            yield name, dataset
            dataset = dataset.get('dataset')  # of a wrapper


def dataset_of(cfg: Mapping[str, Any], loader: str) -> Step:
    """The data set of a loader, without wrappers; empty if it has none."""
    return ([{}] + [dataset for _, dataset in datasets_of(cfg, loader)])[-1]


def steps_of_test(cfg: Mapping[str, Any]) -> list[Step]:
    """Transforms of a config's test, from videos also where it has files of codes.

    None if it says none.
    """
    pipelines = [dataset.get('pipeline') for _, dataset in datasets_of(cfg, 'test_dataloader')]
    pipeline = next(filter(None, pipelines), None) or cfg.get('test_pipeline') or ()
    steps = [dict(step) for step in steps_of(pipeline)]
    coded = next((step for step in steps if step.get('type') in _OF_CODES), None)
    return steps if coded is None else _of_pixels(steps, coded)


def _of_pixels(steps: Sequence[Step], coded: Step) -> list[Step]:
    """The steps that make of a video what ``coded`` opens in files."""
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
    """Transforms of a config's test.

    Args:
        wanted: What the config must be of, for the message.

    Raises:
        ConfigError: It has none.
    """
    steps = steps_of_test(cfg)
    if not steps:
        raise ConfigError(
            f'{cfg.filename or "the config"} has no test_pipeline, which says how videos are '
            f'sampled: give the config of {wanted}'
        )
    return steps


def training_step(cfg: Mapping[str, Any], *types: str) -> Step | None:
    """The first transform of one of the types that ``train_dataloader`` holds, however deep."""
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
    """The transforms that choose frames, and those from `ReadFrames` on.

    Raises:
        ConfigError: The pipeline does not open, choose and read.
    """
    kinds = [step.get('type') for step in steps]
    if kinds[:1] != ['OpenVideo'] or 'ReadFrames' not in kinds:
        raise ConfigError(
            'a test pipeline that is cut into windows begins with OpenVideo and holds '
            f'ReadFrames; this one is {", ".join(map(str, kinds))}'
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
    """How a config's test makes a batch of samples; mmengine's default lists them."""
    loader = cfg.get('test_dataloader') or {}
    chosen = dict(loader.get('collate_fn') or {'type': 'pseudo_collate'})
    kind = chosen.pop('type')
    return partial(FUNCTIONS.get(kind) if isinstance(kind, str) else kind, **chosen)


def _changed(node: Any, parts: list[str], value: Any, place: str, option: str) -> Any:
    """A copy of a part of a config with a value, or the entries of a dict, set inside."""
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
    """The place in a list that a part of a key means."""
    if part.isascii() and part.isdigit() and int(part) < len(entries):
        return int(part)
    types = [entry.get('type') if isinstance(entry, dict) else None for entry in entries]
    hint = f'; {part} is {place}.{types.index(part)}' if part in types else ''
    count = f'{len(entries)} {"entry" if len(entries) == 1 else "entries"}'
    numbers = f', numbered from 0 to {len(entries) - 1}' if entries else ''
    raise ConfigError(f'{option}: {place} is a list of {count}{numbers}{hint}')


def _told(error: Exception, name: str) -> str:
    """One line about what went wrong while a config was read."""
    file, line = name, None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name in ('_file2dict', '_parse_lazy_import'):  # of mmengine
            file = str(frame.f_locals.get('filename') or file)
        elif frame.f_code.co_filename == file:
            line = number
    # mmengine wraps syntax errors, naming its copy of the file.
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
            reason += ': YAML holds plain values only; write the config as .py'
    elif isinstance(error, AttributeError) and line is None:
        reason = 'it must hold settings by their names (KEY: VALUE)'
    elif isinstance(error, ImportError) and error.__cause__ is not None:
        module = _reason(error.__cause__)
        reason = f'custom_imports: {module}: let PYTHONPATH name the folder that it lies in'
    place = _shown(file) if line is None else f'{_shown(file)}:{line}'
    told = [_of_environment(*found) for found in _environment_at(file, line)]
    return f'{place}: {"; ".join([*told, reason])}'


def _environment_at(file: str, line: int | None) -> list[tuple[str, str]]:
    """Variables of the environment, and defaults, that stand in a line of a config."""
    lines = Path(file).read_text(encoding='utf-8', errors='replace').splitlines()
    found = _OF_ENVIRONMENT.findall(lines[line - 1]) if line and line <= len(lines) else []
    return [(variable, default) for variable, default in found if variable in os.environ]


def _of_environment(variable: str, default: str) -> str:
    value = os.environ.get(variable)
    example = f', such as {default}' if default else ''
    return f'the environment variable {variable}={value} does not fit: give a number{example}'


def _shown(file: str) -> str:
    """A path as short as it can be said."""
    relative = os.path.relpath(file)
    return os.path.abspath(file) if relative.startswith('..') else relative


def _reason(error: BaseException) -> str:
    kind = '' if isinstance(error, ValueError | KeyError) else f'{type(error).__name__}: '
    return kind + one_line(error)
