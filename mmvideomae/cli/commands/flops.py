"""Count the parameters and multiply-accumulates of a config's model, as in the papers.

mmvideomae flops CONFIG

A multiply-accumulate of a convolution, linear layer or attention product counts as
one, a layer norm as five per element; softmax, activations and sums are not counted.
The count is for one forward pass of one clip (one view), fused attention included.
A pretrainer runs with its teachers and the masks of its config's training pipeline; MoCo v3
gets two views of a clip.  Recognizers and action detectors get clips of the size that this
pipeline makes, and a detector gets one box.
A model over codes gets codes: the tokenizer is not counted.
"""

import argparse

from mmvideomae.cli.inputs import config_path
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument(
        'config',
        type=config_path,
        help='config file of a pretrainer, recognizer, detector or backbone',
    )
    parser.add_argument(
        '--shape',
        type=int,
        nargs=3,
        metavar=('T', 'H', 'W'),
        help='frames, height and width of the clip (default: those that the training pipeline of a '
        'recognizer or detector makes, otherwise those of the backbone)',
    )
    add_option(
        parser,
        '--count',
        'paper',
        'paper: embed all tokens and compute each block in full, as in the papers; '
        'actual: what this code executes',
        choices=('paper', 'actual'),
    )
    add_cfg_options(parser)
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.flops')
