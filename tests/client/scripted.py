"""An HTTP server that behaves badly as it is told: for what the real service cannot be brought to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Script", "answer", "drop", "scripted", "stay_silent", "trickle"]

Act = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Came:
    """One request. Names of headers are in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes


class _Server(ThreadingHTTPServer):
    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self.ended = threading.Event()
        super().__init__(("127.0.0.1", 0), handler)


@dataclass
class Script:
    """What to do with each request in turn, and the requests as they came."""

    acts: list[Act]
    url: str = ""
    came: list[Came] = field(default_factory=list)


def answer(status: int, body: bytes = b"{}", **headers: str) -> Act:
    """Answers."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Breaks the connection off without an answer."""
    handler.close_connection = True


def stay_silent(handler: BaseHTTPRequestHandler) -> None:
    """Answers after everybody's patience: never, as long as the server runs."""
    _ended(handler).wait()
    handler.close_connection = True


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """Sends a byte now and then, without end."""
    handler.send_response(200)
    handler.send_header("content-length", "1000000")
    handler.end_headers()
    handler.close_connection = True
    while not _ended(handler).wait(0.1):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


def _ended(handler: BaseHTTPRequestHandler) -> threading.Event:
    server = handler.server
    assert isinstance(server, _Server)
    return server.ended


@contextmanager
def scripted(*acts: Act) -> Iterator[Script]:
    """Runs the server for the block."""
    script = Script(list(acts))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._play(_body(self))

        do_GET = do_DELETE = do_POST  # noqa: N815

        def _play(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            script.came.append(Came(self.path, headers, body))
            script.acts.pop(0)(self)

        def log_message(self, *_: object) -> None:
            pass

    with _Server(Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield script
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in handler.headers.get("transfer-encoding", ""):
        return handler.rfile.read(int(handler.headers.get("content-length", 0)))
    found = b""
    while size := int(handler.rfile.readline(), 16):
        found += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return found
