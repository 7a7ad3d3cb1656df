"""Everything that filing needs, real: a database, a vault, a key file, a stand-in on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from holdfast.errors import NotFoundError
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.filings import filings
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline, Environment
from holdfast.reporting.cybertip.models.file_details import FileDescription
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.filing import alarms, history, requests
from holdfast.reporting.filing.contents import Content, Contents, VaultContents
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.filing.models import Filing, Submission, SubmittedFile
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.secrets import KeySealer
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore
from standins.cybertipline import StandIn
from tests.reporting.samples import minimum_report

__all__ = ["ACCOUNT", "World", "make_world"]

ACCOUNT = Credentials("usr123", "pswd123")


@dataclass
class World:
    """One home with its destination."""

    database: Database
    vault: Vault
    kept: dict[str, bytes] | None  # contents in memory, where a test is not about the vault
    sealer: KeySealer
    stand_in: StandIn
    client: Client
    vault_home: Path

    @property
    def filer(self) -> Filer:
        """A worker as after a start: it knows nothing of those before it."""
        return Filer(self.database, self.sealer, self.client, self.contents)

    @property
    def destination(self) -> CyberTipline:
        return self.client.destination

    @property
    def contents(self) -> Contents:
        return VaultContents(self.vault) if self.kept is None else KeptContents(self.kept)

    def hold(self, content: bytes) -> str:
        """Content that is kept; its id."""
        if self.kept is not None:
            item_id = f"item-{len(self.kept)}"
            self.kept[item_id] = content
            return item_id
        return self.vault.hold(content, reason="a test", actor="tests")

    def file(self, content: bytes, **fields: Any) -> SubmittedFile:
        """Held content as a file of a report."""
        return SubmittedFile(item_id=self.hold(content), suffix=".jpg", **fields)

    def ask(self, case: str, *files: SubmittedFile, report: Any = None, **more: Any) -> int:
        """Ask for a report; the filing's id."""
        submission = Submission(report=report or about(case), files=files)
        with self.database.write() as connection:
            return requests.request(
                connection, self.sealer, self.destination, case, submission, by="tests", **more
            )

    def work(self, rounds: int = 12) -> None:
        """File, let the pauses pass, and file again, until nothing is left to do."""
        for _ in range(rounds):
            self.filer.file_due()
            if not self.live():
                return
            self.let_pauses_pass()

    def let_pauses_pass(self) -> None:
        """As if time had gone by: whatever waits is due, whatever is leased has lost its lease."""
        past = now() - timedelta(seconds=1)
        with self.database.write() as connection:
            live = filings.c.finished_at.is_(None)
            connection.execute(sa.update(filings).where(live).values(due_at=past))
            held = sa.and_(live, filings.c.lease_until.is_not(None))
            connection.execute(sa.update(filings).where(held).values(lease_until=past))

    def live(self) -> list[int]:
        with self.database.read() as connection:
            return list(connection.scalars(sa.select(filings.c.id).where(filings.c.finished_at.is_(None))))

    def get(self, filing_id: int) -> Filing:
        with self.database.read() as connection:
            return requests.get(connection, filing_id)

    def alarms(self, *, also_cleared: bool = False) -> list[AlarmKind]:
        with self.database.read() as connection:
            return [alarm.kind for alarm in alarms.list_alarms(connection, also_cleared=also_cleared)]

    def attempts(self, filing_id: int) -> list[history.Attempt]:
        with self.database.read() as connection:
            return history.attempts(connection, filing_id)

    def said(self, filing_id: int) -> list[history.Exchange]:
        with self.database.read() as connection:
            return history.exchanges(connection, self.sealer, filing_id)

    def events(self) -> list[str]:
        with self.database.read() as connection:
            return [event.kind for event in events.read(connection, limit=10_000)]


@dataclass
class KeptContents:
    """Contents in memory."""

    kept: dict[str, bytes]

    def check(self, item_id: str) -> None:
        if item_id not in self.kept:
            raise NotFoundError(f"There is no item {item_id}.")

    def open(self, item_id: str, *, purpose: str) -> Content:
        self.check(item_id)
        return Content(len(self.kept[item_id]), iter([self.kept[item_id]]))


def about(case: str) -> Any:
    """A report whose account names its case, so that what arrived can be told apart."""
    person = PersonOrUserReported(esp_identifier=case)
    return minimum_report().model_copy(update={"persons_reported": (person,)})


def described(**fields: Any) -> FileDescription:
    return FileDescription(**fields)


@contextmanager
def make_world(
    database: Database, folder: Path, *, timeout_s: float = 60.0, kept: dict[str, bytes] | None = None
) -> Iterator[World]:
    """A world on an open database; ``folder`` is empty. With ``kept`` its contents are in memory."""
    home = folder / "home"
    home.mkdir()
    key_file = folder / "keys" / "holdfast.keys"
    create_key_file(key_file, home=home)
    keys = FileKeys(key_file, home=home)
    vault = Vault(database, FolderStore(home / "vault"), keys)
    with StandIn() as stand_in:
        destination = CyberTipline(Environment.TEST, stand_in.url)
        with Client(destination, ACCOUNT, timeout_s=timeout_s) as client:
            sealer = KeySealer(keys)
            world = World(database, vault, kept, sealer, stand_in, client, home)
            yield world
