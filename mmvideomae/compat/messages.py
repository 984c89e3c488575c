"""Leave out messages of dependencies that are harmless and that no user can do anything about.

Delete an entry of `HARMLESS` when the dependency no longer says it.
"""

import logging
import re
import warnings
from typing import Any

HARMLESS = {
    # mmengine's checkpoint hook uses its older interface, mmengine/fileio/file_client.py.
    '"FileClient" will be deprecated in future': 'mmengine warns of its own code',
    '"HardDiskBackend" is the alias of "LocalBackend"': 'mmengine warns of its own code',
    # mmengine/runner/runner.py and mmengine/_strategy/single_device.py, of every model.
    'Distributed training is not used, all SyncBatchNorm': 'models without such layers say it too',
    # mmengine/evaluator/metric.py, of what writes the predictions for --dump and --page.
    'The prefix is not set in metric class DumpResults': 'it has no values to name',
    # mmengine/hooks/logger_hook.py: the name of the work directory, once an epoch.
    'Exp name: ': 'the log is in a folder of that name',
    # mmengine/runner/checkpoint.py prints both, not to the log; our own notes name every part.
    'Loads checkpoint by ': 'the line after it says what is loaded',
    'The model and loaded state dict do not match exactly': 'fit() has said what starts anew',
    # torch/utils/data/dataloader.py: the configs for GPUs set it, and it has no effect without one.
    "'pin_memory' argument is set as true but no accelerator": 'nothing needs to be changed',
    # mmcv/cnn/bricks/transformer.py, at the core level.
    'Fail to import ``MultiScaleDeformableAttention``': 'no model of the toolbox uses it',
}
"""Beginnings of messages, with the reason why they are left out."""


def is_harmless(message: object) -> bool:
    """Whether a message is one of `HARMLESS`."""
    return str(message).startswith(tuple(HARMLESS))


def leave_out_of_logs() -> None:
    """Filter what mmengine's loggers are given."""
    from mmengine.logging import MMLogger

    if getattr(MMLogger.handle, 'filtered', False):
        return
    handle = MMLogger.handle

    def handle_others(self: MMLogger, record: logging.LogRecord) -> None:
        if not is_harmless(record.getMessage()):
            handle(self, record)

    vars(handle_others)['filtered'] = True
    MMLogger.handle = handle_others


def leave_out_of_warnings() -> None:
    """Filter Python's warnings."""
    for text in HARMLESS:
        warnings.filterwarnings('ignore', re.escape(text))


def leave_out_of_prints() -> None:
    """Filter what mmengine prints about checkpoints."""
    from mmengine.runner import checkpoint

    if getattr(checkpoint.print_log, 'filtered', False):
        return
    usual = checkpoint.print_log

    def print_others(message: Any, *more: Any, **settings: Any) -> None:
        if not is_harmless(message):
            usual(message, *more, **settings)

    vars(print_others)['filtered'] = True
    checkpoint.print_log = print_others


def leave_out_initialization() -> None:
    """Keep a module's two lines for each of its parameters out of the log.

    Upstream: ``BaseModule.init_weights`` of mmengine 0.10.7 (``mmengine/model/base_module.py``)
    writes them to the log file, before all else: hundreds of lines that say "the value is the same
    before and after".  Delete when mmengine makes this an option.
    """
    from mmengine.model import base_module

    base_module.BaseModule._dump_init_info = lambda self: None
