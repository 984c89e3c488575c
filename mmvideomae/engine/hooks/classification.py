"""Checks before a classifier or detector runs, and a choice after validation."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from mmvideomae.engine.distributed import unwrapped
from mmvideomae.errors import UserError
from mmvideomae.registry import HOOKS


class ClassCountError(UserError, RuntimeError):
    """The number of the model's classes is not that of its data."""


class LabelKindError(UserError, ValueError):
    """Model, data and metrics differ in whether clips have one label or several."""


class NoLabelsError(UserError, ValueError):
    """A classifier would be validated on data without labels."""


@HOOKS.register_module()
class LabelCheckHook(Hook):
    """Compare the head's number of classes with that of the data, before anything is trained.

    A data set gives its number of classes as ``num_classes`` or by the names in its metainfo; one
    that gives neither is not checked, nor is a model without a head for clips or boxes.
    Whether clips have one label or several (``multi_class``) is compared likewise, and with what
    the metrics expect.  Before a training, the classes of a data preprocessor that mixes labels
    and the validation are checked too; otherwise they would end the run only after its first
    epochs.

    Raises:
        ClassCountError: The numbers differ.
        LabelKindError: One of model, data and metrics expects one label a clip, another several.
        NoLabelsError: A classifier would be validated on data without labels.
    """

    def before_train(self, runner: Runner) -> None:
        """Check the training data, the classes of mixed labels, and the validation data."""
        self._check(runner, runner.train_dataloader)
        model = unwrapped(runner.model)
        if isinstance(runner._val_loop, BaseLoop):
            self.before_val(runner)
            labelled = getattr(runner.val_dataloader.dataset, 'labelled', True)
            if not labelled and hasattr(model, 'cls_head'):
                raise NoLabelsError(
                    'the validation set has no labels: set val_dataloader.dataset.labelled=True, '
                    'or train without validation (val_cfg, val_dataloader and val_evaluator None)'
                )
        mixed = getattr(getattr(model, 'data_preprocessor', None), 'num_classes', None)
        classes = getattr(getattr(model, 'cls_head', None), 'num_classes', None)
        if mixed and classes and mixed != classes:
            raise ClassCountError(
                f'the model has {classes} classes, but its data preprocessor {mixed}: omit '
                f'model.data_preprocessor.num_classes, or set it to {classes}'
            )

    def before_val(self, runner: Runner) -> None:
        """Check the validation data and metrics."""
        self._check(runner, runner.val_dataloader)
        _check_metrics(runner.val_evaluator, runner.val_dataloader.dataset, 'val_evaluator')

    def before_test(self, runner: Runner) -> None:
        """Check the test data and metrics."""
        self._check(runner, runner.test_dataloader)
        _check_metrics(runner.test_evaluator, runner.test_dataloader.dataset, 'test_evaluator')

    @staticmethod
    def _check(runner: Runner, loader: Any) -> None:
        name, head = _head(unwrapped(runner.model))
        dataset = loader.dataset
        names = getattr(dataset, 'metainfo', {}).get('classes')
        there = getattr(dataset, 'num_classes', None) or (len(names) if names else None)
        classes = getattr(head, 'num_classes', None)
        if classes and there and classes != there:
            mixes = name == 'cls_head'
            more = ' (and that of model.data_preprocessor, if it mixes or smooths labels)'
            raise ClassCountError(
                f'the model has {classes} classes, but its data {there}: set '
                f'model.{name}.num_classes={there}{more if mixes else ""}'
            )
        several = getattr(dataset, 'multi_class', None)
        if name == 'cls_head' and head is not None and several is not None:
            own = bool(getattr(head, 'multi_class', False))
            if own != several:
                raise LabelKindError(
                    f'clips have {_KINDS[several]}, but the model expects {_KINDS[own]}: set '
                    f'model.cls_head.multi_class={several}, or multi_class={own} in the data sets'
                )


_KINDS = {False: 'one label each', True: 'several labels each (multi_class)'}


def _check_metrics(evaluator: Any, dataset: Any, key: str) -> None:
    """Refuse metrics that expect another number of labels for each clip than the data have."""
    several = getattr(dataset, 'multi_class', None)
    for metric in getattr(evaluator, 'metrics', ()):
        wanted = getattr(metric, 'multi_class', None)
        if several is not None and wanted is not None and wanted != several:
            better = 'MultiLabelMAP' if several else 'AccMetric'
            raise LabelKindError(
                f'clips have {_KINDS[several]}, but {type(metric).__name__} expects '
                f"{_KINDS[wanted]}: set {key}=dict(type='{better}')"
            )


@HOOKS.register_module()
class ChooseProbeHook(Hook):
    """Let the linear classifier with the best validation result make the predictions.

    For a `LinearProbeHead` with `LinearProbeMetric`.  It runs before checkpoints of the best
    validation are written, so they contain the choice.
    """

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Choose by ``acc/best_probe``."""
        if metrics is None or 'acc/best_probe' not in metrics:
            raise ValueError("ChooseProbeHook needs val_evaluator=dict(type='LinearProbeMetric')")
        unwrapped(runner.model).cls_head.choose(int(metrics['acc/best_probe']))


def _head(model: Any) -> tuple[str, Any]:
    """The part that classifies, with its name in the config."""
    if hasattr(model, 'roi_head'):
        return 'roi_head.bbox_head', getattr(model.roi_head, 'bbox_head', None)
    if hasattr(model, 'detector'):
        return 'detector.cls_head', getattr(model.detector, 'cls_head', None)
    return 'cls_head', getattr(model, 'cls_head', None)
