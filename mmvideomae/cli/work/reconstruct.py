"""Draw reconstructions, for ``mmvideomae reconstruct``."""

import argparse

from mmvideomae.apis import Reconstructor, init_model
from mmvideomae.cli.tool import Told


def make(args: argparse.Namespace) -> Told:
    out = (
        args.out if args.out.suffix or not args.format else args.out.with_suffix(f'.{args.format}')
    )
    if args.format and out.suffix.lower() != f'.{args.format}':
        raise ValueError(f'--format {args.format} contradicts the name {out}')
    model = init_model(args.config, args.checkpoint, args.device, args.cfg_options)
    reconstructor = Reconstructor(model, args.statistics, args.all_tokens, args.seed)
    clip = reconstructor(args.video, args.mask_ratios or 'usual', args.start, args.stride)
    clip.save(out, args.layout, args.frames, args.fps)
    summary = {
        'out': str(out),
        'video': args.video,
        'seconds': [round(float(second), 4) for second in clip.seconds[[0, -1]]],
        'note': clip.views[0].note,
        'masks': [
            {'masked_share': round(view.masked_share, 4), 'loss': view.loss} for view in clip.views
        ],
    }
    losses = ', '.join(
        f'{view.loss:.3f} at {100 * view.masked_share:.1f} % hidden' for view in clip.views
    )
    return Told(summary, [f'{out}: loss {losses}', summary['note']])
