"""Contract: `init.py` makes a data set of boxes for training, or explains a failure in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine import Config

from mmvideomae.datasets import ActionBoxDataset
from mmvideomae.formats.box_annotations import read_boxes
from mmvideomae.formats.label_maps import read_label_map
from mmvideomae.formats.proposals import read_proposals
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.preparation.boxes.check import check_sets, sets_of
from tests.support.videos import numbered_frames, write_video

HEADER = 'video,second,x1,y1,x2,y2,label,person\n'
LINES = [
    'a.mp4,0,0.1,0.1,0.5,0.5,run,ann',
    'a.mp4,0,0.1,0.1,0.5,0.5,wave,ann',
    'a.mp4,0,0.5,0.5,0.9,0.9,run,bob',
    'a.mp4,1.5,0.2,0.1,0.6,0.5,sit,bob',
    'deep/b,1,0.5,0.5,0.9,0.9,sit,',
    'c,1,0.25,0.5,0.75,1,run,1',
]
VIDEOS = ('--videos', 'videos')


@pytest.fixture
def boxes(put: Callable[..., Path], tmp_path: Path) -> Path:
    """Boxes in three videos of two seconds."""
    for name in ('a', 'deep/b', 'c'):
        write_video(tmp_path / 'videos' / f'{name}.mp4', numbered_frames(20, 32, 48), fps=10)
    return put('boxes.csv', HEADER + '\n'.join(LINES) + '\n')


def _rows(out: Path) -> list[tuple[Any, ...]]:
    return sorted(row[:5] for split in ('train', 'val') for row in read_boxes(out / f'{split}.csv'))


def test_a_plain_csv_becomes_a_data_set(
    tool: Callable[..., Any], boxes: Path, tmp_path: Path
) -> None:
    done = tool('ava/init.py', 'boxes.csv', 'my out', *VIDEOS, '--json')
    assert done.code == 0 and done.err == ''
    out = tmp_path / 'my out'
    assert {path.name for path in out.iterdir()} == {
        *('train.csv', 'val.csv', 'train_proposals.pkl', 'val_proposals.pkl'),
        *('label_map.pbtxt', 'videos.csv', 'config.py'),
    }
    assert read_label_map(out / 'label_map.pbtxt').names == {1: 'run', 2: 'sit', 3: 'wave'}
    assert _rows(out) == [
        ('a', 0.0, (0.1, 0.1, 0.5, 0.5), 1, 1),
        ('a', 0.0, (0.1, 0.1, 0.5, 0.5), 3, 1),
        ('a', 0.0, (0.5, 0.5, 0.9, 0.9), 1, 2),
        ('a', 1.5, (0.2, 0.1, 0.6, 0.5), 2, 2),
        ('c', 1.0, (0.25, 0.5, 0.75, 1.0), 1, 1),
        ('deep/b', 1.0, (0.5, 0.5, 0.9, 0.9), 2, None),
    ]
    assert (out / 'videos.csv').read_text().splitlines()[1:] == [
        'a,../videos/a.mp4,0,10',
        'c,../videos/c.mp4,0,10',
        'deep/b,../videos/deep/b.mp4,0,10',
    ]
    found = done.summary
    assert found['videos']['val'] == 1 and sum(found['labels'].values()) == 6
    assert sum(found['boxes'].values()) == 5 and sum(found['key_frames'].values()) == 4
    assert found['next'] == [
        "mmvideomae data check-boxes 'my out/config.py'",
        "mmvideomae train 'my out/config.py'",
        "mmvideomae test 'my out/config.py' 'work_dirs/my out'/best_*.pth",
    ]
    proposals = {
        moment: frames
        for split in ('train', 'val')
        for moment, frames in read_proposals(out / f'{split}_proposals.pkl').items()
    }
    np.testing.assert_allclose(
        proposals['a', 0.0], [[0.1, 0.1, 0.5, 0.5, 1], [0.5, 0.5, 0.9, 0.9, 1]]
    )
    assert len(proposals) == 4


def test_the_config_trains_on_what_was_made(
    tool: Callable[..., Any], boxes: Path, tmp_path: Path
) -> None:
    assert tool('ava/init.py', 'boxes.csv', 'out', *VIDEOS).code == 0
    cfg = Config.fromfile(tmp_path / 'out' / 'config.py')
    assert cfg.model.roi_head.bbox_head.num_classes == 3
    assert cfg.train_dataloader.drop_last is False  # fewer key frames than a batch
    reports = check_sets(sets_of(cfg))
    assert [report.name for report in reports] == ['train', 'val and test']
    assert [report.number('error') for report in reports] == [0, 0]
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        settings = dict(loader.dataset)
        assert settings.pop('type') == 'ActionBoxDataset'
        dataset = ActionBoxDataset(**settings)
        sample = dataset[0]
        assert sample['inputs'].ndim == 5
        assert sample['data_samples'].gt_instances.labels.shape[1] == 3


def test_the_table_finds_the_videos_from_anywhere(
    tool: Callable[..., Any], boxes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, and also where the folder of the data set is a link to another one."""
    (tmp_path / 'far' / 'away').mkdir(parents=True)
    (tmp_path / 'linked').symlink_to(tmp_path / 'far' / 'away')
    assert tool('ava/init.py', 'boxes.csv', 'linked/out', *VIDEOS).code == 0
    monkeypatch.chdir(tmp_path / 'far')
    place = VideoPlaces(table='../linked/out/videos.csv').find('deep/b', 1.0)
    assert place is not None
    assert Path(place['filename']).samefile(tmp_path / 'videos' / 'deep' / 'b.mp4')


