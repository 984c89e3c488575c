"""Write the files of prepared segments."""

import json
import os
from pathlib import Path
from typing import Any

from mmvideomae.formats.list_lines import check_absent, list_line, write_lines
from mmvideomae.preparation.lists.make_annotations import tell_older
from mmvideomae.preparation.segments.prepare import LISTS, FoundVideo, Prepared


def write_prepared(
    prepared: Prepared, out: str | os.PathLike[str], overwrite: bool = False
) -> list[Path]:
    """Write ``annotation.json``, ``classes.txt``, and a list of the segments for each subset.

    The JSON file has ActivityNet's format.  The lists, ``train.csv`` and ``val.csv`` with lines
    ``path start total label`` in frames, are clips for a classifier; a subset without segments
    has no list, nor have features.

    Raises:
        AnnotationError: A file exists already.
    """
    out = Path(out)
    lists = {out / name: _clips(prepared, subset) for subset, name in LISTS.items()}
    texts = {out / 'classes.txt': list(prepared.classes)}
    texts.update({path: lines for path, lines in lists.items() if lines})
    layout = {
        'version': 'own',
        'database': {v.annotation.video_id: _entry(v) for v in prepared.videos},
    }
    texts[out / 'annotation.json'] = json.dumps(layout, indent=1).splitlines()
    check_absent(texts, overwrite)
    for path, lines in texts.items():
        write_lines(path, lines)
    tell_older(out, texts)
    return list(texts)


def _entry(video: FoundVideo) -> dict[str, Any]:
    """The entry in ActivityNet's format."""
    told = video.annotation
    entry = {
        'subset': told.subset,
        'duration': round(told.duration or 0, 4),
        'fps': told.fps,
        'annotations': [
            {'segment': list(segment), 'label': label}
            for segment, label in zip(told.segments, told.labels, strict=True)
        ],
    }
    return {key: value for key, value in entry.items() if value is not None}


def _clips(prepared: Prepared, subset: str) -> list[str]:
    """A line for each segment of a subset."""
    lines = []
    numbers = {name: number for number, name in enumerate(prepared.classes)}
    for video in prepared.videos if prepared.kind == 'video' else ():
        told = video.annotation
        if told.subset != subset:
            continue
        for (first, total), label in zip(video.clips, told.labels, strict=True):
            lines.append(list_line(video.path, (first, total, numbers[label])))
    return lines
