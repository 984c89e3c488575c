"""Use a page as a visitor does: with real clicks and keys in a headless browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest

from tests.support.browser import find_browser

needs_clicks = pytest.mark.skipif(
    find_browser() is None or find_spec('playwright') is None, reason='needs chromium, playwright'
)


@contextmanager
def opened(address: str, size: tuple[int, int] = (1280, 900)) -> Iterator[Any]:
    """Playwright's page at an address; errors of its scripts fail the test."""
    from playwright.sync_api import sync_playwright

    broken: list[str] = []
    with sync_playwright() as driver:
        options = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--no-proxy-server']
        browser = driver.chromium.launch(executable_path=find_browser(), args=options)
        page = browser.new_page(viewport={'width': size[0], 'height': size[1]})
        page.set_default_timeout(20_000)
        page.on('pageerror', lambda error: broken.append(str(error)))
        page.goto(address)
        yield page
        browser.close()
    assert not broken
