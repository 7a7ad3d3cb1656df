"""The real service over real HTTP on the loopback interface, on a home of its own, and both clients.

def test_something(ask: Ask) -> None:
    assert ask(Role.UPLOADER).is_alive()      # once with `Client`, once with `AsyncClient`
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pytest
import uvicorn

from holdfast.access.keys import create_key
from holdfast.access.roles import Role
from holdfast.api.app import create_app
from holdfast.client import AsyncClient, Client
from holdfast.decisions.webhooks.deliver import Deliverer
from holdfast.media.pool import DecodePool
from holdfast.records.home import DATABASE_NAME
from holdfast.records.worker import Worker
from holdfast.service.jobs import handlers
from holdfast.service.reach import webhook_reach
from holdfast.service.runtime import Runtime
from holdfast.settings import Settings, VaultSettings, WebhookSettings
from holdfast.vault.keys import create_key_file

BANK = "KNOWN"


@dataclass
class Service:
    """A running service. ``runtime`` is its inside, to set up what a client cannot."""

    url: str
    runtime: Runtime
    keys: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def key(self, *roles: Role, **wanted: Any) -> str:
        """The text of a key with these roles; the same one for the same roles."""
        at = (*roles, *sorted(wanted.items()))
        if at not in self.keys:
            with self.runtime.database.write() as connection:
                made = create_key(connection, name="test", roles=roles, created_by="tests", **wanted)
            self.keys[at] = made.text
        return self.keys[at]


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serves an application over HTTP in a thread; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="httptools", ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        until_s = time.monotonic() + 120
        while not server.started:
            assert thread.is_alive(), "the server ended while it started"
            assert time.monotonic() < until_s, "the server did not start in time"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


@contextmanager
def working(runtime: Runtime) -> Iterator[None]:
    """Does jobs and sends webhooks, as the worker process does."""
    worker = Worker(runtime.database, handlers(runtime), threads=1)
    deliverer = Deliverer(runtime.database, runtime.sealer, reach=webhook_reach(runtime.settings.webhooks))
    threads = [threading.Thread(target=one.run) for one in (worker, deliverer)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        worker.stop()
        deliverer.stop()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sqlite_copy: Path) -> Iterator[Service]:
    """The service with one decode worker, jobs and webhooks, shared by the tests of a file."""
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o700)
    shutil.copy(sqlite_copy, home / DATABASE_NAME)
    keys = tmp_path_factory.mktemp("keys") / "vault.keys"
    create_key_file(keys, home=home)
    settings = Settings(
        vault=VaultSettings(key_file=keys), webhooks=WebhookSettings(allow_loopback_http=True)
    )
    with (
        DecodePool(workers=1) as pool,
        Runtime(home, settings=settings, pool=pool) as runtime,
        working(runtime),
        served(create_app(runtime)) as url,
    ):
        yield Service(url, runtime)


class Asked:
    """One client, awaited where it has to be: methods give answers, and what streams gives a list.

    ``most`` items are taken of a stream.
    """

    def __init__(self, client: Client | AsyncClient, loop: asyncio.Runner, most: int | None = None) -> None:
        self._client, self._loop, self._most = client, loop, most

    def first(self, most: int) -> Asked:
        """The same client, of whose streams only the first items are taken."""
        return Asked(self._client, self._loop, most)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            if isinstance(self._client, AsyncClient):
                return self._loop.run(self._awaited(getattr(self._client, name), args, kwargs))
            came = getattr(self._client, name)(*args, **kwargs)
            return list(islice(came, self._most)) if hasattr(came, "__next__") else came

        return method

    async def _awaited(self, method: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        came = method(*args, **kwargs)
        if not hasattr(came, "__anext__"):
            return await came
        async with aclosing(came):
            found: list[Any] = []
            async for item in came:
                found.append(item)
                if len(found) == self._most:
                    break
            return found


class Ask(Protocol):
    """A client of the service with a key of these roles, or of another address."""

    def __call__(self, *roles: Role, url: str = "", **options: Any) -> Asked: ...


@pytest.fixture(params=[Client, AsyncClient])
def ask(request: pytest.FixtureRequest, service: Service) -> Iterator[Ask]:
    """Clients of one kind; the test runs with both."""
    with asyncio.Runner() as loop, ExitStack() as opened:

        def make(*roles: Role, url: str = "", **options: Any) -> Asked:
            asked = Asked(
                request.param(url or service.url, service.key(*roles) if roles else "", **options), loop
            )
            opened.callback(asked.close)
            return asked

        yield make


class WaitUntil(Protocol):
    """Waits until something is so; the test fails when that takes more than two minutes."""

    def __call__(self, is_so: Callable[[], bool]) -> None: ...


@pytest.fixture
def wait_until() -> WaitUntil:
    def wait(is_so: Callable[[], bool]) -> None:
        until_s = time.monotonic() + 120
        while not is_so():
            assert time.monotonic() < until_s, "it did not come about in time"
            time.sleep(0.05)

    return wait
