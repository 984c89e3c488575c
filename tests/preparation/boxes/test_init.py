"""Contract: frame numbers of boxes become the times at which the video shows these frames."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import read_boxes
from mmvideomae.preparation.boxes.files import InitSettings
from mmvideomae.preparation.boxes.init import prepare_boxes
from mmvideomae.preparation.boxes.sources import read_source
from mmvideomae.preparation.lists.make_annotations import FrameNames
from tests.support.videos import numbered_frames, write_video

BASE = Path(__file__).parents[3] / 'configs/_base_/models/detector_vit-tiny-p8.py'
# 20 frames in the first second, then 2 a second until second 11: 3.64 on average.
TIMES = np.concatenate([np.arange(20) / 20, 1 + np.arange(20) / 2])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ('a', 'b'):
        write_video(
            tmp_path / f'videos/{name}.mkv', numbered_frames(40), fps=2, seconds=TIMES.tolist()
        )
    return tmp_path


def _seconds(folder: Path, images: list[dict[str, Any]], fps: float | None = None) -> list[float]:
    """Seconds of the boxes of these images, and of one in another video."""
    images = [*images, {'video': 'b', 'frame': 0}]
    content = {
        'images': [{'id': n, 'width': 64, 'height': 64, **each} for n, each in enumerate(images)],
        'annotations': [
            {'image_id': n, 'bbox': [5, 5, 20, 20], 'category_id': 1} for n in range(len(images))
        ],
        'categories': [{'id': 1, 'name': 'run'}],
    }
    (folder / 'boxes.json').write_text(json.dumps(content))
    settings = InitSettings(out=folder / 'out', videos=folder / 'videos', base=BASE, overwrite=True)
    prepare_boxes(read_source(folder / 'boxes.json', fps=fps), None, settings)
    rows = [row for split in ('train', 'val') for row in read_boxes(folder / f'out/{split}.csv')]
    return sorted(row.second for row in rows if row.video_id == 'a')


def test_frames_of_the_video_have_its_times(folder: Path) -> None:
    images = [{'video': 'a', 'frame': frame} for frame in (0, 19, 20, 30, 39)]
    wanted = pytest.approx([0, 0.95, 1, 6, 10.5], abs=2e-3)
    assert _seconds(folder, images) == wanted
    assert _seconds(folder, images, fps=40 / 11) == wanted  # they are the video's own, as it says


def test_frames_that_were_taken_at_another_rate_have_its_times(folder: Path) -> None:
    images = [{'video': 'a', 'frame': frame, 'fps': 2} for frame in (0, 1, 21)]
    assert _seconds(folder, images) == [0, 0.5, 10.5]


def test_the_video_lasts_until_its_last_frame_disappears(folder: Path) -> None:
    assert _seconds(folder, [{'video': 'a', 'second': 10.9}]) == [10.9]
    with pytest.raises(AnnotationError, match=r'lasts from second 0 to 11\.00'):
        _seconds(folder, [{'video': 'a', 'second': 11.1}])
    with pytest.raises(AnnotationError, match=r'frame 40 .*lasts from second 0 to 11\.00'):
        _seconds(folder, [{'video': 'a', 'frame': 40}])


@pytest.mark.parametrize('first', [0, 1, 12])
def test_frame_files_count_from_the_first_in_their_folder(first: int, tmp_path: Path) -> None:
    for video in ('a', 'b'):
        (tmp_path / video).mkdir()
        for number, frame in enumerate(numbered_frames(20), first):
            cv2.imwrite(str(tmp_path / video / f'img_{number:05}.jpg'), frame)
    content = {
        'images': [
            {'id': n, 'file_name': f'{video}/img_{first + 5:05}.jpg', 'width': 64, 'height': 64}
            for n, video in enumerate('ab')
        ],
        'annotations': [
            {'image_id': n, 'bbox': [5, 5, 20, 20], 'category_id': 1} for n in range(2)
        ],
        'categories': [{'id': 1, 'name': 'run'}],
    }
    (tmp_path / 'boxes.json').write_text(json.dumps(content))
    settings = InitSettings(
        out=tmp_path / 'out',
        videos=tmp_path,
        base=BASE,
        frames=FrameNames('img_{:05}.jpg'),
        fps=10,
    )
    prepare_boxes(read_source(tmp_path / 'boxes.json'), None, settings)
    rows = [row for name in ('train', 'val') for row in read_boxes(tmp_path / f'out/{name}.csv')]
    assert [row.second for row in rows] == [0.5, 0.5]
    assert f'start_index={first}' in (tmp_path / 'out/config.py').read_text().replace(' ', '')
