"""Test a checkpoint on the test set of a config.

mmvideomae test CONFIG CKPT --page work_dirs/wrong

With --page, DIR/index.html shows the wrong clips of a classifier, by class and confidence and with
the confusion matrix as index; DIR/clips holds the clips in a form that browsers play.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import checkpoint_path, config_path
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_logged, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config file')
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='checkpoint file')
    add('--work-dir', help='folder for logs (default: work_dirs/<name of the config>)')
    add('--dump', metavar='FILE', help='also write the predictions to this .pkl file')
    add(
        '--page',
        type=Path,
        metavar='DIR',
        help='show the wrong clips of a classifier in this folder',
    )
    add_option(parser, '--page-clips', 200, 'the most clips on the page', metavar='N')
    add(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='program that started the processes; the dist_ and slurm_ scripts set it',
    )
    add_cfg_options(parser, 'override entries of the config, e.g. test_dataloader.batch_size=8')
    add('--json', action='store_true', help='print the metrics as one JSON object on stdout')
    add('--local-rank', '--local_rank', type=int, help=argparse.SUPPRESS)
    return parser


def main() -> int | str:
    """Run the command line."""
    return run_logged(options(), 'mmvideomae.cli.work.test')
