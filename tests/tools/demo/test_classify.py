"""Contract: classify.py names classes and writes timelines and overlays, or ends in one line."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine import Config
from PIL import Image

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.video.readers import open_reader
from tests.support.models import tiny_vit
from tests.support.tools import CallTool, Outcome
from tests.support.videos import make_broken_video, moving_shapes, write_video


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """config.py, nameless.py, x.pth, classes.txt, videos/[a] b.mp4 and videos/c.mp4."""
    folder = tmp_path_factory.mktemp('classify')
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2, 'test_mode': True},
        {'type': 'ReadFrames'},
        {'type': 'CropViews', 'size': 32, 'num_crops': 3},
        {'type': 'PackClips'},
    ]
    cfg = Config({
        'default_scope': 'mmvideomae',
        'model': {
            'type': 'Recognizer3D',
            'backbone': tiny_vit('avg'),
            'cls_head': {'type': 'LinearHead', 'num_classes': 3, 'in_channels': 32},
            'data_preprocessor': {'type': 'ClassificationDataPreprocessor'},
        },
        'test_pipeline': pipeline,
        'test_dataloader': {'collate_fn': {'type': 'default_collate'}, 'dataset': {}},
    })  # fmt: skip
    cfg.dump(folder / 'nameless.py')
    torch.save({'state_dict': init_model(cfg).state_dict()}, folder / 'x.pth')
    cfg.test_dataloader.dataset.classes = ['run', 'eat [big] cake', 'sleep']
    cfg.dump(folder / 'config.py')
    (folder / 'classes.txt').write_text('jump\nfall\nstand up\n')
    for name in ('[a] b', 'c'):
        write_video(folder / 'videos' / f'{name}.mp4', moving_shapes(24, 48, 64), fps=10)
    return folder


@pytest.fixture
def call(call_tool: CallTool, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*words: object, config: str = 'config.py') -> Outcome:
        files = (folder / config, folder / 'x.pth')
        return call_tool('demo/classify.py', '--device', 'cpu', *files, *words)

    return run


def test_table_of_the_best_classes(call: Any, folder: Path, tmp_path: Path) -> None:
    code, out, _ = call(folder / 'videos', '--top-k', 3)
    assert code == 0
    assert '[a] b.mp4' in out and 'c.mp4' in out and 'eat [big] cake' in out
    assert out.count('%') == 6
    assert not any(tmp_path.iterdir())  # nothing was asked to be written


def test_json_is_one_object(call: Any, folder: Path) -> None:
    _, out, _ = call(folder / 'videos/c.mp4', '--json', '--classes', folder / 'classes.txt')
    (result,) = json.loads(out)['results']
    assert {one['label'] for one in result['top']} == {'jump', 'fall', 'stand up'}
    assert sum(one['score'] for one in result['top']) == pytest.approx(1, abs=1e-4)


def test_timeline_and_overlay(call: Any, folder: Path, tmp_path: Path) -> None:
    videos = [folder / 'videos/[a] b.mp4', folder / 'videos/c.mp4']
    words = ('--timeline', '--overlay', '--out', 'out', '--window', 1, '--stride', 0.5)
    code, out, _ = call(*videos, *words)
    assert code == 0 and 'out/[a] b.png' in out
    told = json.loads((tmp_path / 'out/c.json').read_text())
    assert [window['end'] for window in told['windows']] == [1.0, 1.5, 2.0, 2.4]
    with (tmp_path / 'out/c.csv').open() as file:
        assert [row['start'] for row in csv.DictReader(file)] == [
            '0.0000',
            '0.5000',
            '1.0000',
            '1.4000',
        ]
    assert Image.open(tmp_path / 'out/c.png').size[0] > 1000
    with open_reader(tmp_path / 'out/[a] b.mp4') as reader, open_reader(videos[0]) as source:
        assert len(reader) == 24 and reader.fps == pytest.approx(10)
        drawn, before = reader.read([12])[0].astype(int), source.read([12])[0].astype(int)
        assert abs(drawn[:24] - before[:24]).mean() < 5 < abs(drawn[-8:] - before[-8:]).mean()


def test_overlay_of_whole_videos_of_equal_names(call: Any, folder: Path, tmp_path: Path) -> None:
    other = write_video(tmp_path / 'c.mp4', moving_shapes(8, 48, 64))
    code, out, _ = call(folder / 'videos/c.mp4', other, '--overlay', '--out', 'out', '--json')
    files = [result['overlay'] for result in json.loads(out)['results']]
    assert code == 0 and files == ['out/c.mp4', 'out/c_2.mp4']
    with open_reader('out/c_2.mp4') as reader:
        assert len(reader) == 8


@pytest.mark.parametrize('words', [[], ['--timeline', '--window', '1', '--out', 'out']])
def test_a_bad_video_costs_no_other(
    call: Any, folder: Path, tmp_path: Path, words: list[str]
) -> None:
    bad = [make_broken_video('text', tmp_path / 'bad.mp4'), tmp_path / 'none.mp4']
    given = (bad[0], folder / 'videos/c.mp4', bad[1], folder / 'videos/[a] b.mp4', *words)
    code, out, err = call(*given)
    assert code == 1 and 'c.mp4' in out and '[a] b.mp4' in out and 'bad.mp4' not in out
    assert [str(path) in line for path, line in zip(bad, err.splitlines(), strict=True)]
    code, out, _ = call(*given, '--json')
    told = json.loads(out)
    assert code == 1 and len(told['results']) == 2 and list(told['failed']) == list(map(str, bad))


@pytest.mark.parametrize('words', [[], ['--timeline', '--window', '1']])
def test_drawings_that_fail_cost_no_classes(
    call: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def fail(*_: Any) -> None:
        raise OSError('the disk is full')

    monkeypatch.setattr('mmvideomae.cli.video_work.overlay_video', fail)
    code, out, err = call(folder / 'videos', *words, '--overlay', '--out', 'out', '--json')
    told = json.loads(out)
    assert code == 1 and len(told['results']) == len(told['failed']) == 2
    assert err.count('classify.py: the disk is full') == 2


def test_a_wrong_setting_is_told_once(call: Any, folder: Path) -> None:
    code, out, err = call(folder / 'videos', '--timeline', '--window', 0, '--out', 'out')
    assert (code, out) == (1, '') and err.count('classify.py: ') == 1 == err.count('\n')


def test_live_source(call: Any, folder: Path) -> None:
    words = (folder / 'videos/c.mp4', '--live', '--seconds', 0.6, '--window', 0.3)
    code, out, _ = call(*words, '--json')
    spans = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and spans and spans[-1]['end'] == pytest.approx(0.6, abs=0.25)
    code, out, _ = call(*words)
    assert code == 0 and '%' in out


def test_ctrl_c_ends_quietly(call: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(VideoClassifier, 'live', interrupted)
    code, _, err = call(folder / 'videos/c.mp4', '--live')
    assert code == 0 and err == ''


@pytest.mark.parametrize(('words', 'config', 'told'), [
    (['none.mp4'], 'config.py', 'no such file'),
    (['none.mp4', '--timeline'], 'config.py', 'no such file'),
    (['none.mp4', '--live'], 'config.py', 'no such file'),
    (['0', '1', '--live'], 'config.py', 'takes one source'),
    (['0', '--live', '--overlay'], 'config.py', 'need files'),
    (['.'], 'nameless.py', 'no class names'),
    (['none.mp4'], 'none.py', 'none.py'),
    (['.', '--classes', 'none.txt'], 'config.py', 'cannot read the file of class names'),
    (['.', '--top-k', '0'], 'config.py', '--top-k must be positive'),
    (['.', '--timeline', '--window', '0'], 'config.py', '--window must be a positive number of'),
    (['.', '--timeline', '--stride', 'nan'], 'config.py', '--stride must be a positive number of'),
    (['0', '--live', '--seconds', '-1'], 'config.py', '--seconds must be a positive number of'),
    (['.', '--device', 'cuda:99'], 'config.py', 'device'),
    (['.'], 'config.py', 'no frame'),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    call: Any, words: list[str], config: str, told: str
) -> None:
    code, out, err = call(*words, config=config)
    assert (code, out) == (1, '') and told in err
    assert err.startswith('classify.py: ') and err.count('\n') == 1
