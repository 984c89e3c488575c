"""Contract: the API reference has every exported name, registered class and open definition."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from mmengine.registry import Registry

import mmvideomae
from mmvideomae import registry

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope='module')
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools' / 'dev'))
        yield importlib.import_module('public_names')
    sys.modules.pop('public_names')


@pytest.fixture(scope='module')
def listed(module: ModuleType) -> dict[str, str]:
    """Definition -> the module that the reference says to import it from."""
    rooms = module.public_names(ROOT)
    return {full: place for places in rooms.values() for place in places for full in places[place]}


def test_every_listed_name_can_be_imported(listed: dict[str, str]) -> None:
    for full, place in listed.items():
        assert hasattr(importlib.import_module(place), full.rpartition('.')[2]), (place, full)


def test_every_registered_class_is_listed(listed: dict[str, str]) -> None:
    registries = [value for value in vars(registry).values() if isinstance(value, Registry)]
    parts = []
    for each in registries:
        each.import_from_location()
        parts += [part for part in each.module_dict.values() if isinstance(part, type)]
    ours = {part for part in parts if part.__module__.startswith('mmvideomae.')}
    assert len(ours) > 100
    for part in ours:
        assert f'{part.__module__}.{part.__name__}' in listed


def test_every_export_is_listed(listed: dict[str, str]) -> None:
    exports = 0
    for info in pkgutil.walk_packages(mmvideomae.__path__, 'mmvideomae.'):
        if not info.ispkg:
            continue
        package = importlib.import_module(info.name)
        for name in getattr(package, '__all__', ()):
            exports += 1
            assert any(full.endswith(f'.{name}') for full in listed), (info.name, name)
    assert exports > 200


def test_a_name_of_an_open_module_a_base_and_a_re_export(
    module: ModuleType, tmp_path: Path
) -> None:
    files = {
        'ops/boxes.py': 'from torch import Tensor\ndef iou(): ...\ndef _inner(): ...\n',
        'models/heads/__init__.py': (
            'from mmvideomae.models.heads.own import Own\n__all__ = ["Own", "__version__"]\n'
        ),
        'models/heads/own.py': (
            'from mmvideomae.models.heads.base import Base\n'
            'from torch.nn import Module\n'
            '@MODELS.register_module()\nclass Own(Base, Module): ...\n'
            'class Helper: ...\n'
        ),
        'models/heads/base.py': 'class Base: ...\n',
    }
    for name, text in files.items():
        path = tmp_path / 'mmvideomae' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    heads = 'mmvideomae.models.heads'
    assert module.public_names(tmp_path) == {
        'models.heads': {f'{heads}.base': [f'{heads}.base.Base'], heads: [f'{heads}.own.Own']},
        'ops': {'mmvideomae.ops.boxes': ['mmvideomae.ops.boxes.iou']},
    }
