"""The recipes of the metafiles, with the public weights that fit them, as a table in Markdown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

TASKS = {
    'pretrain': 'Pre-training',
    'recognition': 'Classification',
    'detection': 'Action detection',
    'localization': 'Temporal localization',
    'features': 'Features',
    'demo': 'Demo',
}
SIZES = ('tiny', 'small', 'base', 'large', 'huge', 'giant')
COLUMNS = ('Recipe', 'Task', 'Data', 'Size', 'Reported figure', 'Cost', 'Public weights', 'Licence')
_SIZE = re.compile(rf'[-_]({"|".join(SIZES)})(?=[-_])')
_METRIC = re.compile(r'(?P<name>.+?) \(reported by (?P<by>[^,)]+).*\)')
_SHORT = {
    'Top 1 Accuracy': 'top-1',
    'Top 5 Accuracy': 'top-5',
    'Single View Top 1 Accuracy': 'top-1 of a single view',
}


class Recipe(NamedTuple):
    """A row of the table; texts in Markdown, empty where nothing is known."""

    name: str
    config: str
    task: str
    data: str
    size: str
    figure: str
    cost: str
    weights: str
    licence: str


def recipes(root: Path) -> list[Recipe]:
    """All recipes that ``model-index.yml`` leads to, in its order."""
    weights = _weights(root)
    index = yaml.safe_load((root / 'model-index.yml').read_text(encoding='utf-8'))
    return [
        _recipe(model, weights.get(model['Config'], []))
        for metafile in index['Import']
        for model in yaml.safe_load((root / metafile).read_text(encoding='utf-8'))['Models']
    ]


def table(rows: list[Recipe]) -> str:
    """The rows as a table of Markdown."""
    lines = [COLUMNS, ['---'] * len(COLUMNS)]
    lines += [[f'[{row.name}]({row.config})', *(text or '-' for text in row[2:])] for row in rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _recipe(model: dict[str, Any], weights: list[dict[str, Any]]) -> Recipe:
    about = model.get('Metadata', {})
    size = _SIZE.search(model['Name'])
    licences = [entry.get('licence') or 'not stated' for entry in weights]
    return Recipe(
        name=model['Name'],
        config=model['Config'],
        task=TASKS[model['Config'].split('/')[1]],
        data=about.get('Training Data', ''),
        size=size[1] if size else '',
        figure='<br>'.join(_figures(model.get('Results', ()))),
        cost=_cost(about),
        weights='<br>'.join(map(_link, weights)),
        licence='<br>'.join(licences),
    )


def _figures(results: list[dict[str, Any]]) -> Iterator[str]:
    """Such as ``81.5 top-1 on Kinetics-400 (paper)``, with a link to another source."""
    for result in results:
        for metric, value in result['Metrics'].items():
            found = _METRIC.fullmatch(metric)
            if found is None:
                raise ValueError(f'{metric!r} does not say by whom it is reported')
            by = found['by'].removeprefix('the ')
            by = f'[{by}]({result["Source"]})' if 'Source' in result else by
            name = _SHORT.get(found['name'], found['name'])
            yield f'{value} {name} on {result["Dataset"]} ({by})'


def _cost(about: dict[str, Any]) -> str:
    parts = {
        'FLOPs (G)': '{} G per view',
        'Parameters (M)': '{} M parameters',
        'Epochs': '{} epochs',
        'Training Resources': '{}',
    }
    return '<br>'.join(text.format(about[key]) for key, text in parts.items() if key in about)


def _weights(root: Path) -> dict[str, list[dict[str, Any]]]:
    """Public checkpoints by the config that they fit."""
    text = (root / 'mmvideomae/checkpoints/public_weights.yml').read_text(encoding='utf-8')
    found: dict[str, list[dict[str, Any]]] = {}
    for name, entry in yaml.safe_load(text).items():
        found.setdefault(f'configs/{entry["config"]}', []).append({'name': name, **entry})
    return found


def _link(entry: dict[str, Any]) -> str:
    repo = entry.get('repo')
    address = (
        f'https://huggingface.co/{repo}' if repo else entry.get('address') or entry.get('page')
    )
    return f'[{entry["name"]}]({address})' if address else entry['name']
