"""Contract: a following teacher is updated once per update, and its run resumes bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmvideomae.engine.continuation import ResumeError
from tests.support.latent import teacher_vit, tiny_latent

Train = Callable[[Config], Runner]
MakeConfig = Callable[..., Config]

AVERAGE = {'momentum': {'start': 0.6, 'end': 0.9, 'shape': 'cosine'}, 'width': 32}


def run(make: MakeConfig, name: str, options: dict[str, Any], **overrides: Any) -> Config:
    cfg = make(name, model={'_delete_': True, **tiny_latent(drop_path_rate=0.3, **options)})
    hooks = {'teacher': {'type': 'TeacherHook'}, 'checkpoint': {'by_epoch': False, 'interval': 2}}
    cfg.merge_from_dict({'default_hooks': hooks, 'optim_wrapper': {'accumulative_counts': 2}})
    cfg.merge_from_dict(overrides)
    return cfg


class Watch(Hook):
    """Keep a weight of the student after every update."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self.values: list[Tensor] = []

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        if runner.iter % 2 == 0:
            self.values.append(runner.model.backbone.patch_embed.proj.weight.detach().clone())


def test_the_average_follows_each_update(run_config: MakeConfig) -> None:
    runner = Runner.from_cfg(run(run_config, 'run', AVERAGE))
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    weight = runner.model.backbone.patch_embed.proj.weight.detach()
    values = [*watch.values, weight]
    assert len(values) == 7 and not torch.equal(values[0], values[-1])  # 12 iterations
    expected = values[0]
    for update, value in enumerate(values[1:]):
        momentum = 0.6 + 0.3 * (1 - torch.cos(torch.tensor(torch.pi * update / 6))) / 2
        expected = momentum * expected + (1 - momentum) * value
    average = runner.model.target.teacher.patch_embed.proj.weight
    torch.testing.assert_close(average, expected)
    assert runner.model.target.updates == 6


@pytest.mark.parametrize(
    'options', [AVERAGE, {'teacher': teacher_vit()}], ids=['average', 'frozen']
)
def test_a_resumed_run_continues_bit_for_bit(
    options: dict[str, Any], run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    whole = train(run(run_config, 'whole', options)).model.state_dict()
    source = str(tmp_path / 'whole' / 'iter_4.pth')
    cfg = run(run_config, 'resumed', options, resume=True, load_from=source)
    found = train(cfg).model.state_dict()
    assert found.keys() == whole.keys()
    assert all(torch.equal(value, whole[key]) for key, value in found.items())
    assert any(key.startswith('target.teacher') for key in whole) == (options is AVERAGE)


def test_a_run_resumes_only_with_its_own_teacher(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    train(run(run_config, 'run', {'teacher': teacher_vit()}, train_cfg={'max_epochs': 1}))
    source = str(tmp_path / 'run' / 'iter_6.pth')
    other = {'teacher': teacher_vit(weight_init='trunc_normal')}
    with pytest.raises(ResumeError, match=r"teacher was \w+ and is now \w+. Use the teacher's"):
        train(run(run_config, 'other', other, resume=True, load_from=source))
