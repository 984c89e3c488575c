"""Servers on this machine, an object store among them, that are slow, fail or stop when told to."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Nothing on stderr."""


class Server:
    """A WSGI application on a port of this machine.

    Attributes:
        latency: Seconds that every request waits.
        failures: Statuses that the next requests are answered with, instead of by the application.
        outage: After so many requests connections are dropped, for so many seconds.
        requests: Method and path of every request since `reset`.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.reset()
        self._server = make_server(
            '127.0.0.1', 0, self._answer, threaded=True, request_handler=_Quiet
        )
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def reset(self) -> None:
        """Forget what was told and asked."""
        self.latency = 0.0
        self.failures: list[int] = []
        self.outage: tuple[int, float] | None = None
        self.requests: list[tuple[str, str]] = []
        self._back = 0.0

    @property
    def address(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if self.outage and len(self.requests) >= self.outage[0]:
            self._back = time.monotonic() + self.outage[1]
            self.outage = None
        if time.monotonic() < self._back:  # a closed socket would stay open in forked workers
            environ['werkzeug.socket'].close()
            return []
        self.requests.append((environ['REQUEST_METHOD'], environ['PATH_INFO']))
        time.sleep(self.latency)
        if self.failures:
            return Response('out of order', status=self.failures.pop(0))(environ, start)
        return self._app(environ, start)


def serve_folder(folder: Path) -> Server:
    """A web server of files that answers ranges of bytes."""

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        file = folder / Request(environ).path.lstrip('/')
        if not file.is_file():
            return NotFound()(environ, start)
        data = file.read_bytes()
        response = Response(data, mimetype='application/octet-stream')
        response.set_etag(f'{file.stat().st_mtime_ns}')
        response.make_conditional(environ, accept_ranges=True, complete_length=len(data))
        return response(environ, start)

    return Server(app)


class ObjectStore(Server):
    """An S3 server that keeps its objects in memory."""

    def __init__(self) -> None:
        # Seconds to import, which only the tests of object stores should take.
        from moto.server import DomainDispatcherApplication, create_backend_app

        super().__init__(DomainDispatcherApplication(create_backend_app))
