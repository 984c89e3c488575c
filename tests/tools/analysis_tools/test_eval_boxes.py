"""Contract: eval_boxes.py evaluates results in AVA's layout, and draws the classes."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.support.tools import CallTool

TOOL = 'analysis_tools/eval_boxes.py'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.chdir(tmp_path)
    Path('map.pbtxt').write_text(
        'label { name: "stand [up]" label_id: 1 }\nlabel { name: "run" label_id: 3 }\n'
        'label { name: "fly" label_id: 4 }\n'
    )
    Path('truth.csv').write_text('a,1,0,0,.5,1,1\na,2,0,0,.5,1,1\na,2,0,0,.5,1,3\n')
    Path('found.csv').write_text('a,1,0,0,.5,1,1,.9\na,2,0,0,.5,1,3,.9\nb,2,0,0,.5,1,3,.9\n')
    return 'found.csv', 'truth.csv', 'map.pbtxt'


def test_table_picture_and_numbers(call_tool: CallTool, files: tuple[str, ...]) -> None:
    code, out, err = call_tool(TOOL, *files, '--out', 'o', '--protocol', 'mmaction2')
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ['3', '100.00', '1', '1', 'run'] in lines
    assert ['1', '50.00', '2', '1', 'stand', '[up]'] in lines and ['4', '0', '0', 'fly'] in lines
    assert 'frame mAP 75.00 at IoU 0.5 on 2 key frames by the mmaction2 protocol' in out
    assert '1 key frames of the results have no annotation' in err and 'left out' in err
    assert Image.open('o/per_class.png').size[0] > 600
    assert json.loads(Path('o/metrics.json').read_text())['mAP'] == 0.75
    Path('found.csv').write_text(Path('found.csv').read_text().replace('.9\n', '.8\n', 2))
    code, out, err = call_tool(TOOL, *files, '--out', 'o')
    assert code == 0
    # What is found first is wrong: there is no annotation of it.
    assert 'frame mAP 50.00 at IoU 0.5 on 2 key frames by the official protocol' in out
    assert '1 key frames of the results have no annotation' in err and 'are wrong' in err


def test_json_and_excluded_key_frames(call_tool: CallTool, files: tuple[str, ...]) -> None:
    Path('gone.csv').write_text('a,2\n')
    told = call_tool(TOOL, *files, '--json', '--excluded', 'gone.csv').summary
    assert told['mAP'] == 1 and told['key_frames'] == 1 and told['out'] == 'work_dirs/eval_boxes'


def test_bad_input_ends_in_one_line(call_tool: CallTool, files: tuple[str, ...]) -> None:
    for words, told in (
        (('none.csv', *files[1:]), 'none.csv'),
        ((*files[:2], 'truth.csv'), 'truth.csv:1'),
        ((*files, '--iou', '2'), 'IoU threshold'),
    ):
        code, _, error = call_tool(TOOL, *words)
        assert (
            code == 1
            and told in error
            and error.count('\n') == 1
            and error.startswith('eval_boxes.py: ')
        )
