"""Hooks that run around iterations, epochs and runs."""

from mmvideomae.engine.hooks.changes import SaveChangesHook
from mmvideomae.engine.hooks.checkpoint import AtomicCheckpointHook
from mmvideomae.engine.hooks.classification import (
    ChooseProbeHook,
    ClassCountError,
    LabelCheckHook,
)
from mmvideomae.engine.hooks.collapse import FeatureCollapseHook
from mmvideomae.engine.hooks.decode_failures import DecodeFailureHook, TooManyDecodeFailuresError
from mmvideomae.engine.hooks.head_rows import HeadRowsHook
from mmvideomae.engine.hooks.iteration_seed import IterationSeedHook
from mmvideomae.engine.hooks.nonfinite_loss import NonFiniteLossError, NonFiniteLossHook
from mmvideomae.engine.hooks.positions import NextStageHook
from mmvideomae.engine.hooks.preemption import PreemptedError, PreemptionHook
from mmvideomae.engine.hooks.teacher import TeacherHook
from mmvideomae.engine.hooks.throughput import ThroughputHook

__all__ = [
    'AtomicCheckpointHook',
    'ChooseProbeHook',
    'ClassCountError',
    'DecodeFailureHook',
    'FeatureCollapseHook',
    'HeadRowsHook',
    'IterationSeedHook',
    'LabelCheckHook',
    'NextStageHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'PreemptedError',
    'PreemptionHook',
    'SaveChangesHook',
    'TeacherHook',
    'ThroughputHook',
    'TooManyDecodeFailuresError',
]
