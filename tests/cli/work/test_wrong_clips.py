"""Contract: a page of wrong clips has the tested part of each video, as browsers play it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmvideomae.cli.work.wrong_clips import choose_clips, write_page
from mmvideomae.formats.result_files import Results
from mmvideomae.video.readers import open_reader
from tests.support.videos import moving_shapes, write_video


def record(path: Path, **more: Any) -> dict[str, Any]:
    return {'filename': str(path), 'video_id': path.stem, 'total_frames': -1, **more}


def test_each_confusion_gives_its_most_confident_clip_first() -> None:
    labels, predicted = np.array([0, 0, 0, 1, 1, -1]), np.array([1, 1, 1, 0, 1, 0])
    confidence = np.array([0.5, 0.9, 0.7, 0.6, 0.99, 0.98])
    assert choose_clips(labels, predicted, confidence, 9) == [1, 3, 2, 0]
    assert choose_clips(labels, predicted, confidence, 2) == [1, 3]


def test_parts_folders_copies_and_unreadable_videos(tmp_path: Path) -> None:
    source = tmp_path / 'source'
    whole = write_video(source / 'whole.mp4', moving_shapes(8, 48, 64), fps=10)
    other = write_video(source / 'other.avi', moving_shapes(8, 48, 64), fps=10, codec='mpeg4')
    for number, frame in enumerate(moving_shapes(6, 40, 40), 1):
        (source / 'frames').mkdir(exist_ok=True)
        cv2.imwrite(str(source / f'frames/{number:03}.jpg'), frame)
    records = [
        record(whole),
        record(other),
        record(whole, start_index=2, total_frames=4),
        record(source / 'frames', start_index=2, total_frames=3, filename_tmpl='{:03}.jpg', fps=5),
        record(source / 'gone.mp4'),
        record(whole, start_index=20),
        record(whole),
    ]
    # The last one is right; the others are wrong by ever less.
    scores = np.array([[0.0, 9.0 - number] for number in range(6)] + [[0.0, 1.0]], np.float32)
    scores[4, 0] = -np.inf
    results = Results(scores, np.array([0] * 6 + [1]))
    out = tmp_path / 'out'
    (out / 'clips').mkdir(parents=True)
    (out / 'clips' / '00099.mp4').touch()
    page = write_page(out, results, records, ['a', 'b'], 'title', 9, probabilities=False)
    assert page == out / 'index.html'
    assert sorted(path.name for path in (out / 'clips').iterdir()) == [
        f'0000{number}.mp4' for number in range(4)
    ]  # fmt: skip
    assert (out / 'clips/00000.mp4').read_bytes() == whole.read_bytes()
    lengths = []
    for number in range(4):
        with open_reader(out / f'clips/0000{number}.mp4') as reader:
            lengths.append(len(reader))
    assert lengths == [8, 8, 4, 3]
    text = page.read_text()
    assert 'no such file' in text and 'its clip begins at frame 20 of 8' in text
    assert '<b>100 %</b>' in text and '6 of 7 clips are wrong' in text
