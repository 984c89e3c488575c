"""MkDocs hook that publishes the files of the repository to which pages link."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

_LINK = re.compile(r'(?<=\]\()(?!\w+:|#)[^)#\s]+')


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add files that pages link to, and the files linked there, to the site."""
    pages = files.documentation_pages()
    queue = [page.src_uri for page in pages if page.abs_src_path is not None]
    for name in queue:
        for target in _targets(Path(_source(files, name)), config):
            published = _published(target, config)
            # The README of the repository would take the place of the first page.
            if (
                published != 'README.md'
                and files.get_file_from_path(published) is None
                and target.is_file()
            ):
                file = File.generated(
                    config, published, abs_src_path=str(target), inclusion=InclusionLevel.NOT_IN_NAV
                )
                files.append(file)
                queue += [published] if file.is_documentation_page() else []


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to files outside docs/ at their published copies."""
    if page.file.abs_src_path is None:  # a page that another hook has written
        return markdown
    folder = Path(page.file.abs_src_path).parent

    def moved(link: re.Match[str]) -> str:
        target = _published((folder / link[0]).resolve(), config)
        return os.path.relpath(target, os.path.dirname(page.file.src_uri) or '.')

    return _LINK.sub(moved, markdown)


def _targets(source: Path, config: MkDocsConfig) -> Iterator[Path]:
    for link in _LINK.findall(source.read_text(encoding='utf-8')):
        yield (source.parent / link).resolve()


def _source(files: Files, name: str) -> str:
    file = files.get_file_from_path(name)
    assert file is not None
    return str(file.abs_src_path)


def _published(path: Path, config: MkDocsConfig) -> str:
    """Path of a file in the site: pages of docs/ at its root, others as in the repository."""
    docs = Path(config.docs_dir)
    if path.is_relative_to(docs):
        return path.relative_to(docs).as_posix()
    return os.path.relpath(path, docs.parent)