def test_what_stands_there_stays_unless_told(
    tool: Callable[..., Any], boxes: Path, put: Callable[..., Path], tmp_path: Path
) -> None:
    put('out/notes.txt', 'mine')
    assert tool('ava/init.py', 'boxes.csv', 'out', *VIDEOS).code == 0
    before = (tmp_path / 'out' / 'train.csv').read_text()
    again = tool('ava/init.py', 'boxes.csv', 'out', *VIDEOS, '--seed', 1)
    assert again.code == 1 and 'replace with --overwrite' in again.err
    assert (tmp_path / 'out' / 'train.csv').read_text() == before
    seeds = [before]
    for seed in range(1, 6):
        words = ('boxes.csv', 'out', *VIDEOS, '--seed', seed, '--overwrite')
        assert tool('ava/init.py', *words).code == 0
        seeds.append((tmp_path / 'out' / 'train.csv').read_text())
    assert len(set(seeds)) > 1
    assert (tmp_path / 'out' / 'notes.txt').read_text() == 'mine'
    put('own/train.csv', boxes.read_text())
    own = tool('ava/init.py', 'own/train.csv', 'own', *VIDEOS, '--overwrite')
    assert own.code == 1 and 'own/train.csv would be overwritten' in own.err


def test_a_second_file_is_validated_on(
    tool: Callable[..., Any], boxes: Path, put: Callable[..., Path], tmp_path: Path
) -> None:
    put('val.csv', 'c,0,0.1,0.1,0.5,0.5,jump\n')
    done = tool('ava/init.py', 'boxes.csv', 'out', '--val', 'val.csv', *VIDEOS, '--json')
    assert done.code == 0
    assert done.summary['labels'] == {'train': 6, 'val': 1}
    names = read_label_map(tmp_path / 'out' / 'label_map.pbtxt').names
    assert names == {1: 'jump', 2: 'run', 3: 'sit', 4: 'wave'}
    put('val.csv', 'c,1,0.1,0.1,0.5,0.5,run\n')
    done = tool('ava/init.py', 'boxes.csv', 'out', '--val', 'val.csv', *VIDEOS, '--overwrite')
    assert done.code == 1 and "share 1 key frames, such as second 1 of 'c'" in done.err


