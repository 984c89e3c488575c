"""The configs of this repository, read once."""

import copy
import functools
import math
import re
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config, ConfigDict

from mmvideomae.models.backbones.vit_videomae import ARCHS
from mmvideomae.registry import steps_of

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)


@functools.cache
def read(path: Path) -> Config:
    """A config that all tests share: they only look."""
    return Config.fromfile(path)


def load(path: Path) -> Config:
    """A config that may be changed; parsing is the slow part."""
    return copy.deepcopy(read(path))


def steps(cfg: Config, split: str = 'train') -> dict[str, ConfigDict]:
    """Transforms of a loader by their type, including nested ones."""
    return by_type(cfg[f'{split}_dataloader'].dataset.pipeline)


def by_type(pipeline: Any) -> dict[str, ConfigDict]:
    """Transforms by their type, those inside others after these."""
    found = {}
    for step in steps_of(pipeline):
        found |= {step['type']: step, **by_type(step.get('transforms', ()))}
    return found


def header(path: Path) -> str:
    """The comment that opens a file, without its hashes, paragraphs in one line."""
    lines = []
    for line in path.read_text().splitlines():
        if not line.startswith('# '):
            break
        lines.append(line[2:])
    text = '\n'.join(lines).replace('/\\\n', '/').replace('\\\n', ' ')
    return re.sub(r'\n +', ' ', text)


def command(path: Path, gpus: int) -> str:
    """The pattern of the first line of a header: the command of the published run."""
    name = re.escape(path.relative_to(ROOT).as_posix())
    if gpus == 1:
        return rf'(NUM_CLASSES=7 )?python tools/train\.py +{name}\n'
    nodes = f'NNODES={gpus // 8} ' if gpus > 8 else ''
    return rf'{nodes}bash tools/dist_train\.sh +{name} {min(gpus, 8)}\n'


def encoder_macs(cfg: Config, frames: int, pixels: int) -> float:
    """MACs of the whole encoder on one clip as in the papers: 5 per element of a layer norm."""
    width, depth, _, ratio = ARCHS[cfg.model.backbone.arch]
    patch = cfg.model.backbone.patch_size
    tokens = frames // 2 * (pixels // patch) ** 2
    per_token = 3 * 2 * patch**2 * width + depth * (4 + 2 * ratio) * width**2
    norms = 5 * width * 2 * depth * tokens
    return tokens * per_token + depth * 2 * tokens**2 * width + norms


def listed(folder: Path) -> dict[str, tuple[dict[str, Any], str]]:
    """By name, what metafile.yml and the table of README.md say of the configs of a folder.

    Asserts that both name all of them, and that the index has the metafile.
    """
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    metafile = folder / 'metafile.yml'
    assert metafile.relative_to(ROOT).as_posix() in index['Import']
    models = yaml.safe_load(metafile.read_text())['Models']
    paths = sorted(folder.glob('*.py'))
    assert sorted(m['Config'] for m in models) == [p.relative_to(ROOT).as_posix() for p in paths]
    assert {m['Name'] for m in models} == {p.stem for p in paths}
    readme = (folder / 'README.md').read_text()
    rows = {re.match(r'\| \[(.+?)\]', r)[1]: r for r in readme.split('\n') if r[:3] == '| ['}
    assert set(rows) == {p.stem for p in paths}
    assert all(f']({stem}.py)' in row for stem, row in rows.items())
    return {model['Name']: (model, rows[model['Name']]) for model in models}


def table(page: str) -> dict[str, list[str]]:
    """Cells of the rows of a page of docs/, by config."""
    rows: dict[str, list[str]] = {}
    for line in (ROOT / 'docs' / page).read_text().splitlines():
        if line.startswith('| [`'):
            first, *cells = (cell.strip() for cell in line.strip('|').split('|'))
            stem = first.partition('`')[2].partition('`')[0]
            assert stem not in rows, f'{stem} stands twice in the table'
            rows[stem] = cells
    return rows


def ends(checkpoint: str) -> tuple[str, Config]:
    """Name and config of the run whose last checkpoint this is."""
    stem, epoch = re.fullmatch(r'work_dirs/(.+)/epoch_(\d+)\.pth', checkpoint).groups()
    (found,) = [path for path in LEAVES if path.stem == stem]
    cfg = read(found)
    assert cfg.train_cfg.max_epochs == int(epoch)
    return stem, cfg


VIMPAC_NAME = re.compile(
    r'vimpac_(?P<size>small|small-wide|small-deep|base|large-half)-p8_'
    r'(?P<gpus>\d+)xb(?P<batch>\d+)-(?P<frames>\d+)x(?P<fps>\d+)fps-(?P<epochs>\d+)e_'
    r'(?P<dataset>[a-z0-9]+)(?:_(?P<pixels>\d+)px)?(?:[_-](?P<variant>[a-z0-9]+(?:-[a-z0-9]+)*))?'
)
"""Of the configs of VIMPAC: ``<frames>x<frames per second>fps`` in the place of a stride."""


def vimpac_leaves(task: str) -> list[Path]:
    """Configs of VIMPAC for a task, but those of its tokenizers."""
    folder = CONFIGS / task / 'vimpac'
    return [path for path in LEAVES if folder in path.parents and path.stem.startswith('vimpac_')]


def vimpac_facts(path: Path) -> dict[str, Any]:
    """What the name of a config of VIMPAC says, numbers as numbers; 128 pixels go unsaid."""
    match = VIMPAC_NAME.fullmatch(path.stem)
    assert match, f'{path.name} is not named as the others'
    found = {k: int(v) if v and v.isdigit() else v for k, v in match.groupdict().items()}
    return {**found, 'pixels': found['pixels'] or 128}


VIMPAC_SHAPES = {
    'small': (512, 6, 512, 2048),
    'small-wide': (768, 6, 768, 3072),
    'small-deep': (512, 12, 512, 2048),
    'base': (768, 12, 768, 3072),
    'large-half': (1024, 24, 512, 2048),
}
"""Width, layers, width of attentions and hidden units (VIMPAC Tables 3 and 6)."""


def vimpac_encoder(cfg: Config) -> tuple[int, float]:
    """Parameters, and multiply-accumulates of a clip with 5 per element of a layer norm.

    Written down from the paper: an attention of a layer has four maps of its width, every token
    and CLS meet their own row.
    """
    backbone = cfg.model.backbone
    width, layers, inner, hidden = VIMPAC_SHAPES[backbone.arch]
    grid = dict(zip('THW', backbone.grid_size, strict=True))
    tokens = math.prod(grid.values())
    attentions = backbone.layout.split(',')
    params = 8197 * width + (2 + sum(grid.values())) * width + 2 * width
    params += layers * len(attentions) * (4 * width * inner + 3 * inner + 3 * width)
    params += layers * (2 * width * hidden + hidden + 3 * width)
    macs = layers * (tokens + 1) * (len(attentions) * 4 * width * inner + 2 * width * hidden)
    for attention in attentions:
        parts = attention.split('|')
        for axes in parts:
            length = math.prod(grid[axis] for axis in axes.split('x'))
            rows = tokens // length
            macs += layers * 2 * rows * (length + 1) ** 2 * (inner // len(parts))
    norms = layers * (len(attentions) + 1) + 1
    return params, macs + 5 * norms * (tokens + 1) * width
