"""The whole application over its ASGI interface: gate, routes and lifespan, on a home of its own.

def test_something(client: ClientFactory) -> None:
    lead = client(Role.LEAD)
    assert lead.get("/v1/banks").status_code == 200
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from starlette.testclient import TestClient

from holdfast.access.keys import create_key
from holdfast.access.limits import KeyLimits
from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission, Role
from holdfast.api.app import create_app
from holdfast.media.pool import DecodePool
from holdfast.records.home import DATABASE_NAME
from holdfast.screening.fetch import Fetcher
from holdfast.service.runtime import Runtime
from holdfast.settings import Settings
from holdfast.vault.keys import create_key_file

ADDRESS = "203.0.113.9"


class RuntimeFactory(Protocol):
    """Opens a runtime on a new home; keyword arguments are sections of the settings."""

    def __call__(self, *, fetcher: Fetcher | None = None, **settings: Any) -> Runtime: ...


class ClientFactory(Protocol):
    """A client of the running application with a new key; without role and grant it sends no key."""

    def __call__(
        self,
        *roles: Role,
        grants: Collection[Permission] = (),
        banks: BankScope | None = None,
        networks: Collection[str] = (),
        limits: KeyLimits | None = None,
        address: str = ADDRESS,
    ) -> TestClient: ...


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    """Decode workers, shared by the tests of a file."""
    with DecodePool(workers=1) as workers:
        yield workers


@pytest.fixture
def make_runtime(tmp_path: Path, pool: DecodePool, sqlite_copy: Path) -> Iterator[RuntimeFactory]:
    """Runtimes that are closed at the end. On SQLite unless ``database_url`` is among the settings."""
    with ExitStack() as opened:

        def make(*, fetcher: Fetcher | None = None, **settings: Any) -> Runtime:
            home = tmp_path / f"home{len(list(tmp_path.glob('home*')))}"
            home.mkdir(mode=0o700)
            if "database_url" not in settings:
                shutil.copy(sqlite_copy, home / DATABASE_NAME)
            keys = home.with_suffix(".keys")
            create_key_file(keys, home=home)
            settings["vault"] = {"key_file": keys, **settings.get("vault", {})}
            runtime = Runtime(home, settings=Settings(**settings), pool=pool, fetcher=fetcher)
            return opened.enter_context(runtime)

        yield make


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    """A runtime with default settings. A test file that needs others overrides this fixture."""
    return make_runtime()


@pytest.fixture
def server(runtime: Runtime) -> Iterator[TestClient]:
    """The running application, asked without a key. An error in a route is a 500, as in service."""
    app = create_app(runtime)
    with TestClient(
        app, raise_server_exceptions=False, client=(ADDRESS, 40000), follow_redirects=False
    ) as running:
        yield running


@pytest.fixture
def make_key(runtime: Runtime) -> Any:
    """Makes a key as `create_key` does, with the roles first; gives its text."""

    def make(*roles: Role, **wanted: Any) -> str:
        with runtime.database.write() as connection:
            new = create_key(connection, name="test", roles=roles, created_by="tests", **wanted)
        return new.text

    return make


@pytest.fixture
def client(server: TestClient, make_key: Any) -> Iterator[ClientFactory]:
    """Clients of the one running application, each with a key of its own."""
    with ExitStack() as opened:

        def make(
            *roles: Role,
            grants: Collection[Permission] = (),
            banks: BankScope | None = None,
            networks: Collection[str] = (),
            limits: KeyLimits | None = None,
            address: str = ADDRESS,
        ) -> TestClient:
            headers = {}
            if roles or grants:
                key = make_key(*roles, grants=grants, banks=banks, networks=networks, limits=limits)
                headers["authorization"] = f"Bearer {key}"
            one = TestClient(
                server.app,
                raise_server_exceptions=False,
                client=(address, 40000),
                headers=headers,
                follow_redirects=False,
            )
            one.portal = server.portal  # the loop in which the application started
            opened.callback(one.close)
            return one

        yield make
