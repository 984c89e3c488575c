"""Convert a weight file of another project to ours, or ours to that of another project.

python tools/misc/convert_checkpoint.py vit_b_k400_ft.pth work_dirs/vit_b.pth
python tools/misc/convert_checkpoint.py epoch_100.pth OUT_FOLDER --to hf --config CONFIG

Reads VideoMAE V1 and V2 (pre-trained, fine-tuned, distilled), Hugging Face transformers 4 and 5
(folder, .bin, .safetensors), mmaction2, MAE-ST, ImageMAE, mmpretrain MAE, ActionFormer and our own
files, told apart by their keys.  Says what the file is, and lists every tensor that has no place in
the result, with the reason.  Training and testing read the same files directly.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from mmvideomae.apis.convert_checkpoint import ConversionReport, convert_checkpoint
from mmvideomae.checkpoints import WRITABLE
from mmvideomae.errors import UserError


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, metavar='SRC', help='weight file or folder to read')
    parser.add_argument(
        'target', type=Path, metavar='DST', help='file to write; with --to hf a folder'
    )
    parser.add_argument(
        '--to',
        choices=WRITABLE,
        default='ours',
        help="what to write: ours, videomae (the official code's), hf (transformers) or mmaction2 "
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--config',
        type=Path,
        help='config of a model that the weights must fit; tells Hugging Face the attention heads '
        'and the size of the clip, which weights do not (default: those of the published models)',
    )
    parser.add_argument(
        '--tubelet-size',
        type=int,
        default=2,
        metavar='FRAMES',
        help='frames of a cube, when an image model is inflated (default: %(default)s)',
    )
    parser.add_argument(
        '--trust',
        action='store_true',
        help='let SRC run code while it is read: only for a file of a source that you trust',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def as_text(report: ConversionReport, source: Path) -> str:
    """What was found, and what became of it."""
    facts = report.as_json()
    sizes = facts['architecture']
    lines = [f'{source}: {facts["title"]}']
    if sizes:
        lines.append(', '.join(f'{k.replace("_", " ")} {v}' for k, v in sizes.items() if v))
    lines.append(f'{facts["tensors"]} tensors, {facts["parameters"] / 1e6:.3f} M parameters')
    lines += report.conversion.lines
    return '\n'.join([*lines, *(f'wrote {path}' for path in facts['written'])])


def main() -> None:
    args = parse_args()
    try:
        with Console(stderr=True).status(f'converting {args.source}'):
            report = convert_checkpoint(
                args.source, args.target, args.to, args.trust, args.config, args.tubelet_size
            )
    except (UserError, ValueError, OSError) as error:
        sys.exit(f'convert_checkpoint.py: {error}')
    print(json.dumps(report.as_json()) if args.json else as_text(report, args.source))


if __name__ == '__main__':
    main()
