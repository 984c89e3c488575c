"""Export a classifier to ONNX, and check the file against PyTorch under onnxruntime.

mmvideomae export CONFIG CKPT model.onnx --dynamic-batch

The model takes `clips` and returns `scores` (B, K).  Clips are float32 (B, C, T, H, W), normalised
by the config's mean and standard deviation; with --pixels they are uint8 (B, T, H, W, 3), as read
from a video.  One clip is one view: average the probabilities of several views yourself.  This
needs onnx, onnxscript and onnxruntime.
"""

import argparse

from mmvideomae.cli.inputs import checkpoint_path, config_path
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of the classifier')
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='its weights')
    add('out', metavar='OUT', help='file to write, model.onnx')
    add('--dynamic-batch', action='store_true', help='accept any number of clips')
    add_option(parser, '--pixels', False, 'accept uint8 pixels and normalise them in the model')
    add_option(parser, '--probabilities', False, 'return probabilities instead of class scores')
    add(
        '--shape',
        type=int,
        nargs=3,
        metavar=('T', 'H', 'W'),
        help='frames, height and width of a clip (default: those of the backbone)',
    )
    add('--opset', type=int, help="version of ONNX's operator set (default: PyTorch's choice)")
    add_cfg_options(parser)
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.export')
