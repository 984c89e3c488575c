"""Count the operations of a model, for ``mmvideomae flops``."""

import argparse
from dataclasses import asdict
from typing import Any

from mmvideomae.analysis.complexity import Complexity, measure_config
from mmvideomae.cli.tool import FIXABLE, Told
from mmvideomae.configs import ConfigError, apply_options, read_config
from mmvideomae.errors import UserError


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
    return Told(_as_json(*told), _as_text(*told))


def _as_json(result: Complexity, config: str, count: str, model: str) -> dict[str, Any]:
    """One object; ``macs`` includes the operations of layer norms."""
    fields = asdict(result)
    parts = fields.pop('parts')
    totals = {'params': result.params, 'macs': result.macs}
    return {'config': config, 'model': model, 'count': count, **fields, **totals, 'parts': parts}


def _as_text(result: Complexity, config: str, count: str, model: str) -> str:
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
