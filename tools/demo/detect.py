"""Tell who does what in a video, with a detector of actions.

python tools/demo/detect.py CONFIG CKPT film.mp4 --out work_dirs/film --overlay \\
    --people mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py --people-checkpoint rtmdet_m.pth
python tools/demo/detect.py CONFIG CKPT film.mp4 --out work_dirs/film --people boxes.pkl
python tools/demo/detect.py CONFIG CKPT clip.mp4 --out work_dirs/clip --people whole_frame

VIDEO is a file or a folder of frames. People are found by a detector of mmdet, stand in a proposal
file (.pkl, .json or .csv, such as tools/data/ava/detect_people.py writes), or fill the whole frame.
DIR/NAME.json holds the people of every key frame, their boxes in pixels and their actions. With
--overlay DIR/NAME.mp4 is the video with boxes and actions on every frame: between two key frames
the box of a person moves from the one to the other. Actions are named by the config or --classes.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from mmvideomae.cli.demos.detect import make
from mmvideomae.cli.options import add_cfg_options, add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', metavar='CONFIG', help='config of the detector of actions')
    add('checkpoint', metavar='CKPT', help='its weights')
    add('video', metavar='VIDEO', help='file or folder of frames')
    add('--out', type=Path, required=True, metavar='DIR', help='folder of what is written')
    add_people(parser.add_argument_group('where people are'))
    add(
        '--classes',
        metavar='FILE',
        help='names of the actions, one to a line, or a label map (.pbtxt) (default: those that '
        'the config names)',
    )
    add_option(parser, '--step', 1.0, 'from one key frame to the next', metavar='SECONDS')
    add_option(parser, '--min-score', 0.3, 'leave out actions of lower scores', metavar='X')
    add_option(parser, '--top-k', 3, 'actions of a person at most')
    add('--overlay', action='store_true', help='write DIR/NAME.mp4')
    add_option(parser, '--batch-size', 4, 'key frames at a time')
    add_frames(parser)
    add('--device', help='for example cpu or cuda:1 (default: a GPU if any)')
    add_cfg_options(parser)
    return parser


def add_people(group: Any) -> None:
    """Where boxes of people come from."""
    add_option(
        group,
        '--people',
        'whole_frame',
        'whole_frame, a proposal file, or a config of mmdet, which may be one that comes with '
        'it (mmdet::NAME)',
        metavar='P',
    )
    group.add_argument('--people-checkpoint', metavar='F', help='weights of the config of mmdet')
    add_option(group, '--min-box-score', 0.8, 'leave out people of lower scores', metavar='X')
    add_option(
        group, '--start-second', 0.0, 'second of the first frame in the proposal file', metavar='S'
    )


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
