"""Gather the wrong clips of a test, for ``mmvideomae test --page``."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from mmvideomae.analysis.compare_results import confusion_counts
from mmvideomae.cli.tool import watched
from mmvideomae.formats.result_files import Results
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream, FolderStream
from mmvideomae.video.writer import VideoWriteError
from mmvideomae.visualization.browser_video import browser_video
from mmvideomae.visualization.wrong_clips import WrongClip, write_wrong_clips

_CLIPS = 'clips'
_LONGEST, _MOST_BYTES = 480, 4 * 2**20


def write_page(
    folder: Path,
    results: Results,
    records: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    title: str,
    most: int,
    probabilities: bool,
) -> Path:
    """Write FOLDER/index.html, and FOLDER/clips with the clips that it plays.

    Args:
        records: The records of the data set, one for each result.
        names: Names of the classes.
        most: The most clips to show.
        probabilities: Whether scores are probabilities; otherwise their softmax is.
    """
    shares = results.scores if probabilities else softmax(results.scores, axis=1)
    # The class of a video that could not be read is a guess, which comes last.
    shares = np.where(np.isfinite(results.scores).all(1, keepdims=True), shares, 0)
    predicted = results.scores.argmax(1)
    (folder / _CLIPS).mkdir(parents=True, exist_ok=True)
    for old in (folder / _CLIPS).glob('[0-9]*.*'):
        old.unlink()
    clips = []
    chosen = choose_clips(results.labels, predicted, shares.max(1), most)
    for number, place in enumerate(watched(chosen, 'clips of the page')):
        record, truth, guess = records[place], int(results.labels[place]), int(predicted[place])
        video, note = _playable(record, folder / _CLIPS / f'{number:05}.mp4')
        clips.append(
            WrongClip(
                str(record.get('video_id') or record['filename']),
                truth,
                guess,
                float(shares[place, guess]),
                float(shares[place, truth]),
                video and f'{_CLIPS}/{video}',
                note,
            )
        )
    counts = confusion_counts(results.scores, results.labels)
    return write_wrong_clips(folder / 'index.html', clips, counts, names, title)


def choose_clips(
    labels: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, most: int
) -> list[int]:
    """Places of at most so many wrong clips.

    Each confusion gives its most confident clip first, then its second, and so on.
    """
    wrong = np.flatnonzero((labels >= 0) & (labels != predicted))
    wrong = wrong[np.argsort(-confidence[wrong], kind='stable')]
    seen: dict[tuple[int, int], int] = {}
    ranks = []
    for place in wrong.tolist():
        pair = int(labels[place]), int(predicted[place])
        seen[pair] = seen.get(pair, -1) + 1
        ranks.append(seen[pair])
    return wrong[np.argsort(ranks, kind='stable')][:most].tolist()


def _playable(record: Mapping[str, Any], copy: Path) -> tuple[str | None, str]:
    """The name of a clip that browsers can play, or None and the reason."""
    try:
        stream, part = _opened(record)
        with stream:
            video = browser_video(stream, copy, _LONGEST, _MOST_BYTES, frames=part)
    except (VideoReadError, VideoWriteError) as error:
        return None, str(error)
    if video != copy:
        copy = copy.with_suffix(video.suffix)
        shutil.copyfile(video, copy)
    return copy.name, ''


def _opened(record: Mapping[str, Any]) -> tuple[FileStream | FolderStream, range | None]:
    """The video of a record, and the part of it that the record means."""
    path, total = record['filename'], record.get('total_frames', -1)
    if record.get('filename_tmpl'):
        where = record['filename_tmpl'], record.get('start_index'), total if total > 0 else None
        return FolderStream(path, *where, fps=record.get('fps', 25.0)), None
    stream = FileStream(path)
    start = record.get('start_index', 0)
    stop = min(start + total, len(stream)) if total > 0 else len(stream)
    if start >= stop:
        raise VideoReadError(path, f'its clip begins at frame {start} of {len(stream)}')
    return stream, None if (start, stop) == (0, len(stream)) else range(start, stop)


def records_of(dataset: Any) -> Iterator[Mapping[str, Any]]:
    """The records of a data set, in its order."""
    return (dataset.get_data_info(number) for number in range(len(dataset)))
