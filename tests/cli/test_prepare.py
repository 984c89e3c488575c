"""Contract: the commands that list published data sets name a config of the package to run next."""

import re
from pathlib import Path

from mmvideomae.cli import commands
from mmvideomae.version import shipped


def test_the_recipes_exist() -> None:
    (folder,) = commands.__path__
    found = set()
    for path in Path(folder).glob('data/*.py'):
        found |= set(re.findall(r"'((?:pretrain|recognition)/\w+/[^']+)'", path.read_text()))
    assert len(found) == 9
    for recipe in found:
        assert shipped(f'configs/{recipe.removesuffix(".py")}.py').is_file()
