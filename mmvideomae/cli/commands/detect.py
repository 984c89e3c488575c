"""Detect each person's actions in videos with an action detector.

mmvideomae detect CONFIG CKPT film.mp4 --out work_dirs/film --overlay \\
    --people mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py --people-checkpoint rtmdet_m.pth
mmvideomae detect CONFIG CKPT film.mp4 --out work_dirs/film --people boxes.pkl
mmvideomae detect CONFIG CKPT clip.mp4 --out work_dirs/clip --people whole_frame

VIDEO is a file or a folder of frames. People are found by an mmdet detector, listed in a proposal
file (.pkl, .json or .csv, such as mmvideomae data detect-people writes), or fill the whole frame.
DIR/NAME.json holds the people of every key frame, with their boxes in pixels and their actions.
With --overlay, DIR/NAME.mp4 is the video with boxes and actions on every frame; between two key
frames, a person's box is interpolated. Names of actions come from the config or --classes.
"""

import argparse
from pathlib import Path
from typing import Any

from mmvideomae.cli.inputs import checkpoint_path, config_path, video_path
from mmvideomae.cli.options import add_cfg_options, add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of the action detector')
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='its weights')
    add('video', type=video_path, metavar='VIDEO', help='file or folder of frames')
    add('--out', type=Path, required=True, metavar='DIR', help='folder for the results')
    add_people(parser.add_argument_group('sources of people'))
    add(
        '--classes',
        metavar='FILE',
        help='names of the actions, one per line, or a label map (.pbtxt) (default: those of the '
        'config)',
    )
    add_option(parser, '--step', 1.0, 'time between key frames', metavar='SECONDS')
    add_option(parser, '--min-score', 0.3, 'leave out actions with lower scores', metavar='X')
    add_option(parser, '--top-k', 3, 'maximum number of actions per person')
    add('--overlay', action='store_true', help='write DIR/NAME.mp4')
    add_option(parser, '--batch-size', 4, 'key frames per batch')
    add_frames(parser)
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser)
    return parser


def add_people(group: Any) -> None:
    """Options for the source of person boxes."""
    add_option(
        group,
        '--people',
        'whole_frame',
        'whole_frame, a proposal file, or an mmdet config, which may be one of its own '
        '(mmdet::NAME)',
        metavar='P',
    )
    group.add_argument(
        '--people-checkpoint',
        type=checkpoint_path,
        metavar='F',
        help='weights for the mmdet config',
    )
    add_option(group, '--min-box-score', 0.8, 'leave out people with lower scores', metavar='X')
    add_option(
        group,
        '--start-second',
        0.0,
        'time of the first frame in the proposal file, in seconds',
        metavar='S',
    )


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.detect')