def test_pixels_numbers_class_files_and_start_seconds(
    tool: Callable[..., Any], boxes: Path, put: Callable[..., Path], tmp_path: Path
) -> None:
    put('pixels.csv', 'a,901,12,8,48.5,32,2\nc,900,0,0,24,16,4\nc,900,0,0,24,16,4\n')
    put('classes.txt', 'run\nsit\nwave\njump\n')
    words = ('pixels.csv', 'out', *VIDEOS, '--pixels', '--start-second', 900)
    done = tool('ava/init.py', *words)
    assert done.code == 0 and '1 repeated lines were left out' in done.out
    out = tmp_path / 'out'
    assert read_label_map(out / 'label_map.pbtxt').names == {2: 'class 2', 4: 'class 4'}
    assert Config.fromfile(out / 'config.py').model.roi_head.bbox_head.num_classes == 4
    assert [row[:4] for row in _rows(out)] == [
        ('a', 901.0, (0.25, 0.25, 1.0, 1.0), 2),
        ('c', 900.0, (0.0, 0.0, 0.5, 0.5), 4),
    ]
    assert 'a,../videos/a.mp4,900,10' in (out / 'videos.csv').read_text()
    assert tool('ava/init.py', *words, '--classes', 'classes.txt', '--overwrite').code == 0
    assert len(read_label_map(out / 'label_map.pbtxt').names) == 4
    again = ('--classes', 'out/label_map.pbtxt')
    assert tool('ava/init.py', 'pixels.csv', 'new', *VIDEOS, *words[4:], *again).code == 0
    assert read_label_map(tmp_path / 'new' / 'label_map.pbtxt').names[2] == 'sit'


