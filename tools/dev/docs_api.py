"""MkDocs hook that writes one page of the reference for each room of the package.

A page has the public names of its room; mkdocstrings reads their docstrings from the sources, so
nothing of the package is imported.
"""

import ast
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from public_names import PACKAGE, public_names

SECTION = 'Python API'


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages into the section of the navigation that has no pages of its own."""
    rooms = public_names(_root(config))
    (section,) = (entry for entry in config.nav or [] if SECTION in entry)
    section[SECTION] += [{room: f'api/{room}.md'} for room in rooms]
    return config


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages to the site."""
    root = _root(config)
    for room, modules in public_names(root).items():
        content = _page(f'{PACKAGE}.{room}', modules, root)
        files.append(File.generated(config, f'api/{room}.md', content=content))


def _page(package: str, modules: dict[str, list[str]], root: Path) -> str:
    """What the package exports, then the rest by the module to import it from."""
    path = root.joinpath(*package.split('.'))
    source = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
    summary = ast.get_docstring(ast.parse(source.read_text(encoding='utf-8'))) or ''
    parts = [f'# {package}', summary]
    for module in sorted(modules, key=lambda name: (name != package, name)):
        parts += [] if module == package else [f'## {module}']
        parts += [f'::: {name}' for name in modules[module]]
    return '\n\n'.join(parts)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent
