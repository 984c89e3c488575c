"""Show masked video pre-training at work on this machine, in minutes.

Without --videos: synthesize clips whose class only motion reveals, pre-train a small model on them,
fine-tune it with few labels, train the same model from scratch with the same labels for as many
steps, and test both.  With --videos FOLDER: pre-train on your own videos and reconstruct some of
them.  In both cases OUT/report.html shows the results.

--method vimpac first trains a tokenizer, and predicts its codes instead of pixels.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.tool import run_logged, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'), help='folder to write')
    parser.add_argument(
        '--videos', type=existing_path, metavar='FOLDER', help='pre-train on these videos'
    )
    parser.add_argument('--epochs', type=int, help="epochs of pre-training (default: the config's)")
    parser.add_argument(
        '--method',
        choices=('videomae', 'vimpac'),
        default='videomae',
        help='pre-training method (default: videomae)',
    )
    return parser


def main() -> int | str:
    """Run the command line."""
    return run_logged(options(), 'mmvideomae.cli.work.demo')
