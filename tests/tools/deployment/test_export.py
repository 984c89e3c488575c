"""Contract: export.py reports its file and the difference from PyTorch, or ends in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine import Config

from mmvideomae.apis import init_model
from tests.support.models import tiny_vit
from tests.support.tools import CallTool

for name in ('onnx', 'onnxscript', 'onnxruntime'):
    pytest.importorskip(name)


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Config and checkpoint."""
    folder = tmp_path_factory.mktemp('model')
    cfg = Config({
        'default_scope': 'mmvideomae',
        'model': {
            'type': 'Recognizer3D',
            'backbone': tiny_vit('avg'),
            'cls_head': {'type': 'LinearHead', 'num_classes': 3, 'in_channels': 32},
            'data_preprocessor': {'type': 'ClassificationDataPreprocessor'},
        },
    })  # fmt: skip
    cfg.dump(folder / 'config.py')
    torch.save({'state_dict': init_model(cfg).state_dict()}, folder / 'x.pth')
    return folder / 'config.py', folder / 'x.pth'


@pytest.fixture
def call(call_tool: CallTool) -> Any:
    return lambda *words: call_tool('deployment/export.py', *words)


def test_report(call: Any, model: tuple[Path, Path], tmp_path: Path) -> None:
    words = ('--shape', 2, 16, 24, '--pixels', '--dynamic-batch', '--probabilities', '--json')
    code, out, err = call(*model, tmp_path / 'm.onnx', *words)
    report = json.loads(out)
    assert (code, err) == (0, '')
    assert report['shape'] == [-1, 2, 16, 24, 3] and report['classes'] == 3
    assert 0 <= report['difference'] <= 1e-4
    assert Path(report['files'][0]).stat().st_size == round(report['megabytes'] * 1e6)


@pytest.mark.parametrize(('config', 'out', 'words', 'told'), [
    ('none.py', 'm.onnx', (), 'none.py'),
    (None, 'm.pt', (), 'must end in .onnx'),
    (None, 'm.onnx', ('--shape', 3, 32, 32), '3 frames of 32x32'),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    call: Any,
    model: tuple[Path, Path],
    tmp_path: Path,
    config: str | None,
    out: str,
    words: tuple,
    told: str,
) -> None:
    code, out, err = call(config or model[0], model[1], tmp_path / out, *words)
    assert (code, out) == (1, '') and told in err
    assert err.startswith('export.py: ') and err.count('\n') == 1
