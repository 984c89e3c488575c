"""Contract: problems with a run's weights end in one line that names the fix."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import init_default_scope

from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae
from tests.support.weight_files import PRETRAINERS


def test_another_architecture_and_no_weights(
    pretrain_config: Callable[..., Path], call_tool: Callable[..., Any], tmp_path: Path
) -> None:
    init_default_scope('mmvideomae')
    cfg = tiny_videomae()
    cfg['backbone']['arch']['depth'] = 3
    path = PRETRAINERS['official'](MODELS.build(cfg).state_dict(), tmp_path)
    text = tmp_path / 'text.pth'
    text.write_text('no weights')
    for load_from, reason in (
        (path, 'another architecture: depth 3 against 2 of the model'),
        (text, 'text.pth is not a readable weight file'),
        (tmp_path / 'none.pth', 'checkpoint not found'),
    ):
        options = {'load_from': str(load_from), 'experiment_name': load_from.stem}
        config = pretrain_config(f'{load_from.stem}.py', **options)
        message = call_tool('train.py', config, '--work-dir', tmp_path / 'work').code
        assert isinstance(message, str) and '\n' not in message
        assert message.startswith('train.py: ') and reason in message


def test_initial_weights_of_a_config(
    pretrain_config: Callable[..., Path], call_tool: Callable[..., Any], tmp_path: Path
) -> None:
    init_default_scope('mmvideomae')
    model = MODELS.build(tiny_videomae())
    start = {
        'type': 'Pretrained',
        'checkpoint': str(PRETRAINERS['hf5'](model.state_dict(), tmp_path)),
    }
    config = pretrain_config(
        model={'init_cfg': start},
        optim_wrapper={'optimizer': {'lr': 0.0, 'weight_decay': 0.0}},
        train_cfg={'max_epochs': 1},
    )
    assert call_tool('train.py', config, '--work-dir', tmp_path / 'work').code == 0
    saved = torch.load(tmp_path / 'work' / 'epoch_1.pth', weights_only=True)['state_dict']
    for key, value in model.state_dict().items():
        torch.testing.assert_close(saved[key], value, rtol=1e-6, atol=1e-7)
