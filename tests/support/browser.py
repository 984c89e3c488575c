"""Open a page in a headless browser, if there is one."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

_NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
_OPTIONS = (
    *('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'),
    *('--disable-background-networking', '--disable-component-update', '--disable-sync'),
    *('--disable-dev-shm-usage', '--no-proxy-server', '--hide-scrollbars'),
    '--autoplay-policy=no-user-gesture-required',
)
_SECONDS = 60
# The browser looks at a page when all of it is loaded: a picture that comes when the page is as
# the visitor wants it holds it back, however slow the machine.
_VISITOR = """
<img src="wait" hidden><script>
(() => {
  const video = document.querySelector('video');
  let acted = false;
  const timer = setInterval(() => {
    if (video && video.readyState < 2) return;
    if (!acted) { acted = true; %(action)s; return; }
    if (!(%(until)s)) return;
    clearInterval(timer);
    requestAnimationFrame(() => requestAnimationFrame(() => fetch('ready')));
  }, 50);
})();
</script></body>"""


class Visit(NamedTuple):
    """The contents of a page in a browser after its scripts have run."""

    tree: str
    """HTML."""
    picture: np.ndarray
    """(H, W, 3) uint8."""


def find_browser() -> str | None:
    """The command of a Chromium, or None if there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def visit(
    page: Path,
    folder: Path,
    fragment: str = '',
    action: str = '',
    until: str = 'true',
    size: tuple[int, int] = (1000, 1000),
) -> Visit:
    """Open a page, act on it and look at it.

    Args:
        page: HTML file with a ``</body>``.
        folder: For the browser's files.
        fragment: Behind the page's address, such as ``'#t=2'``.
        action: JavaScript that runs once when the page's video, ``video``, shows a frame.
        until: JavaScript; the browser looks when it is true.
        size: Width and height of the window.

    Raises:
        RuntimeError: There is no browser, or it does not come to an end.
    """
    browser = find_browser()
    if browser is None:
        raise RuntimeError(f'none of {", ".join(_NAMES)} is installed')
    text = page.read_text(encoding='utf-8')
    text = text.replace('</body>', _VISITOR % {'action': action, 'until': until})
    picture = folder / 'screenshot.png'
    with _served(text.encode()) as address:
        command = [
            *(browser, *_OPTIONS, f'--user-data-dir={folder / "profile"}'),
            *(f'--window-size={size[0]},{size[1]}', '--dump-dom', f'--screenshot={picture}'),
            f'{address}{fragment}',
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_SECONDS, check=True
            )
        except subprocess.SubprocessError as error:
            raise RuntimeError(f'the browser failed: {error}') from error
    return Visit(done.stdout, np.asarray(Image.open(picture).convert('RGB')))


@contextmanager
def _served(content: bytes) -> Iterator[str]:
    """Serve a page on this machine alone; its address."""
    ready = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b''
            if self.path == '/':
                body = content
            elif self.path == '/ready':
                ready.set()
            else:
                ready.wait(_SECONDS)
            self.send_response(200)
            self.send_header('Content-Type', 'text/html; charset=utf-8')
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # of a browser that has been stopped
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f'http://127.0.0.1:{server.server_address[1]}/'
    finally:
        ready.set()
        server.shutdown()
        server.server_close()
