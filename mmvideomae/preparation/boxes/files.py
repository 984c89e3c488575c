"""Write the files of a data set of boxes in AVA's format, and a config for them."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine import Config

from mmvideomae.formats.box_annotations import Box, BoxLabel, KeyFrame, write_boxes
from mmvideomae.formats.label_maps import write_label_map
from mmvideomae.formats.list_lines import write_lines
from mmvideomae.formats.proposals import write_proposals
from mmvideomae.preparation.boxes.videos import SourceVideo
from mmvideomae.preparation.lists.make_annotations import FrameNames

SPLITS = ('train', 'val')
FILES = (
    *(f'{split}.csv' for split in SPLITS),
    *(f'{split}_proposals.pkl' for split in SPLITS),
    'label_map.pbtxt',
    'videos.csv',
    'config.py',
)


@dataclass(frozen=True)
class InitSettings:
    """Settings for making a data set from boxes.

    Args:
        out: Folder to write.
        videos: Folder of the videos, possibly in sub-folders.
        base: Config of a detector on which the new one is based.
        classes: File of class names (one per line, or a label map), if the boxes do not name them.
        val_share: Share of the videos for validation, if there is no second file for that.
        seed: Seed of the split.
        start_second: Time of the first frame of every video.
        frames: Names of frames, if videos are folders of frames.
        fps: Frames per second in such folders.
        overwrite: Replace existing files in ``out``.
    """

    out: Path
    videos: Path
    base: Path
    classes: Path | None = None
    val_share: float = 0.2
    seed: int = 0
    start_second: float = 0.0
    frames: FrameNames | None = None
    fps: float | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.val_share < 1:
            raise ValueError(f'the share of videos for val must be in (0, 1), got {self.val_share}')
        if (self.frames is None) != (self.fps is None) or (self.fps is not None and self.fps <= 0):
            raise ValueError(
                'folders of frames need both the names of the frames and a positive number of '
                f'frames per second, got {self.frames} and {self.fps}'
            )


def write_files(
    lists: Mapping[str, Sequence[BoxLabel]],
    classes: Mapping[int, str],
    videos: Sequence[SourceVideo],
    settings: InitSettings,
    base: Config,
) -> None:
    """Write ``FILES``.

    Args:
        lists: Rows keyed by split.
        classes: Names keyed by id.
        videos: The videos in the rows.
        base: Base of the config.
    """
    out = settings.out
    out.mkdir(parents=True, exist_ok=True)
    for split, rows in lists.items():
        write_boxes(out / f'{split}.csv', rows)
        write_proposals(out / f'{split}_proposals.pkl', _true_boxes(rows))
    write_label_map(out / 'label_map.pbtxt', dict(classes))
    write_lines(out / 'videos.csv', _table(videos, settings))
    batch = base.get('train_dataloader', {}).get('batch_size', 1)
    few = len({row[:2] for row in lists['train']}) < batch
    firsts = {video.first for video in videos} if settings.frames else set()
    write_lines(out / 'config.py', _config(classes, settings, few, firsts))


def _true_boxes(rows: Sequence[BoxLabel]) -> dict[KeyFrame, np.ndarray]:
    """Each box of each key frame once, with score 1."""
    moments: dict[KeyFrame, list[Box]] = {}
    for row in rows:
        moments.setdefault((row.video_id, row.second), []).append(row.box)
    return {
        moment: np.array([(*box, 1.0) for box in dict.fromkeys(boxes)], np.float32)
        for moment, boxes in moments.items()
    }


def _table(videos: Sequence[SourceVideo], settings: InitSettings) -> list[str]:
    """Lines of the table of videos, whose paths are relative to its own folder."""
    folder = os.path.relpath(os.path.realpath(settings.videos), os.path.realpath(settings.out))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['video', 'path', 'start_second', 'fps'])
    for video in videos:
        numbers = settings.start_second, video.clock.fps
        start, fps = (f'{number:.6f}'.rstrip('0').rstrip('.') for number in numbers)
        path = os.path.normpath(os.path.join(folder, video.path))
        writer.writerow([video.video_id, path, start, fps])
    return text.getvalue().splitlines()


def _config(
    classes: Mapping[int, str], settings: InitSettings, few: bool, firsts: set[int]
) -> list[str]:
    """The lines of the config.

    Args:
        firsts: Numbers of the first frames; if they differ, each folder determines its own.
        few: Whether there are fewer key frames for training than in a batch.
    """
    out = settings.out
    videos: dict[str, object] = {'table': str(out / 'videos.csv')}
    if settings.frames is not None:
        videos['filename_tmpl'] = settings.frames.template
        if len(firsts) == 1:
            videos['start_index'] = next(iter(firsts))
    return [
        '# Made by mmvideomae data init-boxes; paths are relative to where commands are run.',
        f'_base_ = [{os.path.relpath(settings.base, out)!r}]',
        '',
        f'label_map = {str(out / "label_map.pbtxt")!r}',
        'videos = dict(',
        *(f'    {key}={value!r},' for key, value in videos.items()),
        ')',
        '',
        f'model = dict(roi_head=dict(bbox_head=dict(num_classes={max(classes)})))',
        'train_dataloader = dict(',
        *(['    drop_last=False,  # there are fewer key frames than a batch'] if few else []),
        '    dataset=dict(',
        f'        ann_file={str(out / "train.csv")!r},',
        '        label_map=label_map,',
        '        videos=videos,',
        '    ),',
        ')',
        '# val_proposals.pkl holds the true boxes; detect_people.py writes those of a detector.',
        'val_dataloader = dict(',
        '    dataset=dict(',
        f'        ann_file={str(out / "val.csv")!r},',
        '        label_map=label_map,',
        f'        proposal_file={str(out / "val_proposals.pkl")!r},',
        '        videos=videos,',
        '    ),',
        ')',
        'test_dataloader = val_dataloader',
    ]
