"""Measure a frozen encoder by k-NN, a linear probe and V-JEPA's attentive probe.

python tools/probe.py CONFIG CKPT
python tools/probe.py CONFIG CKPT --probes knn linear
python tools/probe.py CONFIG CKPT --blocks 4 --all-views      # V-JEPA 2's protocol

CONFIG is that of a classifier: its backbone is frozen, classifiers are trained on its training
videos and tested on those of its test.  CKPT holds the weights of a classifier or of pre-training.
Each video is encoded once; features are kept in --cache for further probes, and the least recently
used ones are deleted there to make room.  All learning rates are trained in one pass, and the best
of each kind on the test set is marked, as papers report it.
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.table import Table

from mmvideomae.apis.features.encoder import PRECISIONS
from mmvideomae.apis.probes import FeatureCache, ProbeReport, ProbeSettings, probe
from mmvideomae.apis.probes.probing import CACHE
from mmvideomae.apis.probes.settings import PROBES
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser, work_bars
from mmvideomae.configs import read_config
from mmvideomae.ops.neighbours import DISTANCES
from mmvideomae.visualization.charts import Curve
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.probes import ProbePanel, draw_probes

X_LABELS = {'knn': 'neighbours', 'linear': 'learning rate', 'attentive': 'learning rate'}


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', metavar='CONFIG', help='config of a classifier')
    add('checkpoint', metavar='CKPT', nargs='?', help="weights (default: the backbone's own)")
    add_settings(parser.add_argument_group('probes'))
    add_option(
        parser, '--all-views', False, 'test on all views of the test pipeline instead of one'
    )
    add_option(parser, '--cache', CACHE, 'folder for features', metavar='FOLDER')
    add_option(parser, '--cache-gb', 100.0, 'most that it may take', metavar='GB')
    add(
        '--picture',
        type=Path,
        metavar='FILE',
        help='chart of the accuracies (default: work_dirs/NAME-OF-CONFIG_probes.png)',
    )
    add_option(parser, '--precision', 'auto', 'precision of the encoder', choices=PRECISIONS)
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser, 'override entries of the config, e.g. test_dataloader.batch_size=8')
    return parser


def add_settings(group: Any) -> None:
    """Options for the fields of `ProbeSettings`."""
    default = ProbeSettings()
    group.add_argument('--probes', nargs='+', choices=PROBES, help='which ones (default: all)')
    lists = {
        'neighbours': 'numbers of neighbours of k-NN',
        'linear_rates': 'learning rates of the linear probe, for a batch of 256',
        'rates': 'learning rates of the attentive probe',
        'decays': 'weight decays of the attentive probe, each with every rate',
    }
    for name, text in lists.items():
        values = getattr(default, name)
        group.add_argument(
            f'--{name.replace("_", "-")}',
            nargs='+',
            type=type(values[0]),
            help=f'{text} (default: {" ".join(map(str, values))})',
        )
    add_option(group, '--distance', default.distance, 'of neighbours', choices=DISTANCES)
    add_option(group, '--temperature', default.temperature, "of DINO's votes of neighbours")
    add_option(group, '--linear-epochs', default.linear_epochs, 'epochs of the linear probe')
    add_option(group, '--epochs', default.epochs, 'epochs of the attentive probe')
    text = 'attention blocks of the attentive probe; V-JEPA 2 has 4, of which 3 are self-attention'
    add_option(group, '--blocks', default.blocks, text)
    add_option(group, '--heads', default.heads, 'attention heads of the attentive probe')
    add_option(group, '--batch-size', default.batch_size, 'videos per update')
    add_option(group, '--seed', default.seed, 'seed of initial weights and orders')


def make(args: argparse.Namespace) -> Told:
    """Probe, draw and tabulate."""
    given = {each.name: getattr(args, each.name) for each in fields(ProbeSettings)}
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    settings = ProbeSettings(**{k: v for k, v in {**given, **lists}.items() if v is not None})
    if args.cache_gb <= 0:
        raise UsageError('--cache-gb must be positive')
    with work_bars() as progress:
        report = probe(
            read_config(args.config),
            args.checkpoint,
            settings,
            device=args.device,
            cfg_options=args.cfg_options,
            cache=FeatureCache(args.cache, int(args.cache_gb * 1e9)),
            all_views=args.all_views,
            precision=args.precision,
            progress=progress,
        )
    name = Path(args.config).stem
    picture = args.picture or Path('work_dirs') / f'{name}_probes.png'
    drawn = draw_probes(panels(report), 1 / report.num_classes, name)
    summary = {**report.as_json(), 'picture': str(save_picture(picture, drawn))}
    train, test = report.videos
    last = f'{train} training and {test} test videos of {report.num_classes} classes; {picture}'
    return Told(summary, [table(report), last])


def table(report: ProbeReport) -> Table:
    """All classifiers, with a mark at the best of each kind."""
    made, best = Table('probe', 'settings', 'top-1', 'top-5', '', box=None), report.best()
    for each in report.results:
        shares = (f'{100 * share:.2f}' for share in (each.top1, each.top5))
        made.add_row(each.probe, each.name, *shares, 'best' if each in best else '')
    return made


def panels(report: ProbeReport) -> list[ProbePanel]:
    """A panel for each kind of probe."""
    found = []
    for kind in dict.fromkeys(each.probe for each in report.results):
        curves: dict[str, list[tuple[float, float]]] = {}
        for each in report.results:
            if each.probe == kind:
                step, *other = each.settings.items()
                line = ', '.join(f'{key} {value}' for key, value in other)
                curves.setdefault(line, []).append((step[1], each.top1))
        lines = [Curve(line, *zip(*points, strict=True)) for line, points in curves.items()]
        found.append(ProbePanel(kind, X_LABELS[kind], lines))
    return found


if __name__ == '__main__':
    text = 'interrupted; repeat the command to continue with the features that are stored'
    sys.exit(run_tool(options(), make, text))
