"""The home, the stand-in's process and the reports of `bench filing`."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa

import holdfast
from holdfast.errors import UsageError, WorkerError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import ensure_schema
from holdfast.records.tables.base import now
from holdfast.records.tables.filings import filings
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline, Environment
from holdfast.reporting.cybertip.models.common import Email, Person
from holdfast.reporting.cybertip.models.incident import IncidentSummary
from holdfast.reporting.cybertip.models.people import PersonOrUserReported, Reporter
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.vocabulary import IncidentType
from holdfast.reporting.filing import requests
from holdfast.reporting.filing.contents import VaultContents
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.filing.models import Submission, SubmittedFile
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.secrets import KeySealer
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore

__all__ = ["CALM_TIMEOUT_S", "FilingHome", "StandInProcess", "has_stand_ins", "prepare"]

ACCOUNT = Credentials("usr123", "pswd123")
ITEMS, MOST_FILES = 12, 3
CALM_TIMEOUT_S = 30.0
CHECKOUT = Path(holdfast.__file__).resolve().parents[2]


@dataclass
class FilingHome:
    """A home with content in its vault, and what its workers need."""

    database: Database
    vault: Vault
    sealer: KeySealer
    destination: CyberTipline
    items: dict[str, str]  # item -> SHA-256
    timeout_s: float  # of a call; a lease is three of them

    def ask(self, reports: int, choose: random.Random) -> dict[str, list[str]]:
        """Ask for reports; case -> SHA-256 of its files, in order."""
        cases: dict[str, list[str]] = {}
        for number in range(reports):
            case = f"case-{number}"
            chosen = choose.sample(sorted(self.items), choose.randint(0, MOST_FILES))
            cases[case] = [self.items[item] for item in chosen]
            files = tuple(SubmittedFile(item_id=item, suffix=".bin") for item in chosen)
            submission = Submission(report=_report(case), files=files)
            with self.database.write() as connection:
                requests.request(connection, self.sealer, self.destination, case, submission, by="bench")
        return cases

    @contextmanager
    def worker(self) -> Iterator[Filer]:
        """A worker with connections of its own, also after a fork."""
        url = self.database.engine.url.set(drivername=self.database.engine.url.get_backend_name())
        with (
            Database(url.render_as_string(hide_password=False)) as database,
            Client(self.destination, ACCOUNT, timeout_s=self.timeout_s) as client,
        ):
            vault = Vault(database, self.vault.store, self.vault.keys)
            yield Filer(database, self.sealer, client, VaultContents(vault), lease_s=3 * self.timeout_s)

    def left(self) -> int:
        """Filings that have not ended."""
        return self._count(filings.c.finished_at.is_(None))

    def ended(self) -> int:
        """Filings that have ended."""
        return self._count(filings.c.finished_at.is_not(None))

    def _count(self, condition: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(filings).where(condition)
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())


@contextmanager
def prepare(
    folder: Path, url: str, database_url: str | None, *, timeout_s: float = CALM_TIMEOUT_S
) -> Iterator[FilingHome]:
    """A new home in ``folder`` whose reports go to ``url``."""
    home = folder / "home"
    home.mkdir()
    key_file = folder / "keys" / "holdfast.keys"
    create_key_file(key_file, home=home)
    keys = FileKeys(key_file, home=home)
    with Database(database_url or sqlite_url(home / "holdfast.db")) as database:
        ensure_schema(database)
        vault = Vault(database, FolderStore(home / "vault"), keys)
        items = {}
        for number in range(ITEMS):
            content = f"content {number} ".encode() * (1 + 400 * number)
            item = vault.hold(content, reason="bench", actor="bench")
            items[item] = hashlib.sha256(content).hexdigest()
        destination = CyberTipline(Environment.TEST, url)
        yield FilingHome(database, vault, KeySealer(keys), destination, items, timeout_s)


def has_stand_ins() -> bool:
    """Whether this package lies in a checkout: the stand-ins are in no installation."""
    return (CHECKOUT / "standins" / "cybertipline").is_dir()


class StandInProcess:
    """`python -m standins.cybertipline`, from the checkout that this package lies in."""

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> StandInProcess:
        if not has_stand_ins():
            raise UsageError(
                "This needs the stand-ins, which are in no installation: run it from a checkout."
            )
        command = [sys.executable, "-m", "standins.cybertipline", "--port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
        assert self._process.stdout is not None  # noqa: S101  (a pipe)
        self.url = self._process.stdout.readline().split(" ")[0]
        if not self.url.startswith("http://127.0.0.1:"):
            raise WorkerError("The stand-in did not start; nothing was measured.")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            with self._process:  # closes its pipe, and waits for it
                self._process.terminate()

    def control(self, wish: str, given: dict[str, Any]) -> None:
        """Steer it."""
        httpx2.post(f"{self._control_url}/{wish}", content=json.dumps(given), trust_env=False, timeout=30)

    def reports(self) -> list[dict[str, Any]]:
        """Everything that it was sent."""
        found: list[dict[str, Any]] = httpx2.get(
            f"{self._control_url}/reports", trust_env=False, timeout=300
        ).json()
        return found

    @property
    def _control_url(self) -> str:
        return self.url.removesuffix("/ispws") + "/_standin"


def _report(case: str) -> Report:
    """A report that names its case as the account, so that what arrived can be told apart."""
    return Report(
        incident_summary=IncidentSummary(
            incident_type=IncidentType.CSAM, incident_date_time=now() - timedelta(days=1)
        ),
        reporter=Reporter(reporting_person=Person(emails=(Email(value="bench@example.org"),))),
        persons_reported=(PersonOrUserReported(esp_identifier=case),),
    )
