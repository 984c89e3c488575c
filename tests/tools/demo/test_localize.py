"""Contract: localize.py writes segments and pictures, prints a table, or ends in one line."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from PIL import Image
from torch import nn

from mmvideomae.analysis.eval_segments import evaluate_segment_files
from mmvideomae.apis import TemporalLocalizer, init_model
from mmvideomae.video.readers import open_reader
from mmvideomae.video.writer import VideoWriteError
from tests.support.browser import find_browser, visit
from tests.support.localizers import end_to_end_leaf, end_to_end_model, tiny_action_former
from tests.support.models import tiny_recognizer
from tests.support.tools import CallTool, Outcome
from tests.support.videos import make_broken_video, moving_shapes, write_video


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """features.py, f.pth, detector.py, d.pth, classes.txt, '[a] b.mp4', c.mp4 and broken.mp4."""
    folder = tmp_path_factory.mktemp('localize')
    torch.manual_seed(0)
    settings = {'preset': 'videomaev2_thumos14', 'window': 4, 'stride': 2, 'size': 32}
    features = Config({'model': tiny_recognizer(), 'features': settings})
    features.dump(folder / 'features.py')
    torch.save({'state_dict': init_model(features).state_dict()}, folder / 'f.pth')
    dataset = {
        'pipeline': [{'type': 'LoadFeatures'}, {'type': 'PackFeatures'}],
        'features': {'stride': 2, 'window': 4},
        'classes': ['run', 'eat [big] cake', 'sleep'],
    }
    cfg = Config({'model': tiny_action_former(32), 'test_dataloader': {'dataset': dataset}})
    cfg.dump(folder / 'detector.py')
    model = init_model(cfg)
    nn.init.normal_(model.cls_head.cls_head.conv.weight, std=0.5)
    torch.save({'state_dict': model.state_dict()}, folder / 'd.pth')
    (folder / 'classes.txt').write_text('jump\nfall\nstand up\n')
    for name in ('[a] b', 'c'):
        write_video(folder / f'{name}.mp4', moving_shapes(40, 48, 64), fps=10)
    make_broken_video('truncated', folder / 'broken.mp4')
    np.save(folder / 'features.npy', np.zeros((4, 32), np.float32))
    leaf = end_to_end_leaf({'frames': 8, 'stride': 2}, frames=8)
    leaf.dump(folder / 'whole.py')
    torch.save({'state_dict': end_to_end_model(leaf).state_dict()}, folder / 'w.pth')
    return folder


@pytest.fixture
def call(call_tool: CallTool, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*words: object, detector: str = 'detector.py', weights: str = 'd.pth') -> Outcome:
        models = [folder / name for name in ('features.py', 'f.pth', detector, weights)]
        return call_tool('demo/localize.py', *models, *words, '--out', 'out', '--device', 'cpu')

    return run


def test_table_pictures_and_results(call: Any, folder: Path, tmp_path: Path) -> None:
    code, out, _ = call(folder / '[a] b.mp4', folder / 'c.mp4', '--top-k', 4)
    assert code == 0 and '[a] b.mp4' in out and 'out/c.png' in out
    names = ('run', 'eat [big] cake', 'sleep')
    assert sum(any(name in line for name in names) for line in out.splitlines()) == 8
    for name in ('[a] b', 'c'):
        assert Image.open(tmp_path / f'out/{name}.png').size[0] > 1000
    rows = [{'segment': [0.5, 2.0], 'label': name} for name in names]
    video = {'duration': 4.0, 'subset': 'test', 'annotations': rows}
    (tmp_path / 'truth.json').write_text(json.dumps({'database': {'[a] b': video, 'c': video}}))
    told = evaluate_segment_files(tmp_path / 'out/segments.json', tmp_path / 'truth.json')
    assert 0 <= told['mAP'] <= 1


def test_json_is_one_object_of_segments_that_score_enough(
    call: Any, folder: Path, tmp_path: Path
) -> None:
    words = (folder / 'c.mp4', '--json', '--classes', folder / 'classes.txt')
    everything = json.loads(call(*words)[1])['results']['c']
    limit = everything[2]['score']
    _, out, _ = call(*words, '--min-score', limit)
    told = json.loads(out)
    assert told['results']['c'] == [row for row in everything if row['score'] >= limit]
    assert {row['label'] for row in everything} <= {'jump', 'fall', 'stand up'}
    assert json.loads(Path(told['files']['segments']).read_text())['results'] == told['results']


def test_overlay_names_the_best_segment_of_the_moment(
    call: Any, folder: Path, tmp_path: Path
) -> None:
    source = folder / 'c.mp4'
    told = json.loads(call(source, '--json')[1])['results']['c']
    limit = told[0]['score']  # only the best one is left
    start, end = told[0]['segment']
    code, out, _ = call(source, '--overlay', '--min-score', limit)
    assert code == 0 and 'out/c.mp4' in out
    with open_reader(tmp_path / 'out/c.mp4') as drawn, open_reader(source) as plain:
        assert len(drawn) == 40
        change = np.abs(drawn.read(range(40)).astype(int) - plain.read(range(40)))
    feet = change[:, -8:].mean((1, 2, 3))
    times = np.arange(40) / 10
    inside = (times >= start) & (times < end)
    assert inside.any() and feet[inside].min() > 15
    assert not (~inside).any() or feet[~inside].max() < 8


@pytest.mark.parametrize('name', ['[a] b.mp4', 'c.avi'])
def test_a_page_holds_the_video_and_its_segments(
    call: Any, folder: Path, tmp_path: Path, name: str
) -> None:
    """An mp4 file as it is, an avi file as a copy that browsers play."""
    source = folder / name
    if not source.exists():
        write_video(source, moving_shapes(40, 48, 64), fps=10, codec='mpeg4')
    code, out, _ = call(source, '--html', '--json')
    told = json.loads(out)
    page = tmp_path / told['files']['pages'][source.stem]
    text = page.read_text(encoding='utf-8')
    assert code == 0 and page.name == f'{source.stem}.html'
    assert text.count('class="segment"') == 2 * len(told['results'][source.stem])
    held = base64.b64decode(text.partition('data:video/mp4;base64,')[2].partition('"')[0])
    assert (held == source.read_bytes()) is (source.suffix == '.mp4')
    if find_browser() is None:
        return
    best = told['results'][source.stem][0]
    middle = round(sum(best['segment']) / 2, 2)
    until = f'!video.seeking && Math.abs(video.currentTime - {middle}) < 0.01'
    tree = visit(page, tmp_path, f'#t={middle}', until=until).tree
    assert f'<p id="moment">{best["label"]} ({best["score"]:.2f})</p>' in tree


def test_true_segments_are_drawn_beside(call: Any, folder: Path, tmp_path: Path) -> None:
    rows = [{'segment': [0.5, 2.0], 'label': 'sleep'}, {'segment': [1, 2], 'label': 'other'}]
    video = {'duration': 4.0, 'subset': 'test', 'annotations': rows}
    (tmp_path / 'truth.json').write_text(json.dumps({'database': {'c': video}}))
    assert call(folder / 'c.mp4', '--html')[0] == 0
    pictures = [(tmp_path / 'out/c.png').read_bytes()]
    words = ('--html', '--truth', 'truth.json')
    assert call(folder / 'c.mp4', folder / '[a] b.mp4', *words)[0] == 0
    assert (tmp_path / 'out/c.png').read_bytes() != pictures[0]
    page = (tmp_path / 'out/c.html').read_text()
    assert page.count('class="truth"') == 2 and 'other, 0:01.0 to 0:02.0, true' in page
    assert 'class="truth"' not in (tmp_path / 'out/[a] b.html').read_text()
    code, _, error = call(folder / 'c.mp4', '--truth', 'gone.json')
    assert code == 1 and 'gone.json' in error and error.count('\n') == 1


def test_an_overlay_does_not_replace_its_video(call: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    video = tmp_path / 'out/c.mp4'
    video.write_bytes((folder / 'c.mp4').read_bytes())
    code, _, error = call(video, '--overlay')
    assert code == 1 and 'is the video itself' in error
    assert video.read_bytes() == (folder / 'c.mp4').read_bytes()


def test_no_segments_left(call: Any, folder: Path, tmp_path: Path) -> None:
    code, out, _ = call(folder / 'c.mp4', '--min-score', 2)
    assert code == 0 and 'no segments' in out and (tmp_path / 'out/c.png').is_file()
    assert json.loads((tmp_path / 'out/segments.json').read_text())['results'] == {'c': []}


def test_a_video_that_cannot_be_read_does_not_stop_the_rest(
    call: Any, folder: Path, tmp_path: Path
) -> None:
    code, out, error = call(folder / 'broken.mp4', folder / 'none.mp4', folder / 'c.mp4', '--json')
    assert code == 1 and list(json.loads(out)['results']) == ['c']
    told = [line for line in error.splitlines() if line.startswith('localize.py: ')]
    assert len(told) == 2 and 'broken.mp4' in told[0] and 'none.mp4' in told[1]


def test_drawings_that_fail_cost_no_segments(
    call: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = 'mmvideomae.cli.work.localize'
    monkeypatch.setattr(f'{demo}.write_segment_page', _raising(OSError('the disk is full')))
    monkeypatch.setattr(f'{demo}.draw_label', _raising(VideoWriteError('no encoder')))
    videos = [folder / '[a] b.mp4', folder / 'c.mp4']
    code, out, error = call(*videos, '--overlay', '--html', '--json')
    told = json.loads(out)
    assert code == 1 and list(told['results']) == ['[a] b', 'c'] == list(told['files']['pictures'])
    assert told['failed'] == {str(video): 'no encoder; the disk is full' for video in videos}
    assert error.count('localize.py: no encoder; the disk is full') == 2
    written = json.loads((tmp_path / 'out/segments.json').read_text())
    assert written['results'] == told['results'] and not told['files']['overlays']


def test_an_error_of_the_disk_costs_one_video(
    call: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = TemporalLocalizer.__call__

    def read(self: TemporalLocalizer, video: str, *more: Any) -> Any:
        return usual(self, video, *more) if 'c.mp4' in video else _raising(OSError('stale'))()

    monkeypatch.setattr(TemporalLocalizer, '__call__', read)
    code, out, error = call(folder / 'c.mp4', folder / '[a] b.mp4', '--json')
    assert code == 1 and list(json.loads(out)['results']) == ['c']
    assert error.splitlines()[-1] == 'localize.py: stale'


def test_a_wrong_setting_is_told_once(
    call: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TemporalLocalizer, '__call__', _raising(ValueError('no such setting')))
    code, out, error = call(folder / 'c.mp4', folder / '[a] b.mp4')
    assert code == 1 and not out and error.count('no such setting') == 1


def test_an_unfit_video_costs_no_other(call: Any, folder: Path) -> None:
    """One of another frame rate than the detector's features."""
    other = write_video(folder / 'slow.mp4', moving_shapes(40, 48, 64), fps=5)
    cfg = Config.fromfile(folder / 'detector.py')
    cfg.test_dataloader.dataset.features.fps = 10
    cfg.dump(folder / 'ten.py')
    code, out, error = call(other, folder / 'c.mp4', '--json', detector='ten.py')
    assert code == 1 and list(json.loads(out)['results']) == ['c'] and 'fps=5' in error


@pytest.fixture
def live(call_tool: CallTool, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Outcome:
        models = [folder / name for name in ('whole.py', 'w.pth')]
        return call_tool('demo/localize.py', *models, *words, '--device', 'cpu')

    return run


def test_live_prints_the_segments_of_the_file(live: Any, folder: Path) -> None:
    rows = json.loads(live(folder / 'c.mp4', '--json', '--out', 'out')[1])['results']['c']
    code, out, _ = live(folder / 'c.mp4', '--live', '--json')
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and len(found) == len(rows) > 10
    expected = sorted([[*row['segment'], row['label'], row['score']] for row in rows])
    assert sorted(list(row.values()) for row in found) == expected
    code, out, _ = live(folder / 'c.mp4', '--live', '--min-score', 0.1, '--seconds', 1)
    lines = out.splitlines()
    assert code == 0 and lines and all(' to ' in line for line in lines)
    assert all(float(line.split()[3]) >= 0.1 for line in lines)


def test_ctrl_c_ends_live_with_what_is_final(
    live: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = TemporalLocalizer.live

    def interrupted(self: TemporalLocalizer, source: str, seconds: float | None) -> Any:
        found = usual(self, source, seconds)
        yield next(found)
        raise KeyboardInterrupt

    monkeypatch.setattr(TemporalLocalizer, 'live', interrupted)
    code, out, error = live(folder / 'c.mp4', '--live', '--json')
    ends = [json.loads(line)['end'] for line in out.splitlines()]
    assert code == 0 and error == '' and ends and max(ends) <= 0.8  # half a window


@pytest.mark.parametrize(('words', 'told'), [
    (['none.mp4', '--live'], 'no such file'),
    (['7', '8', '--live'], '--live takes one source, got 2'),
    (['c.mp4', '--live', '--html'], '--out, --overlay, --html and --truth need files'),
    (['whole.py', 'w.pth', 'c.mp4', '--live'], 'a detector that is trained end to end'),
    (['features.npy', '--live'], 'features.npy holds features: give the video itself'),
    (['c.mp4', '--live', '--preset', 'videomaev2_thumos14'], 'omit preset, settings and precision'),
])  # fmt: skip
def test_wrong_input_of_live_ends_in_one_line(
    live: Any, folder: Path, words: list[str], told: str
) -> None:
    code, out, error = live(*(folder / word if '.' in word else word for word in words))
    lines = [line for line in error.splitlines() if line.startswith('localize.py: ')]
    assert code == 1 and not out and told in error and len(lines) == 1


def test_a_feature_file_is_no_video(live: Any, folder: Path) -> None:
    code, _, error = live(folder / 'features.npy', folder / 'c.mp4', '--out', 'out', '--json')
    assert code == 1 and 'features.npy holds features: give the video itself' in error


def test_files_need_a_folder_for_the_results(live: Any, folder: Path) -> None:
    code, _, error = live(folder / 'c.mp4')
    assert code == 2 and '--out is needed' in error


def _raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


@pytest.mark.parametrize(('words', 'options', 'told'), [
    (['c.mp4', '--stride', '4'], {}, 'stride=4, but the detector'),
    (['c.mp4', '--cfg-options', 'strode=4'], {}, "the config has no 'strode'"),
    (['c.mp4', '--classes', 'nothing.txt'], {}, 'cannot read the file of class names'),
    (['c.mp4', '--top-k', '0'], {}, '--top-k must be positive'),
    (['c.mp4', 'c.mp4'], {}, "two videos have the name 'c'"),
    (['c.mp4'], {'detector': 'features.py', 'weights': 'f.pth'}, 'is not a temporal detector'),
    (['c.mp4'], {'weights': 'f.pth'}, 'f.pth'),
    (['c.mp4'], {'weights': 'none.pth'}, 'none.pth'),
    (['c.mp4'], {'detector': 'none.py'}, 'none.py'),
])  # fmt: skip
def test_wrong_input_ends_in_one_line(
    call: Any, folder: Path, tmp_path: Path, words: list[str], options: Any, told: str
) -> None:
    code, out, error = call(*(folder / w if '.mp4' in w else w for w in words), **options)
    assert code == 1 and not out and told in error
    lines = [line for line in error.splitlines() if line.startswith('localize.py: ')]
    assert len(lines) == 1 and 'Traceback' not in error
    assert not (tmp_path / 'out').exists()
