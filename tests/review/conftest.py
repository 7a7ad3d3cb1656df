"""A home with a vault and lists, and cases opened as the service opens them. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import create_source
from holdfast.decisions.actions import Actions
from holdfast.decisions.engine import Decision
from holdfast.decisions.facts import Context, EntryMatch, MatchFacts
from holdfast.decisions.flood import FloodBrake, FloodSettings
from holdfast.decisions.policy import PolicyAnswer
from holdfast.records.database import Database
from holdfast.records.tables.review import case_items
from holdfast.review.leases import Lease, take
from holdfast.review.models import CaseItem, from_row
from holdfast.review.opening import case_opener
from holdfast.review.rules import ReviewRules
from holdfast.screening.keeping import Keeper, Kept, Upload
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.secrets import KeySealer
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore

ANA, BEA, LEA = "person:ana", "person:bea", "person:lea"
RULES = ReviewRules(undo_s=0.0, second_review_share=0.0)


@dataclass
class World:
    """One home. ``trusted`` and ``plain`` are entries of two lists."""

    database: Database
    vault: Vault
    sealer: KeySealer
    trusted: int
    plain: int
    rules: ReviewRules = RULES

    def upload(self, data: bytes = b"a photo", account: str | None = "user-1", **wanted: Any) -> Kept:
        """An upload that matched, kept as the service keeps it. ``wanted``: see the code."""
        return upload(self, data, account, **wanted)

    def item(self, kept: Kept) -> CaseItem:
        with self.database.read() as connection:
            query = sa.select(case_items).where(case_items.c.event_id == kept.event)
            return from_row(CaseItem, connection.execute(query).one())

    def take(self, case_id: int, person: str = ANA) -> Lease:
        with self.database.write() as connection:
            return take(connection, case_id, person, self.rules)

    def do(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Calls ``work`` in one transaction."""
        with self.database.write() as connection:
            return work(connection, *given, **named)


def upload(
    world: World,
    data: bytes,
    account: str | None,
    *,
    reference: str | None = "post/1",
    entry: int | None = None,
    trusted: bool = False,
    exact: bool = False,
    queue: int | None = 2,
    draft: bool = False,
    code: bytes = b"",
    classification: str | None = None,
) -> Kept:
    match = EntryMatch(
        "TRUSTED" if trusted else "PLAIN",
        entry or (world.trusted if trusted else world.plain),
        "sha256" if exact else "pdq",
        trusted=trusted,
        exact=exact,
        classification=classification,
        distance_bits=None if exact else 4,
    )
    context = Context(content_reference=reference, account=account, surface="public")
    facts = MatchFacts("match", "image", (match,), context=context)
    actions = Actions(quarantine=True, queue=queue, draft_report=draft)
    decision = Decision(actions, "a rule", "known", "because", "1", match=match)
    keeper = Keeper(
        world.database, lambda: world.vault, FloodBrake(FloodSettings()), case_opener(world.rules)
    )
    sent = Upload(data, context, "key:upload", code=code)
    return keeper.keep(sent, facts, decision, PolicyAnswer("scan", "1", "row", "", ""), lambda _: b"")


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    home = tmp_path / "home"
    home.mkdir()
    keys = tmp_path / "keys" / "holdfast.keys"
    create_key_file(keys, home=home)
    service = FileKeys(keys, home=home)
    vault = Vault(database, FolderStore(home / "vault"), service)
    with database.write() as connection:
        source = create_source(connection, "own")
        entries = []
        for name in ("TRUSTED", "PLAIN"):
            bank = create_bank(connection, name, trusted=name == "TRUSTED")
            added = [Fingerprint("sha256", sha256(name.encode()).digest())]
            made = add_entry(connection, bank.id, label="x", added=added, source_id=source.id)
            entries.append(made.entry.id)
    return World(database, vault, KeySealer(service), trusted=entries[0], plain=entries[1])


@pytest.fixture
def with_rules(world: World) -> Callable[..., World]:
    """The world under other rules."""
    return lambda **changed: replace(world, rules=replace(RULES, **changed))
