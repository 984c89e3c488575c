"""make_annotations.py lists every video once, splits all classes alike, and its lists read back."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine import Config

from mmvideomae.cli.options import parse_option
from mmvideomae.configs import apply_options, read_config
from mmvideomae.datasets.sources import VideoSource
from mmvideomae.formats.annotations import Entry, LineFormat, read_list
from mmvideomae.formats.classes import class_names
from mmvideomae.preparation.lists.make_annotations import split_counts
from tests.support.tools import CallTool

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def call(call_tool: CallTool) -> Any:
    return lambda *words: call_tool('data/make_annotations.py', *words)


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def entries(path: Path) -> list[Entry]:
    return read_list(path, LineFormat())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes of 10, 20 and 5 clips, with spaces, depth and files that are no videos."""
    names = [f'run/{i}.mp4' for i in range(10)] + [f'sit down/a b {i}.avi' for i in range(20)]
    names += [f'jump/part,2/clip {i}.webm' for i in range(5)]
    return touch(tmp_path / 'videos', *names, 'run/notes.txt', 'run/.hidden.mp4')


def test_stratified_split(call: Any, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / 'lists'
    done = call(folder, out, '--ratios', 0.6, 0.2, 0.2, '--json')
    assert done.code == 0
    summary = done.summary
    assert summary['classes'] == 3
    assert summary['clips'] == {'train': 21, 'val': 7, 'test': 7}
    assert (out / 'classes.txt').read_text().splitlines() == ['jump', 'run', 'sit down']
    lists = {name: entries(out / f'{name}.csv') for name in ('train', 'val', 'test')}
    counts = {name: np.bincount([e.label for e in found]) for name, found in lists.items()}
    assert counts['train'].tolist() == [3, 6, 12]
    assert counts['val'].tolist() == counts['test'].tolist() == [1, 2, 4]
    paths = [entry.path for found in lists.values() for entry in found]
    assert len(set(paths)) == 35 and all((folder / path).is_file() for path in paths)
    for found in lists.values():
        for entry in found:
            assert ['jump', 'run', 'sit down'].index(Path(entry.path).parts[0]) == entry.label


def asked(line: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], Config]:
    """The environment of a command that was printed, and its config with its options."""
    words = shlex.split(line.removeprefix('next: '))
    start = words.index('mmvideomae')
    environment = dict(word.split('=', 1) for word in words[:start])
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = read_config(str(ROOT / words[start + 2]))
    apply_options(config, dict(parse_option(word) for word in words[start + 4 :]))
    return environment, config


