"""Forecast the time, cores, memory and disk space of a training, from its first seconds.

    mmvideomae forecast CONFIG [--seconds 90] [--cfg-options ...]

Trains by the config for so many seconds on this machine, keeps nothing, and multiplies. The
first third is not measured: workers start then, and what they read ahead is used up. Validation is
left out. "Cores" is what the loader would need for the model never to wait.
"""

import argparse

from mmvideomae.cli.inputs import config_path
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('config', type=config_path, help='config file of a training')
    add_option(parser, '--seconds', 90.0, 'for how long to train')
    add_cfg_options(parser, 'override entries of the config, such as the folder of the videos')
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.forecast')
