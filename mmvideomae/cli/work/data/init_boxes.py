"""Make a data set of boxes, for ``mmvideomae data init-boxes``."""

import argparse

from mmvideomae.cli.tool import Told, watched
from mmvideomae.preparation.boxes.files import InitSettings
from mmvideomae.preparation.boxes.init import prepare_boxes
from mmvideomae.preparation.boxes.sources import read_source
from mmvideomae.preparation.lists.make_annotations import FrameNames


def make(args: argparse.Namespace) -> Told:
    frames = FrameNames(args.filename_tmpl, args.start_index) if args.filename_tmpl else None
    settings = InitSettings(
        out=args.out,
        videos=args.videos,
        base=args.base,
        classes=args.classes,
        val_share=args.val_share,
        seed=args.seed,
        start_second=args.start_second,
        frames=frames,
        fps=args.fps if frames else None,
        overwrite=args.overwrite,
    )
    boxes = read_source(args.boxes, args.pixels, args.fps)
    val_boxes = read_source(args.val, args.pixels, args.fps) if args.val else None
    summary = prepare_boxes(boxes, val_boxes, settings, lambda rows: watched(rows, 'boxes'))
    return Told(summary.as_dict(), summary.describe())
