"""Contract: published configs keep their settings, name their steps and inherit bases.

``settings.txt`` holds a digest of each config's resolved settings, made by `digest` from the last
version that listed its steps, or when it was added.  After an intended change of a config, replace
its digest with the one that the failure shows, and give the reason in the commit.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mmengine import registry as mmengine_registries
from mmengine.registry import DefaultScope, Registry

from mmvideomae import registry as registries
from mmvideomae.configs import datasets_of
from mmvideomae.models.backbones.vit_videomae import ARCHS
from mmvideomae.models.layers.cube_transformer import resolve_arch
from tests.support.leaves import CONFIGS, LEAVES, read

BASES = sorted((CONFIGS / '_base_').rglob('*.py'))
DIGESTS = dict(
    line.split() for line in Path(__file__).with_name('settings.txt').read_text().splitlines()
)
# What a runner takes.  The rest are names for what a file says several times.
KEYS = (
    *('model', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'train_cfg', 'val_cfg'),
    *('test_cfg', 'val_evaluator', 'test_evaluator', 'optim_wrapper', 'param_scheduler'),
    *('auto_scale_lr', 'default_hooks', 'custom_hooks', 'default_scope', 'randomness', 'env_cfg'),
    *('log_processor', 'log_level', 'load_from', 'resume', 'runner_type', 'strategy'),
)
# Of steps: a config may leave them out.
DEFAULTS = {'num_clips': 1, 'num_crops': 1, 'fps': None, 'backend': 'auto'}


def settings(node: Any, key: str = '') -> Any:
    """Lists of steps without their names, defaults left out; tuples as lists."""
    if key in ('pipeline', 'transforms'):
        steps = node.values() if isinstance(node, dict) else node
        node = [
            {k: v for k, v in step.items() if DEFAULTS.get(k, ...) != v} for step in steps if step
        ]
    if isinstance(node, dict):
        return {name: settings(value, name) for name, value in node.items()}
    return [settings(each) for each in node] if isinstance(node, list | tuple) else node


def say_all(model: dict[str, Any], classes: int | None = None) -> None:
    """Write out the settings that a recognizer derives."""
    head, preprocessor = model['cls_head'], model.get('data_preprocessor') or {}
    head.setdefault('in_channels', resolve_arch(model['backbone']['arch'], ARCHS).embed_dims)
    head.setdefault('num_classes', classes)
    preprocessor.pop('num_classes', None)
    if preprocessor.get('blend') or preprocessor.get('label_smoothing'):
        preprocessor['num_classes'] = head['num_classes']
    if 'teacher' in model:
        say_all(model['teacher'], head['num_classes'])


def digest(cfg: dict[str, Any]) -> str:
    """Digest of the settings of a resolved config, independent of the names of its steps."""
    kept = settings({key: cfg[key] for key in KEYS if key in cfg})
    kept.get('default_hooks', {}).pop('preemption', None)  # came later, to all of them
    if (
        kept['model'].get('backbone', {}).get('type') == 'VideoMAEViT'
        and 'cls_head' in kept['model']
    ):
        say_all(kept['model'])
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def test_every_published_config_resolves_to_its_settings() -> None:
    found = {path.stem: digest(read(path).to_dict()) for path in LEAVES}
    changed = {stem: now for stem, now in found.items() if DIGESTS.get(stem, now) != now}
    assert not changed and set(DIGESTS) <= set(found)


def test_no_config_edits_a_pipeline_by_index() -> None:
    indexed = re.compile(r'pipeline\S*\[\d|transforms\S*\[\d|(pipeline|transforms)=\[|\.pop\(')
    assert [p.name for p in [*LEAVES, *BASES] if indexed.search(p.read_text())] == []


def test_a_config_inherits_bases_or_varies_one_thing_of_another() -> None:
    """Whatever inherits a leaf changes one part, with what follows from it, or the weights."""
    for path in LEAVES:
        bases = re.search(r"^_base_ = (\[.*?\]|'.*?')$", path.read_text(), re.DOTALL | re.MULTILINE)
        if '_base_/' in bases[1] and 'fsdp' not in bases[1]:
            continue
        (parent,) = (path.parent / name for name in re.findall(r"'([^']+)'", bases[1])[:1])
        mine, theirs = settings(read(path).to_dict()), settings(read(parent.resolve()).to_dict())
        changed = {key for key in KEYS if mine.get(key) != theirs.get(key)}
        if 'train_dataloader' in changed:  # a task is validated as it is trained
            changed.discard('val_dataloader')
        assert len(changed - {'runner_type', 'strategy', 'load_from'}) <= 1 or re.search(
            'target-|multi-label', path.stem
        ), path.stem


def test_every_type_resolves() -> None:
    """Each `type`, also of hooks and loops that one step never touches, is registered."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    modules = (registries, mmengine_registries)
    known = [r for m in modules for r in vars(m).values() if isinstance(r, Registry)]
    named: dict[str, str] = {}
    for path in [*LEAVES, *BASES]:
        named |= dict.fromkeys(_types(read(path).to_dict()), path.name)
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        missing = {kind: named[kind] for kind in named if not any(r.get(kind) for r in known)}
    assert missing == {}


def test_every_part_builds() -> None:
    """Transforms, metrics and hooks accept what the configs give them."""
    built: dict[str, Any] = {}
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        for path in LEAVES:
            cfg = read(path)
            for _, dataset in datasets_of(cfg):
                _once(built, registries.build_steps, dataset.pipeline)
            for name in ('val_evaluator', 'test_evaluator'):
                if cfg.get(name):
                    _once(built, registries.METRICS.build, cfg[name])
            for hook in filter(None, [*cfg.default_hooks.values(), *cfg.get('custom_hooks', [])]):
                _once(built, registries.HOOKS.build, hook)


def _once(built: dict[str, Any], build: Any, config: Any) -> None:
    key = repr(config)
    if key not in built:
        built[key] = build(config)


def _types(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        kinds = [node.get('type'), node.get('constructor'), node.get('runner_type')]
        yield from (kind for kind in kinds if isinstance(kind, str))
        node = list(node.values())
    if isinstance(node, list | tuple):
        for value in node:
            yield from _types(value)
