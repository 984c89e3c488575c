"""List and download public weights, for ``mmvideomae weights``."""

import argparse

from rich.table import Table

from mmvideomae.checkpoints import fetch_published, published, published_weights
from mmvideomae.cli.tool import Told, UsageError


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
