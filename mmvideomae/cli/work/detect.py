"""Detect actions of people, for ``mmvideomae detect``."""

import argparse
import json
from pathlib import Path

import numpy as np
from rich.markup import escape
from rich.table import Table

from mmvideomae.apis import ActionDetector, DetectedActions, init_model
from mmvideomae.apis.box_tracks import BoxTracks
from mmvideomae.apis.key_frames import video_name
from mmvideomae.cli.tool import FIXABLE, Told
from mmvideomae.cli.video_work import VideoWork
from mmvideomae.storage import write_text
from mmvideomae.visualization.boxes import Said, ShownBox, draw_boxes
from mmvideomae.visualization.overlay_video import Draw, check_target
from mmvideomae.visualization.timeline import moment


def make(args: argparse.Namespace) -> Told:
    """Detect actions in a video and draw them; a failed drawing does not affect other results."""
    if args.top_k < 1:
        raise ValueError('--top-k must be positive')
    if args.overlay:  # fails before any work is done
        check_target(args.out / f'{video_name(args.video)}.mp4', args.video)
    detector = _detector(args)
    with VideoWork() as work:
        with work.bar(f'key frames of {Path(args.video).name}') as advance:
            found = detector(args.video, progress=advance, start_second=args.start_second)
        found = found.at_least(args.min_score, args.top_k)
        result, base = found.to_dict(), args.out / found.video_id
        files = {'json': f'{base}.json'}
        write_text(Path(files['json']), json.dumps(result, indent=1) + '\n')
        if args.overlay:
            with work.left_out(found.video, FIXABLE):
                stream = detector.open_stream(found.video)
                files['overlay'] = str(work.overlay(stream, f'{base}.mp4', drawn_people(found)))
    text = [people_table(found), f'written: {", ".join(files.values())}']
    failed = work.failed.values()
    return Told({**result, 'files': files}, text, failed, 1 if failed else 0)


def _detector(args: argparse.Namespace) -> ActionDetector:
    """The detector that the options describe."""
    return ActionDetector(
        init_model(args.config, args.checkpoint, args.device, args.cfg_options),
        classes=args.classes,
        people=args.people,
        people_checkpoint=args.people_checkpoint,
        min_box_score=args.min_box_score,
        step_seconds=args.step,
        batch_size=args.batch_size,
        filename_tmpl=args.filename_tmpl,
        fps=args.fps,
    )


def drawn_people(found: DetectedActions) -> Draw:
    """Draws the people visible at a moment, with their actions."""
    tracks = BoxTracks(found)

    def draw(frame: np.ndarray, now: float) -> np.ndarray:
        shown = [
            ShownBox(
                sight.box.tolist(),
                [Said(one.label, one.score) for one in sight.actions],
                sight.person,
            )
            for sight in tracks.at(now)
        ]
        return draw_boxes(frame, shown)

    return draw


def people_table(found: DetectedActions) -> Table:
    """The people of every key frame and their actions."""
    table = Table('time', 'box', 'person', 'actions', box=None)
    for frame in found:
        time = moment(frame.second)
        for box, score, actions in zip(frame.boxes, frame.box_scores, frame.actions, strict=True):
            edges = ' '.join(f'{edge:.0f}' for edge in box)
            said = ', '.join(f'{escape(one.label)} {100 * one.score:.0f} %' for one in actions)
            table.add_row(time, edges, f'{100 * score:.0f} %', said)
            time = ''
        if not len(frame.boxes):
            table.add_row(time, '', '', 'nobody')
    return table
