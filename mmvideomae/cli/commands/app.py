"""Serve a web page on this machine that applies models to videos, uploaded or chosen.

mmvideomae app --classify CONFIG CKPT --videos data/videos
mmvideomae app --reconstruct CONFIG CKPT --search CONFIG CKPT --videos data/videos
mmvideomae app --localize FEATURE_CONFIG FEATURE_CKPT CONFIG CKPT --port 8000

The page has a tab for each kind of model that is given.  It is served to this machine alone unless
--host says otherwise, and nothing is sent to other hosts.  Uploads are deleted at the end; Ctrl-C
ends.  It needs Gradio: pip install 'mmvideomae[app]'.
"""

import argparse
from pathlib import Path
from typing import Any

from mmvideomae.apis.features.settings import PRESET_NAMES
from mmvideomae.cli.commands.detect import add_people
from mmvideomae.cli.inputs import ModelAction, video_path
from mmvideomae.cli.options import add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    _add_models(parser.add_argument_group('models, of which one at least is needed'))
    add = parser.add_argument
    add(
        '--videos',
        type=video_path,
        metavar='FOLDER',
        help='folder of videos to choose from, in which --search looks for similar ones',
    )
    add(
        '--classes',
        metavar='FILE',
        help='class names, one per line (default: those of the configs)',
    )
    add(
        '--preset',
        choices=PRESET_NAMES,
        help="windows of the features for --search and --localize (default: the config's)",
    )
    add_people(parser.add_argument_group('sources of people for --detect'))
    add_option(parser, '--host', '127.0.0.1', 'address to serve; 0.0.0.0 is open to the network')
    add_option(parser, '--port', 7860, 'port to serve; 0 takes a free one')
    add_option(
        parser,
        '--out',
        Path('work_dirs/app'),
        'folder that keeps the features of --search, so that they are computed once',
        metavar='DIR',
    )
    add_option(parser, '--batch-size', 4, 'videos, windows or key frames per batch')
    add_frames(parser)
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    return parser


def _add_models(group: Any) -> None:
    """Options for configs and weights; each gives the page a tab."""
    two = {'nargs': 2, 'action': ModelAction, 'metavar': ('CONFIG', 'CKPT')}
    group.add_argument('--classify', help='a classifier', **two)
    group.add_argument(
        '--localize',
        nargs='+',
        action=ModelAction,
        metavar='CONFIG CKPT',
        help='a temporal detector, after config and weights of its features if it needs them',
    )
    group.add_argument('--detect', help='an action detector', **two)
    group.add_argument('--reconstruct', help='a pre-trained model', **two)
    group.add_argument(
        '--search', help='a model whose features find similar videos in --videos', **two
    )


def main() -> int:
    """Run the command line."""
    return run_tool(
        options(), 'mmvideomae.cli.work.app', json_help='print the address as a JSON object'
    )
