"""Registries of the scope ``mmvideomae``, children of mmaction2's.

Every part of mmaction2 is found by its bare name, and ours win on a clash.
``locations`` are strings, imported by mmengine on the first lookup: importing
this module imports no part.  A child's own locations are searched before its
parent is asked, so each names our room first and then mmaction2's.
"""

from mmaction import registry as mmaction
from mmengine.registry import Registry

RUNNERS = Registry(
    'runner', parent=mmaction.RUNNERS, scope='mmvideomae', locations=['mmvideomae.engine']
)
LOOPS = Registry('loop', parent=mmaction.LOOPS, scope='mmvideomae', locations=['mmvideomae.engine'])
HOOKS = Registry(
    'hook',
    parent=mmaction.HOOKS,
    scope='mmvideomae',
    locations=['mmvideomae.engine', 'mmvideomae.visualization', 'mmaction.engine.hooks'],
)
LOG_PROCESSORS = Registry(
    'log processor',
    parent=mmaction.LOG_PROCESSORS,
    scope='mmvideomae',
    locations=['mmvideomae.engine'],
)
DATASETS = Registry(
    'dataset',
    parent=mmaction.DATASETS,
    scope='mmvideomae',
    locations=['mmvideomae.datasets', 'mmaction.datasets'],
)
DATA_SAMPLERS = Registry(
    'data sampler',
    parent=mmaction.DATA_SAMPLERS,
    scope='mmvideomae',
    locations=['mmvideomae.datasets'],
)
TRANSFORMS = Registry(
    'transform',
    parent=mmaction.TRANSFORMS,
    scope='mmvideomae',
    locations=['mmvideomae.datasets.transforms', 'mmaction.datasets.transforms'],
)
MODELS = Registry(
    'model',
    parent=mmaction.MODELS,
    scope='mmvideomae',
    locations=['mmvideomae.models', 'mmaction.models'],
)
OPTIM_WRAPPERS = Registry(
    'optimizer wrapper',
    parent=mmaction.OPTIM_WRAPPERS,
    scope='mmvideomae',
    locations=['mmvideomae.engine', 'mmaction.engine.optimizers'],
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=mmaction.OPTIM_WRAPPER_CONSTRUCTORS,
    scope='mmvideomae',
    locations=['mmvideomae.engine', 'mmaction.engine.optimizers'],
)
PARAM_SCHEDULERS = Registry(
    'parameter scheduler',
    parent=mmaction.PARAM_SCHEDULERS,
    scope='mmvideomae',
    locations=['mmvideomae.engine'],
)
METRICS = Registry(
    'metric',
    parent=mmaction.METRICS,
    scope='mmvideomae',
    locations=['mmvideomae.evaluation', 'mmaction.evaluation'],
)
VISUALIZERS = Registry(
    'visualizer',
    parent=mmaction.VISUALIZERS,
    scope='mmvideomae',
    locations=['mmvideomae.visualization', 'mmaction.visualization'],
)
VISBACKENDS = Registry(
    'visualization backend',
    parent=mmaction.VISBACKENDS,
    scope='mmvideomae',
    locations=['mmvideomae.visualization', 'mmaction.visualization'],
)
MASK_GENERATORS = Registry('mask generator', scope='mmvideomae', locations=['mmvideomae.masking'])
TOKENIZERS = Registry('tokenizer', scope='mmvideomae', locations=['mmvideomae.models'])
