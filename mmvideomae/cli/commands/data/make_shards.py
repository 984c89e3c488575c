"""Pack videos into tar files, from which training reads at random, locally or in an object store.

mmvideomae data make-shards data/videos data/shards
mmvideomae data make-shards data/train.csv data/shards --data-prefix data/videos

OUT/shard-000000.tar and so on hold the videos under their paths below IN (or in the list), and
OUT/index.json gives the byte range of each. Name it in a source: shards='data/shards/index.json',
or, once the folder has been copied there, shards='s3://bucket/shards/index.json'. With --index, IN
is a folder or address of existing tar files, for example from WebDataset, and only OUT/index.json
is written: copy it to the same place.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.options import add_option, train_command
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser, watched
from mmvideomae.preparation.videos.shards import (
    INDEX,
    index_tars,
    members_for,
    plan_shards,
    write_index,
    write_shards,
)


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('source', metavar='IN', help='folder of videos or a list; with --index: of tar files')
    add('out', type=Path, metavar='OUT', help='folder for the tar files and their index')
    add_option(parser, '--data-prefix', '', 'folder before the paths of a list', metavar='FOLDER')
    add_option(parser, '--megabytes', 1000, 'maximum size of a tar file')
    add_option(parser, '--index', False, 'only write the index of existing tar files')
    add('--overwrite', action='store_true', help='replace the shards and the index in OUT')
    return parser


def make(args: argparse.Namespace) -> Told:
    if args.megabytes < 1:
        raise UsageError('--megabytes must be at least 1')
    index = args.out / INDEX
    if index.exists() and not args.overwrite:
        raise UsageError(f'{index} exists: choose another folder, or use --overwrite')
    if args.index:
        entries = index_tars(args.source)
        write_index(entries, index)
    else:
        plan = plan_shards(members_for(Path(args.source), args.data_prefix), args.megabytes * 10**6)
        entries = list(watched(write_shards(plan, args.out), 'shards', len(plan)))
    videos = sum(len(entry['members']) for entry in entries)
    summary = {'shards': len(entries), 'files': videos, 'index': str(index)}
    line = f'{videos} files in {len(entries)} shards; index: {index}'
    folder = {'folder': None} if Path(args.source).is_dir() else {'ann_file': args.source}
    return Told(summary, line, following=train_command(**folder, shards=index))


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
