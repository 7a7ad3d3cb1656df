"""Cases as the service opens and decides them, and a desk to draft reports of them at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.actions import Actions
from holdfast.decisions.engine import Decision
from holdfast.decisions.facts import Context, EntryMatch, MatchFacts
from holdfast.decisions.queued import Queued
from holdfast.records import events
from holdfast.records.tables.review import case_items
from holdfast.reporting.destinations.registry import Destinations, open_destinations
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.desk import Desk
from holdfast.reporting.drafts.models import Content, Draft
from holdfast.reporting.drafts.sources import draft_case
from holdfast.review import deciding, labels, leases, settling
from holdfast.review.cases import get_case
from holdfast.review.opening import case_opener
from holdfast.review.rules import ReviewRules
from holdfast.review.texts import Message, add_messages
from holdfast.settings import ReportingSettings
from tests.reporting.world import World

__all__ = ["ANA", "BEA", "CONTEXT", "Office", "make_office"]

ANA, BEA = "person:ana", "person:bea"
RULES = ReviewRules(undo_s=0.0, second_review_share=0.0)
CONTEXT: dict[str, Any] = {
    "content_reference": "post/1",
    "surface": "public",
    "country": "US",
    "urls": ["https://example.org/post/1"],
    "uploaded_at": "2026-10-01T12:30:00+00:00",
    "ip": "198.51.100.7",
    "port": 40213,
    "original_name": "holiday.jpg",
}


@dataclass
class Office:
    """A world with people's cases, and where their reports are drafted."""

    world: World
    desk: Desk
    accounts: int = field(default=0)

    def upload(
        self,
        data: bytes = b"an ordinary photo",
        account: str | None = "user-1",
        *,
        exact: bool = False,
        trusted: bool = False,
        **context: Any,
    ) -> int:
        """An upload that matched, in the open case of its account; the case."""
        item_id = self.world.vault.hold(data, reason="rule known", actor="tests")
        given = {**CONTEXT, **({} if account is None else {"account": account}), **context}
        given = {name: value for name, value in given.items() if value is not None}
        how: dict[str, Any] = {"exact": True} if exact else {"distance_bits": 4}
        match = EntryMatch("KNOWN", 1, "sha256" if exact else "pdq", trusted=trusted, **how)
        facts = MatchFacts("match", "image", (match,), context=Context.from_json(given))
        decision = Decision(Actions(quarantine=True, queue=2), "a-rule", "known", "because", "1", match=match)
        with self.world.database.write() as connection:
            queued = Queued(facts, decision, item_id, sha256(data).digest(), b"")
            finish = case_opener(RULES)(connection, queued)
            event = events.append(connection, "match", {"facts": facts.to_json()})
            finish(event)
            query = sa.select(case_items.c.case_id).where(case_items.c.event_id == event)
            return int(connection.execute(query).scalar_one())

    def say(self, case_id: int, *messages: Message) -> None:
        with self.world.database.write() as connection:
            add_messages(connection, case_id, messages, by=ANA, sealer=self.world.sealer)

    def items(self, case_id: int) -> list[tuple[int, str]]:
        """(case item, vault item) of a case, oldest first."""
        query = sa.select(case_items.c.id, case_items.c.item_id).where(case_items.c.case_id == case_id)
        with self.world.database.read() as connection:
            return [(row.id, row.item_id) for row in connection.execute(query.order_by(case_items.c.id))]

    def decide(
        self,
        case_id: int,
        outcome: str = "report",
        *,
        label: str = "A1",
        annotations: Sequence[str] = (),
        incident_type: str | None = None,
        none: Sequence[int] = (),
    ) -> None:
        """A reviewer labels every file and decides; the decision takes effect at once."""
        with self.world.database.write() as connection:
            lease = leases.take(connection, case_id, ANA, RULES)
            who: dict[str, Any] = {"person": ANA, "fence": lease.fence}
            for number, _ in self._items(connection, case_id):
                clear: dict[str, Any] = {"label": "none", "not_a_match": "different_content"}
                said = clear if number in none else {"label": label, "annotations": annotations}
                labels.label_item(connection, case_id, number, **who, **said)
            if incident_type is not None:
                labels.annotate_case(connection, case_id, **who, incident_type=incident_type)
            version = get_case(connection, case_id).version
            made = deciding.decide(
                connection, case_id, **who, version=version, outcome=outcome, reason="seen", rules=RULES
            )
        with self.world.database.write() as connection:
            assert settling.settle(connection, made.id, RULES)

    def draft(self, case_id: int, *, by: str = "worker") -> list[Draft]:
        return draft_case(self.world.database, self.desk, self.world.contents, case_id, by=by)

    def one(self, case_id: int) -> Draft:
        (draft,) = self.draft(case_id)
        return draft

    def content(self, draft: Draft) -> Content:
        return rows.unseal(self.desk.sealer, draft)

    def get(self, number: int) -> Draft:
        with self.world.database.read() as connection:
            return rows.get(connection, number)

    def _items(self, connection: sa.Connection, case_id: int) -> list[tuple[int, str]]:
        query = sa.select(case_items.c.id, case_items.c.item_id).where(case_items.c.case_id == case_id)
        return [(row.id, row.item_id) for row in connection.execute(query.order_by(case_items.c.id))]


def make_office(world: World, **settings: Any) -> Office:
    """An office whose reports go to the world's stand-in."""
    chosen = ReportingSettings(
        **{
            "test_url": world.stand_in.url,
            "platform": "Example Photos",
            "reporter_email": "safety@example.org",
            "hold_s": 0.0,
            **settings,
        }
    )
    destinations: Destinations = open_destinations(chosen, world.vault_home, world.sealer)
    return Office(world, Desk(chosen, destinations, world.sealer))
