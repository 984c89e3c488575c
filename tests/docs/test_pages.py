"""Contract: every command, option, path and entry of a config that a page names exists."""

import argparse
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmvideomae.cli.main import _names

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
MIGRATION = (ROOT / 'docs' / 'migration.md').read_text(encoding='utf-8')
INSTALLATION = (ROOT / 'docs' / 'installation.md').read_text(encoding='utf-8')


def commands(page: Path) -> list[list[str]]:
    """Words of each call of ``mmvideomae``, in blocks and within sentences."""
    text = page.read_text(encoding='utf-8').replace('\\\n', ' ')
    lines = [
        line for block in re.findall(r'```\w+\n(.*?)```', text, re.S) for line in block.split('\n')
    ]
    lines += [' '.join(each.split()) for each in re.findall(r'`(mmvideomae [^`]+)`', text)]
    calls = [shlex.split(line, comments=True) for line in lines if line.startswith('mmvideomae ')]
    return [call[1:] for call in calls]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_commands_and_options_exist(page: Path) -> None:
    for words in commands(page):
        if words[0].startswith('--') or words[0] == 'COMMAND':
            continue
        group = words[:1] if words[0] == 'data' else []
        name = words[len(group)]
        assert name in _names(group) or words == ['data', '...'], (page.name, words)
        module = '.'.join([*group, name]).replace('-', '_')
        parser = import_module(f'mmvideomae.cli.commands.{module}').options()
        for action in parser._actions:  # such as synthesize's kinds of data
            if isinstance(action, argparse._SubParsersAction) and words[len(group) + 1 :]:
                parser = action.choices[words[len(group) + 1]]
        known = {*parser._option_string_actions, '--json'}
        used = {word.partition('=')[0] for word in words if re.match(r'--?[a-z]', word)}
        assert used <= known, (page.name, words)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_paths_exist(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    named = re.findall(
        r'(?<![\w/])(?:tools|configs|docker|requirements)/[\w./-]+\.(?:py|sh|txt|md)\b', text
    )
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r'\]\(([^)#\s]+)', PAGES[0].read_text(encoding='utf-8'))
    assert len(links) > 20
    assert [link for link in links if '://' not in link and not (ROOT / link).exists()] == []


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / 'mkdocs.yml').read_text(encoding='utf-8')
    named = set(re.findall(r': ([\w/-]+\.(?:md|ipynb))$', text, re.M))
    assert named >= {page.name for page in PAGES if page.parent.name == 'docs'}


def test_no_page_links_to_the_readme_that_would_replace_the_first_page() -> None:
    for page in PAGES[1:]:
        assert '](../README.md' not in page.read_text(encoding='utf-8'), page.name


def value_at(cfg: Any, key: str) -> Any:
    for part in key.split('.'):
        cfg = cfg[part]
    return cfg


def test_entries_that_replace_options_of_others_exist() -> None:
    leaves = (
        'pretrain/videomae/videomae_vit-base-p16_64xb32-16x4x1-800e_kinetics400.py',
        'recognition/videomae/videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py',
    )
    pretrain, finetune = (Config.fromfile(ROOT / 'configs' / leaf) for leaf in leaves)
    keys = re.findall(
        r'`((?:model|\w+_dataloader|optim_wrapper|param_scheduler|train_cfg)\.[\w.]+)`', MIGRATION
    )
    assert len(keys) > 10
    for key in keys:
        found = [cfg for cfg in (pretrain, finetune) if _has(cfg, key)]
        assert found, key
    assert value_at(pretrain, keys[0]) == 0.9


def _has(cfg: Config, key: str) -> bool:
    try:
        value_at(cfg, key)
    except KeyError:
        return False
    return True


def test_the_extras_are_those_of_the_package() -> None:
    rows = re.findall(r'^\| ((?:`\w+`(?:, )?)+) \| [^|]+\|$', INSTALLATION, re.M)
    told = {name for row in rows for name in re.findall(r'`(\w+)`', row)}
    script = (ROOT / 'setup.py').read_text(encoding='utf-8')
    declared = set(re.findall(r"^        '(\w+)': [r\[]", script, re.M))
    assert told == declared - {'mim'}


def test_versions_are_the_tested_ones() -> None:
    pins = (ROOT / 'requirements' / 'constraints.txt').read_text(encoding='utf-8')
    told = re.findall(
        r'\b(torch|torchvision|mmengine|mmcv|mmaction2|mmdet|decord) (\d+\.\d+\.\d+)',
        ' '.join(INSTALLATION.split()),
    )
    assert len(told) >= 7
    for name, version in told:
        assert f'\n{name}=={version}' in pins
