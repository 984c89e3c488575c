"""Convert weight files of other projects to our format, or ours to theirs.

python tools/misc/convert_checkpoint.py vit_b_k400_ft.pth work_dirs/vit_b.pth
python tools/misc/convert_checkpoint.py epoch_100.pth OUT_FOLDER --to hf --config CONFIG

Reads VideoMAE V1 and V2 (pre-trained, fine-tuned, distilled), Hugging Face transformers 4 and 5
(folder, .bin, .safetensors), V-JEPA 2, mmaction2, MAE-ST, ImageMAE, mmpretrain MAE, ActionFormer
and our own files, which are recognized by their keys.  Prints what the file is, and lists every
tensor that has no place in the result, with the reason.  Training and testing read the same files
directly.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from mmvideomae.apis.convert_checkpoint import ConversionReport, convert_checkpoint
from mmvideomae.checkpoints import WRITABLE
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('source', type=Path, metavar='SRC', help='weight file or folder to read')
    parser.add_argument(
        'target', type=Path, metavar='DST', help='file to write; for transformers, a folder'
    )
    add_option(
        parser,
        '--to',
        'ours',
        'what to write: ours, mmaction2, the layout of official code (videomae, vimpac, vjepa2, '
        'opentad) or of transformers (hf, vjepa2-hf) ',
        choices=WRITABLE,
    )
    parser.add_argument(
        '--config',
        type=Path,
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


def as_text(report: ConversionReport, source: Path) -> str:
    """Describe what was found and what became of it."""
    facts = report.as_json()
    sizes = facts['architecture']
    lines = [f'{source}: {facts["title"]}']
    if sizes:
        lines.append(', '.join(f'{k.replace("_", " ")} {v}' for k, v in sizes.items() if v))
    lines.append(f'{facts["tensors"]} tensors, {facts["parameters"] / 1e6:.3f} M parameters')
    lines += report.conversion.lines
    return '\n'.join([*lines, *(f'wrote {path}' for path in facts['written'])])


def make(args: argparse.Namespace) -> Told:
    with Console(stderr=True).status(f'converting {args.source}'):
        report = convert_checkpoint(
            args.source,
            args.target,
            args.to,
            args.trust,
            args.config,
            args.tubelet_size,
            args.classifier,
            args.base,
        )
    return Told(report.as_json(), as_text(report, args.source))


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
