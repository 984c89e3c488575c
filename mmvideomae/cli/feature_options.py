"""Options for the windows of features and for how their frames are prepared."""

import argparse
from dataclasses import fields
from typing import Any

from mmvideomae.apis.features.settings import RESIZES, FeatureSettings


def add_feature_settings(parser: argparse.ArgumentParser) -> None:
    """Add an option for each field of `FeatureSettings`."""
    group = parser.add_argument_group('changes to the preset')
    group.add_argument('--window', type=int, metavar='FRAMES', help='frames per window')
    group.add_argument('--stride', type=int, metavar='FRAMES', help='distance between windows')
    group.add_argument(
        '--interval', type=int, metavar='FRAMES', help='distance between the frames of a window'
    )
    group.add_argument('--offset', type=int, metavar='FRAMES', help='start of the first window')
    group.add_argument(
        '--grid-fps',
        type=float,
        metavar='FPS',
        help="resample videos to this rate and count frames there (default: each video's own)",
    )
    group.add_argument(
        '--resize', choices=RESIZES, help='squash frames, or crop their centre, also as VIMPAC does'
    )
    group.add_argument(
        '--interpolation',
        choices=('bilinear', 'bicubic'),
        help='filter of --resize smooth, which prepares frames as transformers and timm',
    )
    group.add_argument('--size', type=int, metavar='PIXELS', help="side of the model's input")
    group.add_argument(
        '--short-side',
        type=int,
        metavar='PIXELS',
        help='short side of frames before they are cropped',
    )
    for name in ('mean', 'std'):
        group.add_argument(
            f'--{name}',
            type=float,
            nargs=3,
            metavar=name[0].upper(),
            help=f'{name} of the pixels, from 0 to 255',
        )


def feature_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that are given."""
    named = {each.name: getattr(args, each.name) for each in fields(FeatureSettings)}
    return {name: value for name, value in named.items() if value is not None}
