"""Measure a frozen encoder by k-NN, a linear probe and V-JEPA's attentive probe.

mmvideomae probe CONFIG CKPT
mmvideomae probe CONFIG CKPT --probes knn linear
mmvideomae probe CONFIG CKPT --blocks 4 --all-views      # V-JEPA 2's protocol

CONFIG is that of a classifier: its backbone is frozen, classifiers are trained on its training
videos and tested on those of its test.  CKPT holds the weights of a classifier or of pre-training.
Each video is encoded once; features are kept in --cache for further probes, and the least recently
used ones are deleted there to make room.  All learning rates are trained in one pass, and the best
of each kind on the test set is marked, as papers report it.
"""

import argparse
from pathlib import Path
from typing import Any

from mmvideomae.apis.features.settings import PRECISIONS
from mmvideomae.apis.probes.settings import CACHE, PROBES, ProbeSettings
from mmvideomae.cli.inputs import checkpoint_path, config_path
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of a classifier')
    add(
        'checkpoint',
        type=checkpoint_path,
        metavar='CKPT',
        nargs='?',
        help="weights (default: the backbone's own)",
    )
    _add_settings(parser.add_argument_group('probes'))
    add_option(
        parser, '--all-views', False, 'test on all views of the test pipeline instead of one'
    )
    add_option(parser, '--cache', CACHE, 'folder for features', metavar='FOLDER')
    add_option(parser, '--cache-gb', 100.0, 'most that it may take', metavar='GB')
    add(
        '--picture',
        type=Path,
        metavar='FILE',
        help='chart of the accuracies (default: work_dirs/NAME-OF-CONFIG_probes.png)',
    )
    add_option(parser, '--precision', 'auto', 'precision of the encoder', choices=PRECISIONS)
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser, 'override entries of the config, e.g. test_dataloader.batch_size=8')
    return parser


def _add_settings(group: Any) -> None:
    """Options for the fields of `ProbeSettings`."""
    default = ProbeSettings()
    group.add_argument('--probes', nargs='+', choices=PROBES, help='which ones (default: all)')
    lists = {
        'neighbours': 'numbers of neighbours of k-NN',
        'linear_rates': 'learning rates of the linear probe, for a batch of 256',
        'rates': 'learning rates of the attentive probe',
        'decays': 'weight decays of the attentive probe, each with every rate',
    }
    for name, text in lists.items():
        values = getattr(default, name)
        group.add_argument(
            f'--{name.replace("_", "-")}',
            nargs='+',
            type=type(values[0]),
            help=f'{text} (default: {" ".join(map(str, values))})',
        )
    add_option(group, '--distance', default.distance, 'of neighbours', choices=('cosine', 'l2'))
    add_option(group, '--temperature', default.temperature, "of DINO's votes of neighbours")
    add_option(group, '--linear-epochs', default.linear_epochs, 'epochs of the linear probe')
    add_option(group, '--epochs', default.epochs, 'epochs of the attentive probe')
    text = 'attention blocks of the attentive probe; V-JEPA 2 has 4, of which 3 are self-attention'
    add_option(group, '--blocks', default.blocks, text)
    add_option(group, '--heads', default.heads, 'attention heads of the attentive probe')
    add_option(group, '--batch-size', default.batch_size, 'videos per update')
    add_option(group, '--seed', default.seed, 'seed of initial weights and orders')


def main() -> int:
    """Run the command line."""
    text = 'interrupted; repeat the command to continue with the features that are stored'
    return run_tool(options(), 'mmvideomae.cli.work.probe', text)
