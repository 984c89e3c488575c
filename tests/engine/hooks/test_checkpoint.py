"""Contract: a run that is killed at any time leaves a complete checkpoint to continue from."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import LocalBackend
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.configs import ConfigError
from mmvideomae.engine import checkpoint_folder
from mmvideomae.engine.checkpoint_folder import CheckpointFolder, CheckpointWriteError
from mmvideomae.engine.continuation import ResumeError
from mmvideomae.engine.last_checkpoint import find_last
from mmvideomae.storage import LockedError, locked

Train = Callable[[Config], Runner]
MakeConfig = Callable[..., Config]


def checkpoints(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.suffix == '.pth')


def hook_cfg(**options: Any) -> dict[str, Any]:
    return {'default_hooks': {'checkpoint': options}}


def test_keeps_the_newest_and_leaves_nothing_else(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    cfg = run_config(**hook_cfg(interval=1, max_keep_ckpts=2), train_cfg={'max_epochs': 4})
    train(cfg)
    folder = tmp_path / 'run'
    assert checkpoints(folder) == ['epoch_3.pth', 'epoch_4.pth']
    assert find_last(folder) == str(folder / 'epoch_4.pth')
    assert [path.name for path in folder.glob('.*')] == ['.lock']
    saved = torch.load(folder / 'epoch_4.pth', weights_only=True)
    assert saved['meta']['iter'] == 24
    assert saved['meta']['iterations_per_epoch'] == 6


@pytest.mark.parametrize('stage', ['publish', 'note_last'])
def test_killed_while_writing_keeps_the_former_checkpoint(
    stage: str,
    run_config: MakeConfig,
    train: Train,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed before the new checkpoint has its name, or before it is pointed to."""
    cfg = run_config(**hook_cfg(interval=1, max_keep_ckpts=1))
    genuine = getattr(checkpoint_folder, stage)
    calls = []

    def killed_the_second_time(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return genuine(*arguments)

    monkeypatch.setattr(checkpoint_folder, stage, killed_the_second_time)
    with pytest.raises(KeyboardInterrupt):
        train(cfg)
    folder = tmp_path / 'run'
    assert 'epoch_1.pth' in checkpoints(folder)
    assert find_last(folder) == str(folder / 'epoch_1.pth')
    torch.load(folder / 'epoch_1.pth', weights_only=True)
    monkeypatch.undo()
    train(run_config(**hook_cfg(interval=1, max_keep_ckpts=1), resume=True))
    assert checkpoints(folder) == ['epoch_2.pth']
    assert [path.name for path in folder.glob('.*')] == ['.lock']


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        # 6 iterations per epoch, an update every 4: at 4, 8 and, the last, at 12.
        ({'by_epoch': False, 'interval': 3}, {'iter_4.pth': 4, 'iter_8.pth': 8, 'iter_12.pth': 12}),
        ({'by_epoch': True, 'interval': 1}, {'epoch_1.pth': 8, 'epoch_2.pth': 12}),
    ],
)
def test_waits_for_the_update_under_accumulation(
    options: dict[str, Any],
    expected: dict[str, int],
    run_config: MakeConfig,
    train: Train,
    tmp_path: Path,
) -> None:
    train(run_config(**hook_cfg(**options), optim_wrapper={'accumulative_counts': 4}))
    folder = tmp_path / 'run'
    assert checkpoints(folder) == sorted(expected)
    for name, iteration in expected.items():
        assert torch.load(folder / name, weights_only=True)['meta']['iter'] == iteration


