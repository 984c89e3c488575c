"""Contract: benchmark_detection.py trains and tests the given configs, and reports both speeds."""

from pathlib import Path

import pytest

from tests.support.detectors import tiny_detector_config
from tests.support.tools import CallTool

DEMO = 'configs/demo/detector_vit-tiny-p8_own-boxes.py'
TOOL = 'analysis_tools/benchmark_detection.py'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The demo's schedule around a tiny network on clips of 4x32x32."""
    root = Path(__file__).resolve().parents[3]
    path = tmp_path / 'tiny.py'
    model = tiny_detector_config().to_dict()
    pipeline = [
        {'type': 'SampleKeyFrameClip', 'clip_len': 4},
        {'type': 'ClipRandomCropBoxes', 'size': 32},
    ]
    path.write_text(
        f"_base_ = '{root / DEMO}'\n"
        f'model = dict(_delete_=True, **{model})\n'
        f'train_dataloader = dict(dataset=dict(pipeline={pipeline}))\n'
    )
    return path


def test_the_report(call_tool: CallTool, config: Path) -> None:
    pytest.importorskip('mmdet', reason='needs the detection level')
    done = call_tool(
        TOOL, config, config, '--batch-size', '2', '--rounds', '1', '--test-size', '40', '56',
        '--json',
    )  # fmt: skip
    assert done.code == 0, done.err
    report = done.summary
    assert (report['batch_size'], report['persons'], len(report['rows'])) == (2, 3, 2)
    for row in report['rows']:
        assert (row['config'], row['frames']) == ('tiny', 4)
        assert (row['train'], row['test']) == ([32, 32], [40, 56])
        assert row['train_clips_per_s'] > 0 and row['test_clips_per_s'] > 0


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (['--batch-size', '0'], 'all numbers must be positive'),
        (['gone.py'], 'gone.py'),
    ],
)
def test_wrong_input_is_one_line(call_tool: CallTool, words: list[str], told: str) -> None:
    done = call_tool(TOOL, *words)
    assert done.code != 0 and told in done.err.strip().splitlines()[-1]
