"""Training: loops, hooks, optimizer constructors and schedules."""

from mmvideomae.engine.distributed import launched_world_size, prepare_cpu_processes
from mmvideomae.engine.hooks import (
    AtomicCheckpointHook,
    ChooseProbeHook,
    ClassCountError,
    DecodeFailureHook,
    FeatureCollapseHook,
    HeadRowsHook,
    IterationSeedHook,
    LabelCheckHook,
    NextStageHook,
    NonFiniteLossError,
    NonFiniteLossHook,
    TeacherHook,
    ThroughputHook,
    TooManyDecodeFailuresError,
)
from mmvideomae.engine.loops import EpochTrainLoop
from mmvideomae.engine.lr_scaling import (
    LearningRateScaling,
    batch_size_warning,
    scale_learning_rate,
    total_batch_size,
)
from mmvideomae.engine.optim import AmpOptimWrapper, GroupedOptimWrapperConstructor
from mmvideomae.engine.pretrained import PretrainedInit
from mmvideomae.engine.runners import BriefFlexibleRunner, BriefRunner
from mmvideomae.engine.schedulers import WarmupCosineLR, WarmupLinearLR

__all__ = [
    'AmpOptimWrapper',
    'AtomicCheckpointHook',
    'BriefFlexibleRunner',
    'BriefRunner',
    'ChooseProbeHook',
    'ClassCountError',
    'DecodeFailureHook',
    'EpochTrainLoop',
    'FeatureCollapseHook',
    'GroupedOptimWrapperConstructor',
    'HeadRowsHook',
    'IterationSeedHook',
    'LabelCheckHook',
    'LearningRateScaling',
    'NextStageHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'PretrainedInit',
    'TeacherHook',
    'ThroughputHook',
    'TooManyDecodeFailuresError',
    'WarmupCosineLR',
    'WarmupLinearLR',
    'batch_size_warning',
    'launched_world_size',
    'prepare_cpu_processes',
    'scale_learning_rate',
    'total_batch_size',
]
