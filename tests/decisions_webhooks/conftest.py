"""A real receiver on loopback that does what its script says, and a real sealer."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from holdfast.records.database import Database
from holdfast.records.tables import events as event_tables
from holdfast.records.tables import outbox as outbox_tables
from tests.decisions_webhooks.sealing import AesSealer


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Receiver:
    """A web server. ``script`` says what each path answers, in turn; the last one again and again.

    A status, or: "drop" (hang up), "hang" (no answer until `release` is set), "drip" (200 and a byte now and
    then, without end), "huge" (200 and bytes without end), "redirect" (to /trap). Requests beyond ``answers``
    hang, whatever the script says.
    """

    url: str = ""
    script: dict[str, list[int | str]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    answers: float = math.inf
    release: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def paths(self) -> list[str]:
        with self.lock:
            return [one.path for one in self.received]

    def take(self, received: Received) -> int | str:
        with self.lock:
            self.received.append(received)
            if len(self.received) > self.answers:
                return "hang"
            steps = self.script.get(received.path, [200])
            return steps.pop(0) if len(steps) > 1 else steps[0]

    def wait(self, count: int, timeout_s: float = 120.0) -> None:
        deadline = time.monotonic() + timeout_s
        while len(self.paths()) < count:
            assert time.monotonic() < deadline, f"only {len(self.paths())} of {count} requests came"
            time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def handle(self) -> None:
        with contextlib.suppress(ConnectionResetError):  # the sender was killed
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: pytest's output stays readable."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length", 0))
        body = self.rfile.read(size)
        if len(body) < size:  # the sender was killed on the way: nothing came
            self.close_connection = True
            return
        step = self.receiver.take(Received(self.path, dict(self.headers), body, time.time()))
        try:
            self.act(step)
        except OSError:
            self.close_connection = True  # the sender gave up, as it should

    def act(self, step: int | str) -> None:
        if step == "drop":
            self.close_connection = True
            return
        if step == "hang":
            self.receiver.release.wait()
        if step in ("drip", "huge"):
            self.send_response(200)
            self.end_headers()
            while not self.receiver.release.wait(0 if step == "huge" else 0.05):
                self.wfile.write(bytes(65536 if step == "huge" else 1))
                self.wfile.flush()
            self.close_connection = True
            return
        self.send_response(302 if step == "redirect" else step if isinstance(step, int) else 200)
        if step == "redirect":
            self.send_header("location", "/trap")
        if step == 429:
            self.send_header("retry-after", "1234")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    handler = type("BoundHandler", (Handler,), {"receiver": found})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    found.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def sealer() -> AesSealer:
    return AesSealer()


@pytest.fixture
def database(database: Database) -> Database:
    """An open database with the tables of events and of the outbox."""
    wanted = [
        event_tables.log_positions,
        event_tables.events,
        outbox_tables.webhook_endpoints,
        outbox_tables.webhook_secrets,
        outbox_tables.webhook_deliveries,
        outbox_tables.webhook_attempts,
        outbox_tables.action_receipts,
    ]
    wanted[0].metadata.create_all(database.engine, tables=wanted)
    return database
