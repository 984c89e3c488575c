"""Measure what further learning rates of an attentive probe cost when all are trained in one pass.

python tools/analysis_tools/benchmark_probes.py
python tools/analysis_tools/benchmark_probes.py --model base --size 224 --blocks 4 --device cuda

A ViT with random weights encodes random clips once, and the tokens are stored on disk as
tools/probe.py does.  Then attentive probes are trained on them, with one learning rate and with
several.  "Training" is this alone; "probe" adds the encoding, without the decoding of videos.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser

ARCHITECTURES: dict[str, Any] = {
    'tiny': {'embed_dims': 192, 'depth': 12, 'num_heads': 3},
    'small': 'small',
    'base': 'base',
    'large': 'large',
}
CLASSES = 174  # of Something-Something


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add_option(parser, '--model', 'tiny', 'architecture of the encoder', choices=ARCHITECTURES)
    add_option(parser, '--size', 112, 'side of the clips in pixels')
    add_option(parser, '--frames', 16, 'frames of the clips')
    add_option(parser, '--videos', 64, 'number of clips')
    add_option(parser, '--epochs', 20, 'epochs of the probes')
    add_option(parser, '--batch-size', 32, 'clips per update')
    add_option(parser, '--rates', 4, 'learning rates to compare with one')
    add_option(parser, '--blocks', 1, 'attention blocks of a probe')
    add_option(parser, '--heads', 16, 'attention heads of a probe')
    add_option(parser, '--repeats', 2, 'runs of which the fastest counts')
    add_option(parser, '--threads', 1, "PyTorch's threads on a CPU")
    parser.add_argument('--device', help='default: a GPU if there is one, else the CPU')
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_probes'))

import numpy as np
import torch
from mmengine.device import get_device

from mmvideomae.analysis.measurement import timed
from mmvideomae.apis.features.encoder import in_precision, settled_precision
from mmvideomae.apis.probes.feature_cache import Encoded, FeatureCache, FeatureSet
from mmvideomae.apis.probes.settings import ProbeSettings
from mmvideomae.apis.probes.training import train_attentive
from mmvideomae.registry import MODELS


def features(args: argparse.Namespace, folder: Path, device: torch.device) -> FeatureSet:
    """Encode random clips and store their tokens."""
    torch.manual_seed(0)
    config = {'type': 'VideoMAEViT', 'arch': ARCHITECTURES[args.model], 'img_size': args.size}
    backbone = MODELS.build({**config, 'num_frames': args.frames}).to(device).eval()
    precision = settled_precision('auto', device)

    def encode(ids: Sequence[int]) -> Iterator[Encoded]:
        for first in range(0, len(ids), 8):
            count = len(ids[first : first + 8])
            clips = torch.randn(count, 3, args.frames, args.size, args.size, device=device)
            with torch.no_grad(), in_precision(precision, device):
                tokens = backbone(clips)[:, None].float().cpu()
            yield Encoded(tokens.half().numpy(), tokens.mean(2).numpy())

    return FeatureCache(folder, 10**12).features({}, args.videos, True, encode)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """The whole report."""
    torch.set_num_threads(args.threads)
    device = torch.device(args.device or get_device())
    labels = torch.from_numpy(np.random.default_rng(0).integers(0, CLASSES, args.videos)).to(device)
    with tempfile.TemporaryDirectory() as folder:
        stored, encoding = timed(lambda: features(args, Path(folder), device), device)
        shape = list(stored.tokens([0]).shape[2:])

        def train(rates: int) -> float:
            settings = ProbeSettings(
                rates=tuple(np.geomspace(1e-4, 5e-3, rates).tolist()),
                decays=(0.1,),
                epochs=args.epochs,
                blocks=args.blocks,
                heads=args.heads,
                batch_size=args.batch_size,
            )

            def run() -> object:
                return train_attentive(
                    lambda ids: stored.tokens(ids)[:, 0].to(device).float(),
                    labels,
                    CLASSES,
                    settings,
                )

            return timed(run, device)[1]

        # One after the other, so that a busy machine slows both.
        runs = [(train(1), train(args.rates)) for _ in range(args.repeats)]
    one, several = (min(each) for each in zip(*runs, strict=True))
    return {
        **{key: value for key, value in vars(args).items() if key != 'json'},
        'device': str(device),
        'tokens': shape,
        'encoding_s': encoding,
        'training_s': {'one': one, 'several': several},
        'training_ratio': several / one,
        'probe_ratio': (encoding + several) / (encoding + one),
    }


def make(args: argparse.Namespace) -> Told:
    """Measure and report."""
    names = ('videos', 'epochs', 'batch_size', 'rates', 'blocks', 'heads', 'repeats', 'threads')
    if min(getattr(args, name) for name in names) < 1 or args.size % 16 or args.frames % 2:
        raise UsageError('all numbers must be positive, --size divisible by 16 and --frames by 2')
    report = measure(args)
    one, several = report['training_s'].values()
    text = [
        '{videos} clips of {tokens[0]} tokens of width {tokens[1]}, {epochs} epochs, {blocks} '
        'blocks, {device}'.format(**report),
        f'encoding              {report["encoding_s"]:8.2f} s',
        f'training, 1 rate      {one:8.2f} s',
        f'training, {args.rates} rates     {several:8.2f} s, {report["training_ratio"]:.2f} times',
        f'probe, {args.rates} rates to one {report["probe_ratio"]:9.2f} times',
    ]
    return Told(report, text)
