"""The configs of this repository, read once."""

import copy
import functools
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
    """A config of one's own; parsing is what takes the time."""
    return copy.deepcopy(read(path))


def steps(cfg: Config, split: str = 'train') -> dict[str, ConfigDict]:
    """Transforms of a loader by their type, those inside others too."""
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
    """The pattern of the first line of a header: how the published run is started."""
    name = re.escape(path.relative_to(ROOT).as_posix())
    if gpus == 1:
        return rf'(NUM_CLASSES=7 )?python tools/train\.py +{name}\n'
    nodes = f'NNODES={gpus // 8} ' if gpus > 8 else ''
    return rf'{nodes}bash tools/dist_train\.sh +{name} {min(gpus, 8)}\n'


def encoder_macs(cfg: Config, frames: int, pixels: int) -> float:
    """Of the whole encoder on one clip, as the papers count: 5 per element of a layer norm."""
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
    """Cells of the rows of a page of docs/ by the config that each is about."""
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