def test_coco_and_folders_of_frames(
    tool: Callable[..., Any], put: Callable[..., Path], tmp_path: Path
) -> None:
    for name in 'ab':
        (tmp_path / 'frames' / name).mkdir(parents=True)
        for number in range(1, 9):
            picture = np.full((20, 40, 3), 20 * number, np.uint8)
            cv2.imwrite(str(tmp_path / 'frames' / name / f'{number:03}.png'), picture)
    content = {
        'images': [
            {'id': 1, 'file_name': 'a/003.png'},
            {'id': 2, 'file_name': 'b/001.png', 'width': 40, 'height': 20},
        ],
        'annotations': [
            {'image_id': 1, 'bbox': [10, 5, 10, 5], 'category_id': 0, 'person': 'x'},
            {'image_id': 1, 'bbox': [10, 5, 10, 5], 'category_id': 1, 'person': 'x'},
            {'image_id': 2, 'bbox': [0, 0, 40, 20], 'category_id': 1},
        ],
        'categories': [{'id': 0, 'name': 'run'}, {'id': 1, 'name': 'sit'}],
    }
    put('coco.json', json.dumps(content))
    words = ('--videos', 'frames', '--filename-tmpl', '{:03}.png', '--fps', 4)
    done = tool('ava/init.py', 'coco.json', 'out', *words)
    assert done.code == 0, done.err
    out = tmp_path / 'out'
    assert _rows(out) == [
        ('a', 0.5, (0.25, 0.25, 0.5, 0.5), 1, 1),
        ('a', 0.5, (0.25, 0.25, 0.5, 0.5), 2, 1),
        ('b', 0.0, (0.0, 0.0, 1.0, 1.0), 2, None),
    ]
    cfg = Config.fromfile(out / 'config.py')
    assert [report.number('error') for report in check_sets(sets_of(cfg))] == [0, 0]
    settings = dict(cfg.test_dataloader.dataset)
    settings.pop('type')
    assert ActionBoxDataset(**settings)[0]['inputs'].shape[1] == 8


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (
            'd,1,0.1,0.1,0.5,0.5,run',
            'boxes.csv:8: 1 of 4 videos are not below videos',
        ),
        ('a,1,0.1,0.1,0.5,0.5,0', "boxes.csv:8: label '0', and 'run' in boxes.csv:2"),
        ('a,2,0.1,0.1,0.5,0.5,run', 'boxes.csv:8: second 2 is outside the video a.mp4'),
        ('a,1,0.1,0.1,5,0.5,run', 'boxes.csv:8: box 0.1,0.1,5,0.5 is outside [0, 1]'),
        ('a,1,0.1,0.1,5,0.5,run', '(--pixels reads pixels)'),
        ('a,1,0.5,0.1,0.1,0.5,run', 'boxes.csv:8: box 0.5,0.1,0.1,0.5 is swapped'),
        ('a,1,0.5,0.1,0.5,0.5,run', 'boxes.csv:8: box 0.5,0.1,0.5,0.5 has no area'),
        ('a,1,0.5,0.1,0.5,0.5', 'boxes.csv:8: 6 fields'),
    ],
)
def test_wrong_lines_end_in_one_line(
    tool: Callable[..., Any], boxes: Path, tmp_path: Path, line: str, message: str
) -> None:
    boxes.write_text(f'{boxes.read_text()}{line}\n')
    done = tool('ava/init.py', 'boxes.csv', 'out', *VIDEOS)
    assert done.code == 1 and done.out == ''
    assert message in done.err and done.err.count('\n') == 1
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('missing.csv', 'out', *VIDEOS), 'missing.csv'),
        (('boxes.csv', 'out', '--videos', 'nowhere'), 'not found: nowhere in '),
        (('boxes.csv', 'out', *VIDEOS, '--val-share', 1), 'must be in (0, 1)'),
        (('boxes.csv', 'out', *VIDEOS, '--base', 'x.py'), 'config not found: x.py'),
        (
            ('boxes.csv', 'out', *VIDEOS, '--base', 'boxes.csv'),
            'boxes.csv is not a config',
        ),
        (('boxes.csv', 'out', *VIDEOS, '--base', 'other.py'), 'not the config of a detector'),
        (('boxes.csv', 'out', *VIDEOS, '--pixels'), 'no box reaches beyond the first pixel'),
        (('boxes.csv', 'out', *VIDEOS, '--classes', 'two.txt'), "label 'wave' is none of the 2"),
        (('boxes.csv', 'out', *VIDEOS, '--filename-tmpl', 'x_{}.jpg'), 'need both'),
        (('one.csv', 'out', *VIDEOS), "all boxes are of one video, 'a'"),
        (('zero.csv', 'out', *VIDEOS), 'zero.csv:1: label 0: numbers start at 1'),
    ],
)
def test_wrong_input_ends_in_one_line(
    tool: Callable[..., Any],
    boxes: Path,
    put: Callable[..., Path],
    tmp_path: Path,
    words: tuple[object, ...],
    message: str,
) -> None:
    put('other.py', "model = dict(type='Recognizer3D')\n")
    put('two.txt', 'run\nsit\n')
    put('one.csv', f'{LINES[0]}\n{LINES[3]}\n')
    put('zero.csv', 'a,1,0.1,0.1,0.5,0.5,0\nc,1,0.1,0.1,0.5,0.5,1\n')
    done = tool('ava/init.py', *words)
    assert done.code == 1 and message in done.err and done.err.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_a_video_whose_name_looks_the_same_is_told(
    tool: Callable[..., Any], boxes: Path, tmp_path: Path
) -> None:
    (tmp_path / 'videos' / 'c.mp4').rename(tmp_path / 'videos' / 'u\u0308.mp4')
    boxes.write_text(boxes.read_text().replace('\nc,', '\n\u00fc,'))
    done = tool('ava/init.py', 'boxes.csv', 'out', *VIDEOS)
    assert done.code == 1 and 'other Unicode forms of its letters' in done.err


def test_names_that_fit_several_videos_are_refused(
    tool: Callable[..., Any], boxes: Path, put: Callable[..., Path], tmp_path: Path
) -> None:
    videos = tmp_path / 'videos'
    (videos / 'other').mkdir()
    (videos / 'other' / 'b.mp4').write_bytes((videos / 'c.mp4').read_bytes())
    put('two.csv', 'b,1,0.1,0.1,0.5,0.5,run\nc,1,0.1,0.1,0.5,0.5,run\n')
    done = tool('ava/init.py', 'two.csv', 'out', *VIDEOS)
    assert done.code == 1
    assert "two.csv:1: several videos below videos have the name 'b' (deep/b.mp4, other/b.mp4)" in (
        done.err
    )
    assert tool('ava/init.py', 'boxes.csv', 'out', *VIDEOS).code == 0  # there it is a path
    (videos / 'a.avi').write_bytes((videos / 'c.mp4').read_bytes())
    put('two.csv', 'a.avi,1,0.1,0.1,0.5,0.5,run\na.mp4,1,0.1,0.1,0.5,0.5,run\n')
    done = tool('ava/init.py', 'two.csv', 'new', *VIDEOS)
    assert done.code == 1 and 'differ only in their extensions' in done.err
