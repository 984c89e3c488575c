"""Self-contained HTML pages."""

import base64
import os
from html import escape
from pathlib import Path

MEDIA_TYPES = {
    '.png': 'image/png',
    '.gif': 'image/gif',
    '.mp4': 'video/mp4',
    '.m4v': 'video/mp4',
    '.mov': 'video/mp4',  # browsers that support H.264 play it with that type
    '.webm': 'video/webm',
}


def html_page(title: str, body: str, style: str = '', script: str = '') -> str:
    """A page with its title as heading.

    Args:
        title: Plain text.
        body: HTML below the heading.
        style: CSS in addition to that of all pages.
        script: JavaScript that runs after the body has loaded.
    """
    title = escape(title)
    code = f'<script>{script}</script>' if script else ''
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><style>{_STYLE}{style}</style></head>\n'
        f'<body><main><h1>{title}</h1>{body}</main>{code}</body></html>\n'
    )


def file_uri(path: str | os.PathLike[str]) -> str:
    """A picture or video embedded in the page, as a URI for ``src``.

    Raises:
        ValueError: The name has no suffix of `MEDIA_TYPES`.
    """
    path = Path(path)
    if path.suffix.lower() not in MEDIA_TYPES:
        raise ValueError(f'{path}: a picture or video must end in {", ".join(MEDIA_TYPES)}')
    return data_uri(MEDIA_TYPES[path.suffix.lower()], path.read_bytes())


def data_uri(kind: str, content: bytes) -> str:
    """A data URI of content with a media type such as ``image/png``."""
    return f'data:{kind};base64,{base64.b64encode(content).decode()}'


def image(svg: bytes, words: str) -> str:
    """A drawing embedded in the page, with a description as alternative text."""
    return f'<img src="{data_uri("image/svg+xml", svg)}" alt="{escape(words)}">'


_STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #f6f6f4; color: #222;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 19px; margin: 0 0 14px; }
.summary { max-width: 46em; margin: 0 0 24px; color: #444; }
section { background: #fff; border: 1px solid #e2e2de; border-radius: 8px;
  padding: 20px 24px; margin: 18px 0; overflow-x: auto; }
section p { margin: 6px 0; }
.note, .empty { color: #666; font-size: 14px; }
svg { max-width: 100%; height: auto; font-family: inherit; }
figure { margin: 0; }
figure.chart { display: inline-block; vertical-align: top; margin: 0 20px 16px 0; }
figure.chart figcaption { font-weight: 600; }
figure.picture { margin: 0 0 22px; }
figure.picture figcaption { color: #555; font-size: 14px; }
img, video { max-width: 100%; height: auto; }
figure.picture > img, video { border: 1px solid #e8e8e4; }
pre { margin: 4px 0 14px; padding: 10px 12px; background: #f3f3f0; border-radius: 6px;
  font: 13.5px/1.45 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: 15px; }
th { text-align: left; font-weight: 500; color: #555; padding: 3px 24px 3px 0;
  vertical-align: top; }
td { padding: 3px 0; overflow-wrap: anywhere; }
"""