def test_deferred_checkpoint_of_an_epoch_resumes_exactly(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    options = {'optim_wrapper': {'accumulative_counts': 4}, **hook_cfg(interval=1)}
    whole = train(run_config('whole', **options)).model.state_dict()
    path = str(tmp_path / 'whole' / 'epoch_1.pth')
    resumed = train(run_config('resumed', resume=True, load_from=path, **options))
    assert all(torch.equal(v, whole[k]) for k, v in resumed.model.state_dict().items())


def test_refuses_weights_that_are_not_finite(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    class Poison(Hook):
        """Spoils a weight after the last update of the second epoch."""

        def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
            if runner.iter == 11:
                next(runner.model.parameters()).data.view(-1)[0] = float('nan')

    runner = Runner.from_cfg(run_config(**hook_cfg(interval=1)))
    runner.register_hook(Poison())
    with pytest.raises(RuntimeError, match='not finite'):
        runner.train()
    assert checkpoints(tmp_path / 'run') == ['epoch_1.pth']


class Validation(Hook):
    """Stands for a validation loop: calls the stage with a score after each epoch but the last."""

    def __init__(self, scores: list[float]) -> None:
        self.scores = iter(scores)

    def before_train_epoch(self, runner: Runner) -> None:
        if runner.epoch:
            runner.call_hook('after_val_epoch', metrics={'acc': next(self.scores)})


def runner_with_scores(cfg: Config, scores: list[float]) -> Runner:
    runner = Runner.from_cfg(cfg)
    # It formats the scores of a validation loop, which there is none of.
    runner.hooks[:] = [hook for hook in runner.hooks if type(hook).__name__ != 'LoggerHook']
    runner.register_hook(Validation(scores))
    return runner


def test_best_is_told_in_a_checkpoint_that_waits_for_the_update(
    run_config: MakeConfig, tmp_path: Path
) -> None:
    options = hook_cfg(interval=1, save_best='acc', rule='greater')
    cfg = run_config(**options, optim_wrapper={'accumulative_counts': 4})
    runner_with_scores(cfg, [0.5]).train()
    saved = torch.load(tmp_path / 'run' / 'epoch_1.pth', weights_only=True)
    assert saved['meta']['iter'] == 8
    assert saved['message_hub']['runtime_info']['best_score'] == 0.5


def test_saves_the_best_and_forgets_the_former_best(run_config: MakeConfig, tmp_path: Path) -> None:
    cfg = run_config(
        **hook_cfg(interval=1, save_best='acc', rule='greater'), train_cfg={'max_epochs': 4}
    )
    runner_with_scores(cfg, [0.2, 0.6, 0.4]).train()
    folder = tmp_path / 'run'
    assert [n for n in checkpoints(folder) if 'best' in n] == ['best_acc_epoch_2.pth']
    best = torch.load(folder / 'best_acc_epoch_2.pth', weights_only=True)
    assert 'optimizer' not in best
    hub = torch.load(folder / 'epoch_2.pth', weights_only=True)['message_hub']
    assert hub['runtime_info']['best_score'] == 0.6
    assert os.path.basename(hub['runtime_info']['best_ckpt']) == 'best_acc_epoch_2.pth'


EVERY = {'interval': 1, 'max_keep_ckpts': 1}


def kill_at_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    """End the run at the first deletion of a checkpoint."""

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CheckpointFolder, '_delete', killed)


def test_a_kill_between_publishing_and_deleting_leaves_none_too_many(
    run_config: MakeConfig, train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_at_deletion(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(run_config(**hook_cfg(**EVERY), train_cfg={'max_epochs': 3}))
    folder = tmp_path / 'run'
    assert checkpoints(folder) == ['epoch_1.pth', 'epoch_2.pth']
    (folder / 'mine_epoch_1.pth').write_text('a file of the user')
    monkeypatch.undo()
    train(run_config(**hook_cfg(**EVERY), train_cfg={'max_epochs': 3}, resume=True))
    assert checkpoints(folder) == ['epoch_3.pth', 'mine_epoch_1.pth']


def test_a_kill_after_a_better_validation_leaves_one_best(
    run_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = hook_cfg(**EVERY, save_best='acc', rule='greater')
    options['train_cfg'] = {'max_epochs': 4}
    genuine = CheckpointFolder._delete

    def killed(held: CheckpointFolder, path: str) -> None:
        if 'best' in path:
            raise KeyboardInterrupt
        genuine(held, path)

    monkeypatch.setattr(CheckpointFolder, '_delete', killed)
    with pytest.raises(KeyboardInterrupt):
        runner_with_scores(run_config(**options), [0.2, 0.6, 0.4]).train()
    folder = tmp_path / 'run'
    monkeypatch.undo()
    runner_with_scores(run_config(**options, resume=True), [0.6, 0.4]).train()
    assert checkpoints(folder) == ['best_acc_epoch_2.pth', 'epoch_4.pth']


def test_a_copy_goes_on_alone_and_leaves_the_original_alone(
    run_config: MakeConfig, tmp_path: Path
) -> None:
    options = hook_cfg(**EVERY, save_best='acc', rule='greater')
    runner_with_scores(run_config(**options, train_cfg={'max_epochs': 3}), [0.2, 0.3]).train()
    original, copy = tmp_path / 'run', tmp_path / 'copy'
    shutil.copytree(original, copy)
    before = checkpoints(original)
    assert before == ['best_acc_epoch_2.pth', 'epoch_3.pth']
    longer = run_config('copy', **options, train_cfg={'max_epochs': 5}, resume=True)
    runner = runner_with_scores(longer, [0.5, 0.6])
    runner.train()
    log = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert f'Auto resumed from the latest checkpoint {copy}/epoch_3.pth.' in log
    assert checkpoints(copy) == ['best_acc_epoch_4.pth', 'epoch_5.pth']
    assert checkpoints(original) == before


def test_checkpoints_outside_the_work_directory(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    options = hook_cfg(**EVERY, out_dir=str(tmp_path / 'disk'))
    train(run_config(**options))
    assert checkpoints(tmp_path / 'disk' / 'run') == ['epoch_2.pth']
    assert find_last(tmp_path / 'run') == str(tmp_path / 'disk' / 'run' / 'epoch_2.pth')
    runner = train(run_config(**options, train_cfg={'max_epochs': 3}, resume=True))
    assert runner.epoch == 3
    assert checkpoints(tmp_path / 'disk' / 'run') == ['epoch_3.pth']


def test_a_run_resumed_into_another_folder_deletes_nothing_there(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    train(run_config(**hook_cfg(**EVERY)))
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'epoch_2.pth').write_text('of another run')
    options = {'resume': True, 'load_from': str(tmp_path / 'run' / 'epoch_2.pth')}
    train(run_config('other', **hook_cfg(**EVERY), **options, train_cfg={'max_epochs': 4}))
    assert checkpoints(tmp_path / 'other') == ['epoch_2.pth', 'epoch_4.pth']
    assert checkpoints(tmp_path / 'run') == ['epoch_2.pth']


def test_a_checkpoint_cannot_have_other_files_deleted(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    train(run_config(**hook_cfg(**EVERY)))
    kept = [tmp_path / 'epoch_x.pth', tmp_path / 'run' / 'notes.txt', tmp_path / 'epoch_5.pth']
    for path in kept:
        path.write_text('keep')
    path = tmp_path / 'run' / 'epoch_2.pth'
    saved = torch.load(path, weights_only=True)
    saved['message_hub']['runtime_info'].update(
        outdated_ckpts=['notes.txt', '../epoch_5.pth', '../best_acc_epoch_1.pth', 7],
        keep_ckpt_ids=['../../epoch_x', 2],
    )
    torch.save(saved, path)
    train(run_config(**hook_cfg(**EVERY), train_cfg={'max_epochs': 3}, resume=True))
    assert all(path.read_text() == 'keep' for path in kept)


@pytest.mark.parametrize('stage', ['put', 'publish', 'note_last'])
def test_a_full_disk_is_one_line_and_leaves_the_former_checkpoint(
    stage: str,
    run_config: MakeConfig,
    train: Train,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train(run_config(**hook_cfg(**EVERY), train_cfg={'max_epochs': 1}))

    def full(*arguments: Any) -> None:
        if stage == 'put':
            Path(arguments[-1]).write_text('half')
        raise OSError(errno.ENOSPC, 'No space left on device')

    place = LocalBackend if stage == 'put' else checkpoint_folder
    monkeypatch.setattr(place, stage, full)
    with pytest.raises(
        CheckpointWriteError, match=r'(epoch_2\.pth|last_ch\w+) cannot be .*No space'
    ) as caught:
        train(run_config(**hook_cfg(**EVERY), resume=True))
    assert '\n' not in str(caught.value)
    assert not list((tmp_path / 'run').glob('.tmp*'))
    monkeypatch.undo()
    assert find_last(tmp_path / 'run') == str(tmp_path / 'run' / 'epoch_1.pth')
    train(run_config(**hook_cfg(**EVERY), resume=True))
    assert checkpoints(tmp_path / 'run') == ['epoch_2.pth']


def test_the_best_weights_are_no_run_to_resume(run_config: MakeConfig, tmp_path: Path) -> None:
    options = hook_cfg(**EVERY, save_best='acc', rule='greater')
    runner_with_scores(run_config(**options), [0.2]).train()
    options.update(resume=True, load_from=str(tmp_path / 'run' / 'best_acc_epoch_1.pth'))
    with pytest.raises(ResumeError, match='holds weights but no optimizer state'):
        runner_with_scores(run_config('again', **options), [0.2]).train()


def test_a_folder_belongs_to_one_run_at_a_time(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    folder = tmp_path / 'run'
    with (
        locked(folder, 'a run'),
        pytest.raises(LockedError, match=r'run is in use by another training run \(process .*-\d+'),
    ):
        train(run_config())
    train(run_config(train_cfg={'max_epochs': 1}))  # the lock went with its holder


def test_a_misspelt_argument_is_told_before_the_run(run_config: MakeConfig, train: Train) -> None:
    with pytest.raises(ConfigError, match="no 'intervals'; did you mean 'interval'"):
        train(run_config(**hook_cfg(intervals=2)))
