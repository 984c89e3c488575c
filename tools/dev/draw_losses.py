#!/usr/bin/env python3
"""Draw the losses of the reference runs, for docs/curves.md: docs/images/losses.svg.

python tools/dev/draw_losses.py
"""

import json
from pathlib import Path

from mmvideomae.visualization.canvas import GRID, bare, new_figure, to_svg

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / 'configs' / 'demo' / 'reference'
PICTURE = ROOT / 'docs' / 'images' / 'losses.svg'
RUNS = {'videomae': 'pixels', 'latent': "a teacher's features", 'mocov3': 'contrast'}
COLOURS = ('#2166ac', '#d6604d', '#4d9221')


def losses(method: str) -> list[list[tuple[int, float]]]:
    """(iteration, loss) of each run of a method."""
    found = []
    for path in sorted((REFERENCE / f'{method}_vit-tiny-p8_pretrain_motion').glob('*.json')):
        lines = map(json.loads, path.read_text(encoding='utf-8').splitlines())
        found.append([(line['iter'], line['loss']) for line in lines if 'loss' in line])
    return found


def main() -> None:
    figure = new_figure(8.4, 2.8)
    for axes, (method, name) in zip(figure.subplots(1, len(RUNS)), RUNS.items(), strict=True):
        for seed, (run, colour) in enumerate(zip(losses(method), COLOURS, strict=True)):
            axes.plot(*zip(*run, strict=True), color=colour, label=f'seed {seed}')
        axes.set_ylim(bottom=0)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel('iteration')
        axes.grid(axis='y', color=GRID)
        bare(axes)
    figure.axes[0].set_ylabel('loss')
    figure.axes[0].legend(frameon=False)
    PICTURE.write_bytes(to_svg(figure))


if __name__ == '__main__':
    main()
