#!/usr/bin/env python3
"""Draw the README's picture, docs/images/readme.gif: masked clips, and segments on a film.

The first from what `make demo` left in DEMO, the second by an end-to-end localizer for FILM's set,
such as one of tools/claims/localization.py:

python tools/dev/draw_readme.py work_dirs/demo CONFIG CKPT data/untrimmed/videos/val_0000.mp4
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mmvideomae.apis import Reconstructor, TemporalLocalizer, init_model
from mmvideomae.video.readers import open_reader
from mmvideomae.visualization.class_colours import class_colours
from mmvideomae.visualization.files import save_animation
from mmvideomae.visualization.fonts import font

ROOT = Path(__file__).resolve().parents[2]
PRETRAINING = ROOT / 'configs/demo/videomae_vit-tiny-p8_pretrain_motion_random50.py'
WIDTH, SIDE, GAP, BAR, NAMES = 552, 128, 13, 16, 78
FPS, SECONDS = 10, 16
GREY = '#555555'


def clips_of(demo: Path) -> list[list[np.ndarray]]:
    """Clip, what the encoder saw and the reconstruction, each (T, H, W, 3), of some test clips."""
    (checkpoint,) = (demo / 'pretrain').glob('epoch_*.pth')
    reconstructor = Reconstructor(init_model(str(PRETRAINING), str(checkpoint), device='cpu'))
    videos = sorted((demo / 'data' / 'videos' / 'test').glob('*.mp4'))
    shown = (reconstructor(video, [0.5]) for video in videos[:: len(videos) // 4])
    return [[clip.frames, clip.masked[0], clip.reconstructed[0]] for clip in shown]


def paste(canvas: Image.Image, frame: np.ndarray, place: int, top: int) -> None:
    picture = Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    canvas.paste(picture, (place * (SIDE + GAP), top))


def draw_bars(
    pen: ImageDraw.ImageDraw, top: int, name: str, spans: list[tuple[float, float, str]]
) -> None:
    """A row of segments over ``SECONDS``."""
    colours = class_colours(['move_right', 'move_left', 'move_down', 'move_up'])
    pen.text((0, top), name, GREY, font(13))
    for start, end, label in spans:
        left, right = (NAMES + time / SECONDS * (WIDTH - NAMES) for time in (start, end))
        if left < WIDTH:
            pen.rectangle((left, top, min(right, WIDTH - 1), top + BAR), colours[label])
            pen.text((left + 3, top + 1), label.removeprefix('move_'), 'white', font(11))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('demo', type=Path)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('film', type=Path)
    args = parser.parse_args()
    clips = clips_of(args.demo)
    found = TemporalLocalizer(args.config, args.checkpoint, device='cpu')(args.film).at_least(0.3)
    annotation = json.loads((args.film.parents[1] / 'annotation.json').read_text())
    truth = annotation['database'][args.film.stem]['annotations']
    with open_reader(args.film) as reader:
        film = reader.read(np.arange(FPS * SECONDS))
    rows = {
        'annotated': [(*each['segment'], each['label']) for each in truth],
        'found': [(start, end, label) for start, end, label, _ in found],
    }
    top, bars = 22, 22 + SIDE + 14
    frames = []
    for number, frame in enumerate(film):
        canvas = Image.new('RGB', (WIDTH, bars + 2 * (BAR + 6)), 'white')
        pen = ImageDraw.Draw(canvas)
        clip = clips[number * len(clips) // len(film)]
        parts = [part[number // 2 % len(part)] for part in clip]
        for place, part in enumerate([*parts, frame]):
            pen.text(
                (place * (SIDE + GAP), 2),
                ('a clip', 'half of it', 'what is filled in', 'a film')[place],
                GREY,
                font(13),
            )
            paste(canvas, part, place, top)
        for row, (name, spans) in enumerate(rows.items()):
            draw_bars(pen, bars + row * (BAR + 6), name, spans)
        now = NAMES + number / len(film) * (WIDTH - NAMES)
        pen.line((now, bars - 6, now, canvas.height), 'black', 2)
        frames.append(np.asarray(canvas.quantize(48, dither=Image.Dither.NONE).convert('RGB')))
    save_animation(ROOT / 'docs/images/readme.gif', np.stack(frames), FPS)


if __name__ == '__main__':
    main()
