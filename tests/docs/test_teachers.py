"""Contract: the models of docs/teachers.md can be built, and its table has every recipe."""

import re

import torch
from mmengine.registry import DefaultScope

from mmvideomae.registry import MODELS
from tests.support.leaves import CONFIGS, ROOT

PAGE = (ROOT / 'docs' / 'teachers.md').read_text(encoding='utf-8')


def test_every_model_can_be_built() -> None:
    names: dict[str, object] = {}
    for snippet in re.findall(r'^```python\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL):
        exec(snippet, names)
        with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
            built = MODELS.build(names['model'])
        assert built.target.dims == names['model']['head']['out_dims']


def test_the_table_has_every_recipe_with_a_teacher() -> None:
    linked = set(re.findall(r'\(\.\./configs/pretrain/(\w+)/README\.md\)', PAGE))
    bases = (CONFIGS / '_base_' / 'models').glob('*.py')
    taught = {path.stem.partition('_')[0] for path in bases if 'LatentTarget' in path.read_text()}
    assert linked == {*taught, 'mocov3'}
