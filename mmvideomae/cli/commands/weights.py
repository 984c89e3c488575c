"""List public checkpoints, show what is known about one, or download it.

mmvideomae weights list
mmvideomae weights show videomaev2_vit-base_k710-distilled
mmvideomae weights get videomaev2_vit-base_k710-distilled

A name can be given wherever a checkpoint can: in load_from, to mmvideomae test and to init_model,
which then knows the config as well.  A file is downloaded once, into torch's cache.  Some files can
only be downloaded with a browser; the tool then names the page.
"""

import argparse

from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('action', choices=('list', 'show', 'get'), help='what to do')
    parser.add_argument('name', nargs='?', metavar='NAME', help='name of the weights')
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.weights', 'interrupted; nothing was kept')
