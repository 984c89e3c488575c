"""List public checkpoints, show what is known about one, or download it.

python tools/misc/weights.py list
python tools/misc/weights.py show videomaev2_vit-base_k710-distilled
python tools/misc/weights.py get videomaev2_vit-base_k710-distilled

A name can be given wherever a checkpoint can: in load_from, to tools/test.py and to init_model,
which then knows the config as well.  A file is downloaded once, into torch's cache.  Some files can
only be downloaded with a browser; the tool then names the page.
"""

import argparse
import sys

from rich.table import Table

from mmvideomae.checkpoints import fetch_published, published, published_weights
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('action', choices=('list', 'show', 'get'), help='what to do')
    parser.add_argument('name', nargs='?', metavar='NAME', help='name of the weights')
    return parser


def make(args: argparse.Namespace) -> Told:
    """Do what was asked for."""
    if (args.action == 'list') != (args.name is None):
        raise UsageError('list takes no NAME; show and get need one')
    if args.action == 'list':
        table = Table('name', 'classes', 'clip', 'licence', 'from', box=None)
        for entry in published_weights().values():
            place = 'address' if entry.address else 'Hugging Face' if entry.repo else 'browser'
            classes, licence = str(entry.classes or '-'), entry.licence or 'not stated'
            table.add_row(entry.name, classes, entry.clip, licence, place)
        every = [entry._asdict() for entry in published_weights().values()]
        return Told({'weights': every}, [table])
    found = published(args.name)._asdict()
    if args.action == 'get':
        path = str(fetch_published(args.name))
        return Told({**found, 'path': path}, path)
    lines = (f'{key:<10} {"not known" if value is None else value}' for key, value in found.items())
    return Told(found, lines)


if __name__ == '__main__':
    sys.exit(run_tool(options(), make, 'interrupted; nothing was kept'))
