"""Convert weight files of other projects to our format, or ours to theirs.

mmvideomae convert vit_b_k400_ft.pth work_dirs/vit_b.pth
mmvideomae convert epoch_100.pth OUT_FOLDER --to hf --config CONFIG

Reads VideoMAE V1 and V2 (pre-trained, fine-tuned, distilled), Hugging Face transformers 4 and 5
(folder, .bin, .safetensors), V-JEPA 2, mmaction2, MAE-ST, ImageMAE, mmpretrain MAE, ActionFormer,
TriDet and DyFADet (also OpenTAD's) and our own files, which are recognized by their keys.  Prints
what the file is, and lists every tensor that has no place in the result, with the reason.  Training
and testing read the same files directly.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import checkpoint_path, config_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument(
        'source', type=checkpoint_path, metavar='SRC', help='weight file or folder to read'
    )
    parser.add_argument(
        'target', type=Path, metavar='DST', help='file to write; for transformers, a folder'
    )
    add_option(
        parser,
        '--to',
        'ours',
        'what to write: ours, mmaction2, the layout of official code (videomae, vimpac, vjepa2, '
        'opentad) or of transformers (hf, vjepa2-hf) ',
        choices=('ours', 'mmaction2', 'videomae', 'vimpac', 'vjepa2', 'opentad', 'hf', 'vjepa2-hf'),
    )
    parser.add_argument(
        '--config',
        type=config_path,
        help='config of a model that the weights must fit; for Hugging Face it also gives the '
        'attention heads and clip size, which weights lack (default: those of published models)',
    )
    parser.add_argument(
        '--classifier',
        type=Path,
        metavar='FILE',
        help="join FILE's head to SRC's encoder, such as a released classifier of V-JEPA 2",
    )
    parser.add_argument(
        '--base',
        metavar='FILE',
        help='write only the weights that differ from those in FILE, for example after LoRA; DST '
        'is then read together with FILE (default: changes of LoRA are merged into the weights)',
    )
    add_option(
        parser,
        '--tubelet-size',
        2,
        'frames per cube when an image model is inflated',
        metavar='FRAMES',
    )
    add_option(
        parser,
        '--trust',
        False,
        'let SRC run code while it is read; only for files from a source that you trust',
    )
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.convert')
