"""Contract: a folder of synthetic people depends only on its settings and can be read as data."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np

from mmvideomae.formats.annotations import LineFormat, read_list
from mmvideomae.synthetic.motion_dataset import SETTINGS_FILE, UNFINISHED_FILE
from mmvideomae.synthetic.people import PeopleSettings, boxes_of, plan_clip, plan_people, render
from mmvideomae.synthetic.people_dataset import list_files, write_people

SMALL = PeopleSettings(
    videos={'train': 2, 'val': 1}, clips={'train': 3, 'val': 2}, seconds=(2, 3), act_seconds=(1, 2)
)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file()}


def _frames(path: Path) -> np.ndarray:
    with av.open(str(path)) as video:
        return np.stack([frame.to_ndarray(format='rgb24') for frame in video.decode(video=0)])


def test_files_are_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    written = list(write_people(tmp_path / 'one', SMALL, workers=1))
    assert written == list_files(SMALL) and len(written) == 8
    assert list(write_people(tmp_path / 'two', SMALL, workers=2)) == written
    assert _files(tmp_path / 'one') == _files(tmp_path / 'two')


def test_the_folder_reads_as_boxes_videos_and_clips(tmp_path: Path) -> None:
    list(write_people(tmp_path, SMALL))
    classes = (tmp_path / 'classes.txt').read_text().split()
    assert classes == ['move_right', 'move_left', 'move_down', 'move_up']
    for split, videos in SMALL.videos.items():
        with open(tmp_path / f'{split}.csv', newline='') as file:
            rows = list(csv.DictReader(file))
        assert {row['video'] for row in rows} == {f'{split}_{n:04d}' for n in range(videos)}
        for number in range(videos):
            plan, name = plan_people(split, number, SMALL), f'{split}_{number:04d}'
            frames = _frames(tmp_path / 'videos' / f'{name}.mp4')
            drawn = render(plan, SMALL)
            assert frames.shape == drawn.shape
            assert np.abs(frames.astype(int) - drawn).mean() < 6  # what H.264 loses
            mine = iter([row for row in rows if row['video'] == name])
            for second, (boxes, labels) in enumerate(
                zip(boxes_of(plan, SMALL), plan.labels, strict=True), 1
            ):
                for person, (box, label) in enumerate(zip(boxes, labels, strict=True), 1):
                    row = next(mine)
                    assert (row['second'], row['person']) == (str(second), str(person))
                    assert row['label'] == classes[label]
                    edges = [float(row[edge]) for edge in ('x1', 'y1', 'x2', 'y2')]
                    np.testing.assert_allclose(edges, box, atol=1e-5)
            assert next(mine, None) is None
        clips = read_list(
            tmp_path / 'actions' / f'{split}.csv', LineFormat(labelled=True, num_classes=4)
        )
        for number, clip in enumerate(clips):
            assert clip.label == plan_clip(split, number, SMALL).labels[0, 0]
            assert _frames(tmp_path / 'actions' / clip.path).shape == (17, 48, 48, 3)
    settings = json.loads((tmp_path / 'dataset.json').read_text())
    assert settings['kind'] == 'people' and settings['clips'] == {'train': 3, 'val': 2}


def test_an_unfinished_folder_is_marked(tmp_path: Path) -> None:
    files = write_people(tmp_path, replace(SMALL, clips={}))
    next(files)
    assert (tmp_path / UNFINISHED_FILE).is_file() and not (tmp_path / SETTINGS_FILE).exists()
    list(files)
    assert (tmp_path / SETTINGS_FILE).is_file() and not (tmp_path / UNFINISHED_FILE).exists()
    assert not (tmp_path / 'actions').exists()
