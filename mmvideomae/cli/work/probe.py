"""Probe a frozen encoder, for ``mmvideomae probe``."""

import argparse
from dataclasses import fields
from pathlib import Path

from rich.table import Table

from mmvideomae.apis.probes.feature_cache import FeatureCache
from mmvideomae.apis.probes.probing import ProbeReport, probe
from mmvideomae.apis.probes.settings import ProbeSettings
from mmvideomae.cli.tool import Told, UsageError, work_bars
from mmvideomae.configs import read_config
from mmvideomae.visualization.charts import Curve
from mmvideomae.visualization.files import save_picture
from mmvideomae.visualization.probes import ProbePanel, draw_probes

_X_LABELS = {'knn': 'neighbours', 'linear': 'learning rate', 'attentive': 'learning rate'}


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
    drawn = draw_probes(_panels(report), 1 / report.num_classes, name)
    summary = {**report.as_json(), 'picture': str(save_picture(picture, drawn))}
    train, test = report.videos
    last = f'{train} training and {test} test videos of {report.num_classes} classes; {picture}'
    return Told(summary, [_table(report), last])


def _table(report: ProbeReport) -> Table:
    """All classifiers, with a mark at the best of each kind."""
    made, best = Table('probe', 'settings', 'top-1', 'top-5', '', box=None), report.best()
    for each in report.results:
        shares = (f'{100 * share:.2f}' for share in (each.top1, each.top5))
        made.add_row(each.probe, each.name, *shares, 'best' if each in best else '')
    return made


def _panels(report: ProbeReport) -> list[ProbePanel]:
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
        found.append(ProbePanel(kind, _X_LABELS[kind], lines))
    return found