@pytest.mark.parametrize('out', ['my lists', '2024', "a, b's", 'data/custom', 'data/tagged'])
@pytest.mark.parametrize(
    ('words', 'lists'),
    [
        ((), {'train': 'train', 'val': 'val', 'test': 'val'}),
        (('--ratios', 0.6, 0.2, 0.2), {'train': 'train', 'val': 'val', 'test': 'test'}),
        (('--ratios', 1), {'train': 'train', 'val': None, 'test': None}),
        (('--labels', 'tags.csv'), {'train': 'train', 'val': 'val', 'test': 'val'}),
    ],
)
def test_the_next_command_trains_and_tests_on_the_lists(
    call: Any,
    folder: Path,
    tmp_path: Path,
    words: tuple[object, ...],
    lists: dict[str, str | None],
    out: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    tags = (f'run/{i}.mp4,a,b\n' for i in range(10))
    Path('tags.csv').write_text(''.join(tags))
    videos = Path(out, 'videos')
    videos.parent.mkdir(parents=True)
    folder.rename(videos)
    done = call(videos, out, *words)
    assert done.code == 0, done.err
    environment, config = asked(done.out.splitlines()[-1], monkeypatch)
    names = Path(out, 'classes.txt').read_text().splitlines()
    assert environment['NUM_CLASSES'] == str(len(names))
    assert bool(config.train_dataloader.dataset.get('multi_class')) == ('--labels' in words)
    for name, listed in lists.items():
        loader = config[f'{name}_dataloader']
        if loader is not None:
            assert loader.dataset.classes == f'{out}/classes.txt'
        if listed is not None:
            (source,) = map(VideoSource.of, loader.dataset.sources)
            assert source.ann_file == f'{out}/{listed}.csv' and source.data_prefix == str(videos)
    if lists['val'] is None:
        assert config.val_cfg is config.val_dataloader is config.val_evaluator is None
        assert config.default_hooks.checkpoint.save_best is None


@pytest.mark.parametrize(('place', 'words'), [('.', ()), ('a', ()), ('a', ('--unlabelled',))])
@pytest.mark.parametrize('frames', [False, True])
def test_without_classes_the_next_command_pretrains_on_all(
    call: Any,
    tmp_path: Path,
    place: str,
    words: tuple[str, ...],
    frames: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder of videos without class folders has no classes to train on either."""
    root = tmp_path / 'my, videos'
    folder = root if words else root / place
    if frames:
        touch(root, f'{place}/clip 1/3.png', f'{place}/clip 1/4.png')
        words += ('--filename-tmpl', '{}.png')
    else:
        touch(root, f'{place}/clip 1.mp4')
    done = call(folder, tmp_path / 'out', *words)
    assert done.code == 0, done.err
    environment, config = asked(done.out.splitlines()[-1], monkeypatch)
    assert environment == {}
    (source,) = map(VideoSource.of, config.train_dataloader.dataset.sources)
    (entry,) = source.entries(labelled=False)
    assert 'clip 1' in entry.path and (entry.total == 2) == frames


def test_the_next_command_is_short_for_the_usual_folders(
    call: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = 'configs/demo/videomae_vit-tiny-p8_finetune_own-videos.py'
    done = call(folder, 'data/custom')  # videos elsewhere have to be named
    assert f'VIDEO_DIR={folder} mmvideomae train {config}' in done.out.splitlines()[-1]
    videos = Path('data/custom/videos')
    folder.rename(videos)
    done = call(videos, 'data/custom', '--overwrite')
    assert done.out.splitlines()[-1] == f'next: NUM_CLASSES=3 mmvideomae train {config}'


def test_lists_of_an_earlier_split_are_told_of(
    call: Any, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert call(folder, tmp_path / 'out', '--ratios', 0.6, 0.2, 0.2).code == 0
    assert 'written earlier' not in caplog.text
    assert call(folder, tmp_path / 'out', '--overwrite').code == 0
    assert f'{tmp_path}/out/test.csv: written earlier and kept' in caplog.text
    assert 'val.csv' not in caplog.text


def test_seed_decides_and_other_classes_do_not(call: Any, folder: Path, tmp_path: Path) -> None:
    def val(out: str, *words: object) -> set[str]:
        assert call(folder, tmp_path / out, *words).code == 0
        return {e.path for e in entries(tmp_path / out / 'val.csv') if e.path.startswith('sit')}

    first = val('a')
    assert val('b') == first != val('c', '--seed', 1)
    touch(folder, *(f'another/{i}.mp4' for i in range(4)))
    assert val('d') == first


def test_split_that_stands_is_kept(call: Any, tmp_path: Path) -> None:
    names = ('train/a/1.mp4', 'train/b/2.mp4', 'Validation/b/3.mp4', 'train/c/4.mp4')
    touch(tmp_path / 'videos', *names)
    assert call(tmp_path / 'videos', tmp_path / 'out').code == 0
    assert {p.name for p in (tmp_path / 'out').iterdir()} == {
        'classes.txt',
        'train.csv',
        'val.csv',
    }
    train = [(e.path, e.label) for e in entries(tmp_path / 'out' / 'train.csv')]
    assert train == [('train/a/1.mp4', 0), ('train/b/2.mp4', 1), ('train/c/4.mp4', 2)]
    assert [(e.path, e.label) for e in entries(tmp_path / 'out' / 'val.csv')] == [
        ('Validation/b/3.mp4', 1)
    ]


def test_unlabelled(call: Any, folder: Path, tmp_path: Path) -> None:
    flat = touch(tmp_path / 'flat', 'b c.mp4', 'a.mp4')
    assert call(flat, tmp_path / 'one', '--absolute').code == 0
    assert entries(tmp_path / 'one' / 'all.csv') == [
        Entry(str(flat / 'a.mp4')),
        Entry(str(flat / 'b c.mp4')),
    ]
    assert not (tmp_path / 'one' / 'classes.txt').exists()
    assert call(folder, tmp_path / 'two', '--unlabelled').code == 0
    assert len(entries(tmp_path / 'two' / 'all.csv')) == 35


@pytest.mark.parametrize('first', [0, 1, 7])
def test_raw_frames_are_numbered_as_their_folder_says(
    first: int, call: Any, tmp_path: Path
) -> None:
    for clip in ('1', '2'):
        touch(tmp_path / 'frames' / 'a' / clip, *(f'{n:03}.png' for n in range(first, first + 4)))
    words = ('--filename-tmpl', '{:03}.png', '--unlabelled')
    assert call(tmp_path / 'frames', tmp_path / 'out', *words).code == 0
    assert entries(tmp_path / 'out' / 'all.csv') == [Entry(f'a/{n}', first, 4) for n in (1, 2)]


def test_what_is_left_out_is_told(
    call: Any, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(folder, 'lie/1.mp5', 'lie/2.mp5', 'sit down/no suffix', 'run/a\nb.mp4', '.git/x.mp4')
    assert call(folder, tmp_path / 'out').code == 0
    assert (tmp_path / 'out' / 'classes.txt').read_text() == 'jump\nrun\nsit down\n'
    told = [record.getMessage() for record in caplog.records]
    assert [text.split(': ', 1)[0].split(' because')[0] for text in told] == [
        f'left out below {folder}',
        f'left out below {folder}',
        '1 class folders have nothing to list',
    ]
    assert "2 .mp5 (such as 'lie/1.mp5')" in told[0] and "1 .txt (such as 'run/notes" in told[0]
    assert "1 without a known suffix (such as 'sit down/no suffix')" in told[0]
    assert "1 names with line breaks, unfit for a list: 'run/a\\nb.mp4'" in told[1]
    assert told[2].endswith(': lie')
    caplog.clear()
    words = ('--filename-tmpl', '{:03}.png', '--unlabelled')
    touch(folder / 'frames', '000.png')
    assert call(folder, tmp_path / 'out2', *words).code == 0
    (record,) = caplog.records
    assert "4 folders without a frame such as '001.png'" in record.getMessage()


def test_class_names_that_are_no_utf8_can_be_read(call: Any, tmp_path: Path) -> None:
    touch(
        tmp_path / 'videos',
        *(f'{os.fsdecode(bytes([n]))}/{i}.mp4' for n in b'\xe9\xe8' for i in 'ab'),
    )
    assert call(tmp_path / 'videos', tmp_path / 'out').code == 0
    assert class_names(tmp_path / 'out' / 'classes.txt') == ('\\xe8', '\\xe9')


def test_raw_frames(call: Any, tmp_path: Path) -> None:
    for clip in ('a/1', 'a/2', 'b/3', 'b/4'):
        (tmp_path / 'frames' / clip).mkdir(parents=True)
        for number in range(5, 8):
            file = tmp_path / 'frames' / clip / f'image_{number:06}.jpg'
            cv2.imwrite(str(file), np.zeros((8, 8, 3), np.uint8))
    words = ('--filename-tmpl', 'image_{:06}.jpg', '--start', 5, '--ratios', 0.5, 0.5)
    assert call(tmp_path / 'frames', tmp_path / 'out', *words).code == 0
    found = entries(tmp_path / 'out' / 'train.csv') + entries(tmp_path / 'out' / 'val.csv')
    assert sorted(found) == [
        Entry('a/1', 5, 3, 0),
        Entry('a/2', 5, 3, 0),
        Entry('b/3', 5, 3, 1),
        Entry('b/4', 5, 3, 1),
    ]


@pytest.mark.parametrize(
    ('names', 'words', 'reason'),
    [
        ((), (), 'no such folder'),
        (('a/readme.txt',), (), 'no video below'),
        (('a/1.mp4', 'a/2.mp4', 'b/1.mp4'), (), '1 of 2 classes have fewer clips than the 2'),
        (('a/1.mp4', 'a/2.mp4', '3.mp4'), (), "1 videos are outside the class folders.*'3.mp4'"),
        (('a/1.mp4', 'a/2.mp4'), ('--ratios', 0.5, 0.2), 'add up to 1'),
        (('a/1.mp4', 'a/2.mp4'), ('--filename-tmpl', 'i_{:05}.jpg'), "such as 'i_00001.jpg'"),
        (
            ('a/1/f_0.jpg', 'a/1/f_1.jpg', 'a/1/f_4.jpg', 'a/2/f_0.jpg'),
            ('--filename-tmpl', 'f_{}.jpg'),
            "1 folders of frames are incomplete: .*a/1': frame 'f_2.jpg' is missing.* 'f_4.jpg'",
        ),
        (
            ('a/1/f_0.jpg', 'a/2/f_0.jpg'),
            ('--filename-tmpl', 'f_{}.jpg', '--start', 1),
            "2 folders of frames are incomplete: .*no frame 'f_1.jpg' in it.* 0 to 0",
        ),
        (('a/1.mp4', 'a/2.mp4'), ('--filename-tmpl', 'i.jpg'), 'place for the number'),
        (('a/1\n.mp4',), (), 'line breaks'),
    ],
)
def test_bad_input_is_one_line(
    names: tuple[str, ...],
    words: tuple[object, ...],
    reason: str,
    call: Any,
    tmp_path: Path,
) -> None:
    touch(tmp_path / 'videos', *names)
    captured = call(tmp_path / 'videos', tmp_path / 'out', *words)
    assert captured.code == 1
    assert not captured.out and captured.err.count('\n') == 1
    assert re.search(reason, captured.err)
    assert not (tmp_path / 'out').exists()


def test_lists_are_not_replaced_unasked(call: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'val.csv').write_text('mine')
    assert call(folder, tmp_path / 'out').code == 1
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['val.csv']
    assert call(folder, tmp_path / 'out', '--overwrite').code == 0
    assert (tmp_path / 'out' / 'val.csv').read_text() != 'mine'


@given(st.integers(3, 500), st.lists(st.floats(0.01, 1), min_size=1, max_size=3))
def test_counts_add_up_and_follow_the_shares(total: int, weights: list[float]) -> None:
    shares = [weight / sum(weights) for weight in weights]
    counts = split_counts(total, shares)
    assert sum(counts) == total and min(counts) >= 1
    for count, share in zip(counts, shares, strict=True):
        assert abs(count - total * share) < len(shares)
