"""Contract: docs/troubleshooting.md explains messages that the toolbox prints."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmvideomae.engine.foreign_errors import translate

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'troubleshooting.md').read_text(encoding='utf-8')
MESSAGES = re.findall(r'^\| `(.+?)`(?=[ ,].*\|$)', PAGE, re.MULTILINE)
# Messages whose parts stand in different places: the rest of each is what one place says.
SPLIT = {
    'there is no ...; your own parts must be imported first (custom_imports)': '; your own parts '
    'must be imported first (custom_imports)',
    'cannot resume: data was ... and is now ...': '... was ... and is now ...',
    '... cannot be reached (...): download it where there is a network, ...': '... cannot be '
    'reached (...): ...',
}


def texts() -> Iterator[str]:
    """Every text of the package, with a NUL for each value in it."""
    for path in (ROOT / 'mmvideomae').rglob('*.py'):
        if '.mim' in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield ''.join(
                    str(part.value) if isinstance(part, ast.Constant) else '\0'
                    for part in node.values
                )


TEXTS = '\n'.join(text.replace('\n', ' ') for text in texts())


@pytest.mark.parametrize('message', MESSAGES)
def test_the_message_is_one_of_the_package(message: str) -> None:
    parts = SPLIT.get(message, message).split('...')
    assert max(map(len, parts)) > 10, 'nothing of the message is left to compare'
    pattern = '.*?'.join(re.escape(part.strip()) for part in parts)
    assert re.search(pattern, TEXTS), message


def test_a_message_that_nothing_prints_would_be_found() -> None:
    assert len(MESSAGES) > 50
    assert not re.search('the videos are too .*? for this model', TEXTS)


def test_messages_of_libraries_are_explained_as_the_page_says() -> None:
    for raised in ('CUDA out of memory. Tried to allocate 2 GiB', 'bus error', 'EADDRINUSE'):
        told = translate(RuntimeError(raised))
        assert told is not None
        assert any(
            re.match('.*?'.join(map(re.escape, message.split('...'))), told) for message in MESSAGES
        ), told
