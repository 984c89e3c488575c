"""Contract: a motion data set depends only on its settings, and is balanced and complete."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from mmvideomae.synthetic.motion_dataset import (
    SETTINGS_FILE,
    UNFINISHED_FILE,
    ActionsSettings,
    list_clips,
    make_clip,
    write_actions,
)

SMALL = ActionsSettings(
    clips={'train': 4, 'val': 2, 'unlabelled': 3}, classes=2, size=(32, 48), frames=6
)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file()}


def test_files_are_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    written = list(write_actions(tmp_path / 'one', SMALL, workers=1))
    assert len(written) == 9
    assert list(write_actions(tmp_path / 'two', SMALL, workers=2)) == written
    assert _files(tmp_path / 'one') == _files(tmp_path / 'two')


def test_videos_lists_and_names(tmp_path: Path) -> None:
    list(write_actions(tmp_path, SMALL))
    assert (tmp_path / 'train.csv').read_text().splitlines() == [
        'videos/train/move_right_00000.mp4 0',
        'videos/train/move_left_00001.mp4 1',
        'videos/train/move_right_00002.mp4 0',
        'videos/train/move_left_00003.mp4 1',
    ]
    unlabelled = [f'videos/unlabelled/{i:05d}.mp4' for i in range(3)]
    assert (tmp_path / 'unlabelled.csv').read_text().splitlines() == unlabelled
    pretrain = (tmp_path / 'pretrain.csv').read_text().splitlines()
    assert len(pretrain) == 7 and pretrain[-3:] == unlabelled and ' ' not in pretrain[0]
    assert not (tmp_path / 'test.csv').exists()
    assert (tmp_path / 'classes.txt').read_text().splitlines() == ['move_right', 'move_left']
    with av.open(str(tmp_path / pretrain[0])) as video:
        stream = video.streams.video[0]
        assert stream.codec_context.name == 'h264' and stream.average_rate == 25
        frames = np.stack([frame.to_ndarray(format='rgb24') for frame in video.decode(stream)])
    clip = make_clip(list_clips(SMALL)[0], SMALL)
    assert frames.shape == clip.shape == (6, 32, 48, 3)
    assert np.abs(frames.astype(int) - clip).mean() < 6  # what H.264 and its chroma lose


def test_larger_dataset_starts_with_the_smaller_one() -> None:
    larger = replace(SMALL, clips={'train': 6, 'val': 2, 'unlabelled': 3})
    for clip in list_clips(SMALL):
        np.testing.assert_array_equal(make_clip(clip, SMALL), make_clip(clip, larger))
    other = replace(SMALL, seed=1)
    first = list_clips(SMALL)[0]
    assert (make_clip(first, SMALL) != make_clip(first, other)).any()


def test_splits_do_not_share_clips() -> None:
    firsts = [c for c in list_clips(SMALL) if c.number == 0]
    pictures = {make_clip(clip, SMALL).tobytes() for clip in firsts}
    assert len(pictures) == len(firsts) == 3


def test_unfinished_dataset_is_marked(tmp_path: Path) -> None:
    clips = write_actions(tmp_path, SMALL)
    next(clips)
    assert (tmp_path / UNFINISHED_FILE).is_file() and not (tmp_path / SETTINGS_FILE).exists()
    list(clips)
    assert (tmp_path / SETTINGS_FILE).is_file() and not (tmp_path / UNFINISHED_FILE).exists()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'classes': 13}, 'must be 1 to 12, got 13'),
        ({'clips': {'trian': 3}}, "'trian'"),
        ({'clips': {'train': 0}}, 'no clips'),
        ({'size': (33, 48)}, 'even'),
        ({'frames': 1}, 'frames 1'),
        ({'seed': -1}, 'seed -1'),
    ],
)
def test_impossible_settings_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)
