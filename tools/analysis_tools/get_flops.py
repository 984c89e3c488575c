"""Count the parameters and multiply-accumulates of a config's model, as in the papers.

python tools/analysis_tools/get_flops.py CONFIG

A multiply-accumulate of a convolution, linear layer or attention product counts as
one, a layer norm as five per element; softmax, activations and sums are not counted.
The count is for one forward pass of one clip (one view), fused attention included.
A pretrainer runs with its teachers and the masks of its config's training pipeline; MoCo v3
gets two views of a clip.  Recognizers and action detectors get clips of the size that this
pipeline makes, and a detector gets one box.
A model over codes gets codes: the tokenizer is not counted.
"""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from mmvideomae.analysis.complexity import COUNTS, Complexity, measure_config
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import FIXABLE, Told, run_tool, tool_parser
from mmvideomae.configs import ConfigError, apply_options, read_config
from mmvideomae.errors import UserError


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument(
        'config', help='config file of a pretrainer, recognizer, detector or backbone'
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
        choices=COUNTS,
    )
    add_cfg_options(parser)
    return parser


def make(args: argparse.Namespace) -> Told:
    cfg = read_config(args.config)
    apply_options(cfg, args.cfg_options)
    try:
        result = measure_config(cfg, tuple(args.shape) if args.shape else None, args.count)
    except ConfigError:
        raise
    except FIXABLE as error:
        raise UserError(f'{args.config}: {error}') from error
    told = (result, args.config, args.count, cfg.model.type)
    return Told(as_json(*told), as_text(*told))


def as_json(result: Complexity, config: str, count: str, model: str) -> dict[str, Any]:
    """One object; ``macs`` includes the operations of layer norms."""
    fields = asdict(result)
    parts = fields.pop('parts')
    totals = {'params': result.params, 'macs': result.macs}
    return {'config': config, 'model': model, 'count': count, **fields, **totals, 'parts': parts}


def as_text(result: Complexity, config: str, count: str, model: str) -> str:
    """A table by part."""
    frames, height, width = result.shape
    what = {'paper': 'counted as in the papers', 'actual': 'counted as executed'}[count]
    lines = [
        f'{config}: {model}',
        f'one clip of {frames} frames of {height}x{width} pixels, forward, {what}',
    ]
    if result.visible_tokens is not None:
        lines.append(
            f'{result.visible_tokens} tokens encoded, {result.decoded_tokens} tokens reconstructed'
        )
    column = max(len(part.name) for part in result.parts)
    lines += ['', f'{"part":<{column}}  {"parameters, M":>14}  {"MACs, G":>12}']
    rows = [(part.name, part.params, part.macs) for part in result.parts]
    for name, params, macs in [*rows, ('total', result.params, result.macs)]:
        lines.append(f'{name:<{column}}  {params / 1e6:>14.3f}  {macs / 1e9:>12.3f}')
    if result.uncounted:
        lines += ['', f'not counted, since their cost is unknown: {", ".join(result.uncounted)}']
    return '\n'.join(lines)


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
