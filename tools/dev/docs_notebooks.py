"""MkDocs hook that shows each notebook of ``docs/notebooks`` as a page beside the file itself."""

import json
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages to the site."""
    for path in sorted(Path(config.docs_dir, 'notebooks').glob('*.ipynb')):
        content = _page(path)
        files.append(File.generated(config, f'notebooks/{path.stem}.md', content=content))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to notebooks, which a site would download, at their pages."""
    if page.file.abs_src_path is None:  # a page that a hook has written
        return markdown
    return re.sub(r'(?<=\]\()(\S*notebooks/\w+)\.ipynb\)', r'\1.md)', markdown)


def _page(path: Path) -> str:
    """Cells of text as they are, cells of code in fences; a link to the file below the title."""
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    parts = [_block(cell['cell_type'], ''.join(cell['source'])) for cell in cells]
    link = f'[Download this notebook]({path.name}), and open it with Jupyter in a folder of yours.'
    return '\n\n'.join([parts[0], link, *parts[1:]])


def _block(kind: str, text: str) -> str:
    if kind == 'markdown':
        return re.sub(r'\((\w+)\.ipynb\)', r'(\1.md)', text)
    language = 'bash' if text.startswith('!') else 'python'
    return f'```{language}\n{text}\n```'
