"""Registries of the scope ``mmvideomae``, children of mmaction2's.

Every part of mmaction2 is found by its bare name; our part wins if both have the name.
Locations are strings that mmengine imports on the first lookup, so importing this
module imports no part.  mmengine searches a child before its parent and does not
import the parent's locations for that, so each child lists our packages first and
then mmaction2's.
"""

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from typing import Any

from mmaction import registry as mmaction
from mmengine import registry as mmengine
from mmengine.registry import Registry

from mmvideomae.errors import UserError, one_line


class PipelineError(UserError, ValueError):
    """A pipeline is neither a list of steps nor a dict of named steps."""


class DetectionMissingError(UserError, ImportError, ValueError):
    """The config needs mmdet and a compiled mmcv, and at least one of them is missing."""


def require_detection(wanted: str) -> None:
    """Check that mmdet, with the compiled mmcv that it needs, is installed.

    Raises:
        DetectionMissingError: It is not; the message names ``wanted`` and the install command.
    """
    reason = None
    if importlib.util.find_spec('mmdet') is None:
        reason = 'mmdet, which is not installed'
    else:
        try:
            importlib.import_module('mmcv.ops')
        except ImportError as error:
            said = one_line(error)
            reason = f'the full mmcv, whose compiled operators cannot be loaded ({said})'
    if reason is not None:
        raise DetectionMissingError(
            f'{wanted} needs {reason}; mmvideomae doctor tells how to install it'
        )


class _Models(Registry):
    """The models; a lookup of a part of mmdet that is not installed says how to install it."""

    def get(self, key: str) -> type | None:
        """As mmengine's ``get``.

        Raises:
            DetectionMissingError: See `require_detection`.
        """
        if str(key).startswith('mmdet.'):
            require_detection(key)
        return super().get(key)


def _child(parent: Registry, *locations: str) -> Registry:
    return Registry(parent.name, parent=parent, scope='mmvideomae', locations=list(locations))


_ENGINE = 'mmvideomae.engine'
_MODELS = ('mmvideomae.models', 'mmaction.models')
_OPTIMIZERS = (_ENGINE, 'mmaction.engine.optimizers')
_EVALUATION = ('mmvideomae.evaluation', 'mmaction.evaluation')
_VISUALIZATION = ('mmvideomae.visualization', 'mmaction.visualization')

RUNNERS = _child(mmaction.RUNNERS, _ENGINE)
RUNNER_CONSTRUCTORS = _child(mmaction.RUNNER_CONSTRUCTORS, _ENGINE)
STRATEGIES = _child(mmengine.STRATEGIES, _ENGINE)
LOOPS = _child(mmaction.LOOPS, _ENGINE, 'mmaction.engine.runner')
HOOKS = _child(
    mmaction.HOOKS,
    _ENGINE,
    'mmvideomae.evaluation',
    'mmvideomae.visualization',
    'mmaction.engine.hooks',
)
LOG_PROCESSORS = _child(mmaction.LOG_PROCESSORS, _ENGINE)

DATASETS = _child(mmaction.DATASETS, 'mmvideomae.datasets', 'mmaction.datasets')
DATA_SAMPLERS = _child(mmaction.DATA_SAMPLERS, 'mmvideomae.datasets', 'mmaction.datasets')
TRANSFORMS = _child(
    mmaction.TRANSFORMS, 'mmvideomae.datasets.transforms', 'mmaction.datasets.transforms'
)
FUNCTIONS = _child(mmengine.FUNCTIONS, 'mmvideomae.datasets')

MODELS = _Models('model', parent=mmaction.MODELS, scope='mmvideomae', locations=list(_MODELS))
MODEL_WRAPPERS = _child(mmaction.MODEL_WRAPPERS, *_MODELS)
WEIGHT_INITIALIZERS = _child(mmaction.WEIGHT_INITIALIZERS, _ENGINE, *_MODELS)
TASK_UTILS = _child(mmaction.TASK_UTILS, *_MODELS)

OPTIMIZERS = _child(mmaction.OPTIMIZERS, *_OPTIMIZERS)
OPTIM_WRAPPERS = _child(mmaction.OPTIM_WRAPPERS, *_OPTIMIZERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(mmaction.OPTIM_WRAPPER_CONSTRUCTORS, *_OPTIMIZERS)
PARAM_SCHEDULERS = _child(mmaction.PARAM_SCHEDULERS, _ENGINE)

METRICS = _child(mmaction.METRICS, *_EVALUATION)
EVALUATOR = _child(mmaction.EVALUATOR, *_EVALUATION)
VISUALIZERS = _child(mmaction.VISUALIZERS, *_VISUALIZATION)
VISBACKENDS = _child(mmaction.VISBACKENDS, *_VISUALIZATION)

MASK_GENERATORS = Registry('mask generator', scope='mmvideomae', locations=['mmvideomae.masking'])
TOKENIZERS = Registry('tokenizer', scope='mmvideomae', locations=['mmvideomae.models'])
TARGETS = Registry('target', scope='mmvideomae', locations=['mmvideomae.models'])
TUNINGS = Registry('fine-tuning method', scope='mmvideomae', locations=['mmvideomae.models'])

Pipeline = Mapping[str, Any] | Iterable[Any]
"""Steps by name, in order, or a list of them: configs of transforms, or built ones."""


def steps_of(pipeline: Pipeline) -> list[Any]:
    """The steps of a pipeline in order.

    A named step that is None is left out: ``flip=None`` removes what a base config has.

    Raises:
        PipelineError: It is a single step, not a pipeline.
    """
    if not isinstance(pipeline, Mapping):
        return list(pipeline)
    steps = [step for step in pipeline.values() if step is not None]
    if not all(isinstance(step, Mapping) or callable(step) for step in steps):
        raise PipelineError(
            f'a pipeline is a list of steps or a dict of named steps, got {dict(pipeline)}'
        )
    return steps


def build_steps(pipeline: Pipeline) -> list[Any]:
    """Build the transforms of a pipeline (see `steps_of`) that are not built yet."""
    steps = steps_of(pipeline)
    return [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in steps]
