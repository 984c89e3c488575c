"""Contract: detect.py writes and draws people with their actions, or ends in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config

from mmvideomae.apis import init_model
from mmvideomae.formats.label_maps import write_label_map
from mmvideomae.formats.proposals import write_proposals
from mmvideomae.video.readers import open_reader
from tests.support.detectors import tiny_detector_config
from tests.support.models import tiny_recognizer
from tests.support.person_detector import write_person_detector
from tests.support.tools import CallTool, Outcome
from tests.support.videos import make_broken_video, moving_shapes, write_video

pytest.importorskip('mmdet', reason='needs the detection level')
TOOL = 'demo/detect.py'
NAMES = {1: 'stand', 2: 'eat [big] cake', 3: 'run', 4: 'jump'}
PIPELINE = [
    {'type': 'OpenVideo'},
    {'type': 'SampleKeyFrameClip', 'clip_len': 4, 'stride': 2},
    {'type': 'ReadFrames'},
    {'type': 'ClipResizeShortSide', 'short_side': 48},
    {'type': 'PackActionBoxes'},
]


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """detector.py, d.pth, other.py, o.pth, people.{py,pth}, boxes.pkl, [a].mp4 and broken.mp4."""
    folder = tmp_path_factory.mktemp('detect')
    write_label_map(folder / 'map.pbtxt', NAMES)
    torch.manual_seed(0)
    dataset = {'pipeline': PIPELINE, 'label_map': str(folder / 'map.pbtxt')}
    cfg = Config({'model': tiny_detector_config(4), 'test_dataloader': {'dataset': dataset}})
    other = Config({'model': tiny_recognizer()})
    for name, weights, config in (('detector', 'd', cfg), ('other', 'o', other)):
        config.dump(folder / f'{name}.py')
        state = init_model(config, device='cpu').state_dict()
        torch.save({'state_dict': state}, folder / f'{weights}.pth')
    write_person_detector(folder)
    write_video(folder / '[a].mp4', moving_shapes(30, 96, 128), fps=10)
    make_broken_video('text', folder / 'broken.mp4')
    rows = np.array([[0.1, 0.3, 0.4, 0.9, 0.95], [0.6, 0.2, 0.9, 0.8, 0.9]], np.float32)
    moved = rows + np.array([0.05, 0, 0.05, 0, 0], np.float32)
    write_proposals(folder / 'boxes.pkl', {('[a]', 900): rows, ('[a]', 902): moved})
    return folder


@pytest.fixture
def call(
    call_tool: CallTool,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Outcome]:
    monkeypatch.chdir(tmp_path)

    def run(
        *words: object, video: str = '[a].mp4', config: str = 'detector.py', weights: str = 'd.pth'
    ) -> Outcome:
        files = (folder / config, folder / weights, folder / video, '--out', 'out')
        return call_tool(TOOL, *files, '--device', 'cpu', *words)

    return run


def test_whole_frames_a_table_and_a_file(call: Any, tmp_path: Path) -> None:
    code, out, _ = call('--min-score', 0, '--top-k', 2)
    assert code == 0 and 'written: out/[a].json' in out
    told = json.loads((tmp_path / 'out/[a].json').read_text())
    assert [frame['second'] for frame in told['key_frames']] == [0, 1, 2]
    for frame in told['key_frames']:
        (person,) = frame['people']
        assert person['box'] == [0, 0, 128, 96] and len(person['actions']) == 2
        for action in person['actions']:
            assert f'{action["label"]} {100 * action["score"]:.0f} %' in out
            assert NAMES[action['class_id']] == action['label']
    assert call('--min-score', 1)[1].count(' % ') == 3  # people without actions


def test_people_of_a_file_and_their_overlay(call: Any, folder: Path, tmp_path: Path) -> None:
    words = ('--people', folder / 'boxes.pkl', '--start-second', 900, '--json', '--overlay')
    code, out, _ = call(*words, '--min-score', 0, '--top-k', 1)
    told = json.loads(out)
    assert code == 0 and [frame['second'] for frame in told['key_frames']] == [900, 902]
    assert told['files'] == {'json': 'out/[a].json', 'overlay': 'out/[a].mp4'}
    drawn, plain = open_reader(tmp_path / 'out/[a].mp4'), open_reader(folder / '[a].mp4')
    with drawn, plain:
        assert len(drawn) == 30
        change = np.abs(drawn.read(range(30)).astype(int) - plain.read(range(30))).mean(-1)
    # The left edge of the first box moves from 12.8 to 19.2 pixels in 2 seconds.
    edges = change[:, 60:80].mean(1)
    assert edges[0, 13:15].mean() > 2 * edges[0, 18:20].mean()
    assert edges[20, 19:21].mean() > 2 * edges[20, 13:15].mean()


def test_the_video_is_not_overwritten_and_that_is_told_first(
    call: Any, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / 'out').mkdir()
    copy = tmp_path / 'out' / 'film.mp4'
    copy.write_bytes((folder / '[a].mp4').read_bytes())
    (folder / 'broken.pth').touch()
    code, _, error = call('--overlay', video=str(copy), weights='broken.pth')
    assert code == 1
    assert error == 'detect.py: out/film.mp4 is the video itself: choose another folder\n'
    assert copy.read_bytes() == (folder / '[a].mp4').read_bytes()


def test_an_overlay_that_fails_costs_no_actions(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError('the disk is full')

    monkeypatch.setattr('mmvideomae.cli.video_work.overlay_video', fail)
    code, out, error = call('--overlay', '--json', '--min-score', 0)
    told = json.loads(out)
    assert code == 1 and len(told['key_frames']) == 3 and list(told['files']) == ['json']
    assert error == 'detect.py: the disk is full\n'


def test_people_of_a_detector(call: Any, folder: Path) -> None:
    people = ('--people', folder / 'people.py', '--people-checkpoint', folder / 'people.pth')
    code, out, _ = call(*people, '--min-box-score', 0.5, '--json')
    told = json.loads(out)
    scores = [person['box_score'] for frame in told['key_frames'] for person in frame['people']]
    assert code == 0 and scores and min(scores) >= 0.5
    code, out, _ = call(*people, '--min-box-score', 1)
    assert code == 0 and out.count('nobody') == 3


@pytest.mark.parametrize(('words', 'options', 'told'), [
    ([], {'video': 'none.mp4'}, 'no such file'),
    ([], {'video': 'broken.mp4'}, 'broken.mp4'),
    ([], {'config': 'other.py', 'weights': 'o.pth'}, 'Recognizer3D is not an action detector'),
    ([], {'weights': 'none.pth'}, 'none.pth'),
    ([], {'config': 'none.py'}, 'none.py'),
    (['--people', 'none.pkl'], {}, 'cannot read the boxes none.pkl'),
    (['--people', 'none.py'], {}, 'none.py'),
    (['--people-checkpoint', '.'], {}, 'config of a person detector'),
    (['--classes', 'none.pbtxt'], {}, 'cannot read the label map none.pbtxt'),
    (['--step', '0'], {}, 'step_seconds must be positive'),
    (['--top-k', '0'], {}, '--top-k must be positive'),
])  # fmt: skip
def test_wrong_input_ends_in_one_line(
    call: Any, tmp_path: Path, words: list[str], options: dict[str, str], told: str
) -> None:
    code, out, error = call(*words, **options)
    lines = [line for line in error.splitlines() if line.startswith('detect.py: ')]
    assert code == 1 and not out and told in error
    assert len(lines) == 1 and 'Traceback' not in error
    assert not (tmp_path / 'out').exists()
