"""The demo's service: the real one, on a free loopback port, on a home that is thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.bench.apart import apart
from holdfast.bench.filing_home import ACCOUNT
from holdfast.bench.serve_start import start_server
from holdfast.client import Client
from holdfast.errors import HoldfastError
from holdfast.vault.files import write_new_file

__all__ = ["BANK", "BENIGN_BANK", "DemoService", "demo_service"]

BANK, BENIGN_BANK = "DEMO_KNOWN", "DEMO_BENIGN"
KNOWN_WITHIN_S = 10.0
_SETTINGS = """\
[vault]
key_file = "{key_file}"

[server]
job_threads = {job_threads}
"""
_REPORTING = """
[review]
undo_s = {undo_s}

[reporting]
test_url = "{url}"
credentials_file = "{credentials}"
platform = "Holdfast demo"
reporter_email = "safety@example.org"
hold_s = {hold_s}
"""
_CONSOLE = """
[console]
banner = "Demo: ordinary photographs stand in for known content. Nothing is reported anywhere."
public_forms = true
"""


@dataclass(frozen=True, slots=True)
class DemoService:
    """Where it answers, and two keys: what a platform's upload code has, and what its staff have."""

    url: str
    upload_key: str
    staff_key: str
    home: Path

    @property
    def console_url(self) -> str:
        """Where people work. By name: browsers give passkeys to no bare address."""
        return f"{self.url.replace('127.0.0.1', 'localhost')}/console"

    def uploader(self) -> Client:
        return Client(self.url, self.upload_key, allow_http=True)

    def staff(self) -> Client:
        return Client(self.url, self.staff_key, allow_http=True)


@contextmanager
def demo_service(
    known: Sequence[Path], allowed: Path, *, reports_to: str | None = None, for_people: bool = False
) -> Iterator[DemoService]:
    """The service with the photographs ``known`` in a trusted bank, and ``allowed`` in a benign one.

    With ``reports_to``, the URL of a stand-in, a worker runs that files reports there. ``for_people``: it
    stays, so that decisions can be undone, filing waits a little, and forms for everybody are open.

    Raises HoldfastError when it does not start.
    """
    with apart(), tempfile.TemporaryDirectory(prefix="holdfast-demo-") as folder:
        place = Path(folder)
        home = place / "home"
        home.mkdir(mode=0o700)
        (home / "settings.toml").write_text(_settings(place, reports_to, for_people), encoding="utf-8")
        upload_key, staff_key = _make_keys(home)
        with (place / "log").open("w") as log, start_server(home, log) as server:
            service = DemoService(server.url, upload_key, staff_key, home)
            _fill_banks(service, known, allowed)
            yield service


def _settings(place: Path, reports_to: str | None, for_people: bool) -> str:
    has_worker = for_people or reports_to is not None
    settings = _SETTINGS.format(key_file=place / "demo.keys", job_threads=int(has_worker))
    if for_people:
        settings += _CONSOLE
    if reports_to is None:
        return settings
    user, password = ACCOUNT.user, ACCOUNT.password
    write_new_file(place / "demo.toml", f'[test]\nuser = "{user}"\npassword = "{password}"\n'.encode())
    return settings + _REPORTING.format(
        url=reports_to,
        credentials=place / "demo.toml",
        undo_s=60 if for_people else 0,
        hold_s=120 if for_people else 0,
    )


def _make_keys(home: Path) -> tuple[str, str]:
    from holdfast.access.keys import create_key
    from holdfast.access.roles import Role
    from holdfast.records.home import Home
    from holdfast.service.setup import prepare

    upload_key = prepare(home).upload
    with Home(home).database() as database, database.write() as connection:
        staff = create_key(connection, name="demo staff", roles=[Role.LEAD], created_by="demo")
    return upload_key, staff.text


def _fill_banks(service: DemoService, known: Sequence[Path], allowed: Path) -> None:
    with service.staff() as client:
        client.create_bank(BANK, trusted=True)
        client.create_bank(BENIGN_BANK, kind="benign")
        for path in known:
            client.add_media(BANK, path, path.name)
        last = client.add_media(BENIGN_BANK, allowed, allowed.name)
        _wait_for(client, last.list_version)


def _wait_for(client: Client, list_version: int) -> None:
    """Returns when whoever answers has come to that position of the lists."""
    until_s = time.monotonic() + KNOWN_WITHIN_S
    while client.ready().list_version < list_version:
        if time.monotonic() > until_s:
            raise HoldfastError("The service does not come to know what was put on its lists. See its log.")
        time.sleep(0.01)
