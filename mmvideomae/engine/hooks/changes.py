"""Save what a fine-tuning changed as a small file."""

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.checkpoints import CheckpointError, load_state_dict, save_changes
from mmvideomae.engine.distributed import unwrapped
from mmvideomae.registry import HOOKS


@HOOKS.register_module()
class SaveChangesHook(Hook):
    """Write ``changes.pth`` at the end: the weights that differ from those of ``load_from``.

    With ``peft`` of the backbone, these are a few per cent of all.  The file is used like any
    checkpoint, as long as the other weights are at their place.  For other checkpoints of a run,
    use ``mmvideomae convert --base``.

    Raises:
        CheckpointError: Before the training, if it starts from no weights.
    """

    def before_train(self, runner: Runner) -> None:
        """Refuse a training that starts from no weights."""
        if not runner.cfg.get('load_from'):
            raise CheckpointError('SaveChangesHook needs load_from, whose weights it leaves out')

    def after_train(self, runner: Runner) -> None:
        """Write the file."""
        base = runner.cfg.get('load_from')
        if not is_main_process():
            return
        model = unwrapped(runner.model)
        weights = {key: value.cpu() for key, value in model.state_dict().items()}
        path = Path(runner.work_dir) / 'changes.pth'
        save_changes(weights, base, load_state_dict(base), path)
        runner.logger.info(f'{path}: {path.stat().st_size / 1e6:.1f} MB; the rest is in {base}')
