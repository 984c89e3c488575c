"""Train, pre-train or fine-tune the model that a config describes."""

import argparse

from mmvideomae.cli.inputs import config_path
from mmvideomae.cli.options import add_cfg_options
from mmvideomae.cli.tool import run_logged, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config file')
    add(
        '--work-dir',
        help='folder for logs and checkpoints (default: work_dirs/<name of the config>, or of its '
        'folder for a config.py)',
    )
    add(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CKPT',
        help='continue exactly where CKPT was saved (or the newest of another work directory); '
        'without CKPT, continue from the newest checkpoint of the work directory, or start '
        'a new run if there is none',
    )
    add(
        '--amp',
        action='store_true',
        help='train in mixed precision even if the config does not ask for it',
    )
    add(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by (batch size x processes x accumulated iterations) / '
        'auto_scale_lr.base_batch_size',
    )
    add(
        '--log-to',
        nargs='+',
        choices=('tensorboard', 'wandb'),
        help='also log values to these viewers; a pre-training draws reconstructions and attention '
        'for them',
    )
    add(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='program that started the processes; the dist_ and slurm_ scripts set it',
    )
    add_cfg_options(
        parser,
        'override entries of the config, e.g. train_dataloader.batch_size=8 '
        'train_cfg.max_epochs=2; list values as key="[a,b]"',
    )
    # torch.distributed.launch and mim pass this.
    add('--local-rank', '--local_rank', type=int, help=argparse.SUPPRESS)
    return parser


def main() -> int | str:
    """Run the command line."""
    return run_logged(options(), 'mmvideomae.cli.work.train')
