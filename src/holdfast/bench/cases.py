"""`holdfast bench cases`: how long the server takes for a page of cases and for one case, among very many.

The records are filled with made-up cases, most of them open, with media, copies, labels, decisions and
views. Nothing is held: no content is made. What is timed is what the console and the API do with the records
for one request, from the first query to the last, in one process with a warm cache, as in service.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from holdfast.banks.service import create_bank
from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import ensure_schema
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items, cases, media_clusters
from holdfast.records.tables.vault import vault_items
from holdfast.records.tables.viewing import media_served
from holdfast.review.case_facts import case_facts
from holdfast.review.cases import CaseFilter, counts, list_cases

__all__ = ["Timing", "fill", "measure", "run"]

ROUNDS = 60
BATCH = 2000
PAGE = 50
SURFACES = ("public", "private", "unknown")
BANKS = ("TRUSTED", "PARTNERS", "OWN", "RARE")
MATCHES = [
    {"bank": "TRUSTED", "entry": 7, "algorithm": "pdq", "distance_bits": 12, "tier": "match", "label": "x"}
]


@dataclass(frozen=True, slots=True)
class Timing:
    """One kind of request: milliseconds of the median, of 95 of 100, and of the slowest."""

    what: str
    p50_ms: float
    p95_ms: float
    max_ms: float


def run(number: int, folder: Path, *, url: str | None = None) -> list[Timing]:
    """Fills a database that has no cases yet (a new SQLite file by default) and measures."""
    with Database(url or sqlite_url(folder / "cases.db")) as database:
        ensure_schema(database)
        fill(database, number)
        return measure(database, number)


def fill(database: Database, number: int) -> None:
    """So many cases: nine of ten open, with one to eight media each, and one with 300."""
    draw = random.Random(7)
    begun = now() - timedelta(days=60)
    with database.write() as connection:
        banks = [create_bank(connection, name).id for name in BANKS]
        connection.execute(sa.insert(media_clusters), [_cluster(one, begun) for one in range(1, 2001)])
    for first in range(1, number + 1, BATCH):
        numbers = range(first, min(first + BATCH, number + 1))
        with database.write() as connection:
            connection.execute(sa.insert(cases), [_case(one, draw, begun) for one in numbers])
            items = [item for one in numbers for item in _items(one, draw, banks, begun)]
            connection.execute(sa.insert(case_items), items)
            held = [_held(item["item_id"], begun) for item in items]
            connection.execute(sa.insert(vault_items), held)
            views = [_view(item["item_id"], begun) for item in items[::4]]
            connection.execute(sa.insert(media_served), views)
    if not database.is_sqlite:
        with database.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def measure(database: Database, number: int, *, rounds: int = ROUNDS) -> list[Timing]:
    """Every request of the list and the case page, ``rounds`` times each, at places drawn anew."""
    draw = random.Random(11)
    bank = len(BANKS)  # the list that few cases have

    def some_page(connection: sa.Connection) -> object:
        after = (draw.randrange(6), now() + timedelta(minutes=draw.randrange(-80_000, 10_000)), 1)
        return list_cases(connection, CaseFilter(), after=after, limit=PAGE)

    requests: list[tuple[str, Callable[[sa.Connection], object]]] = [
        ("first page", lambda c: list_cases(c, CaseFilter(), limit=PAGE)),
        ("a page in the middle", some_page),
        ("page of one priority", lambda c: list_cases(c, CaseFilter(priority=4), limit=PAGE)),
        ("page of a kind and surface", lambda c: list_cases(c, CaseFilter(kind="text", surface="private"))),
        ("page of a rare list", lambda c: list_cases(c, CaseFilter(bank=bank), limit=PAGE)),
        ("page of decided cases", lambda c: list_cases(c, CaseFilter(state="decided"), limit=PAGE)),
        (
            "page of an account",
            lambda c: list_cases(c, CaseFilter(account=_account(number // 2), state=None)),
        ),
        ("page of what a key may see", lambda c: list_cases(c, CaseFilter(banks_seen=("TRUST*", "OWN")))),
        ("count of open cases", lambda c: counts(c, CaseFilter())),
        ("a case", lambda c: case_facts(c, draw.randrange(1, number))),
        ("a case with 300 media", lambda c: case_facts(c, 1)),
    ]
    return [_timed(database, what, work, rounds) for what, work in requests]


def _timed(database: Database, what: str, work: Callable[[sa.Connection], object], rounds: int) -> Timing:
    times: list[float] = []
    for attempt in range(rounds + 5):
        begun = time.perf_counter()
        with database.read() as connection:
            work(connection)
        if attempt >= 5:  # the first few fill the caches, as any service's first requests do
            times.append((time.perf_counter() - begun) * 1000)
    times.sort()
    return Timing(what, times[len(times) // 2], times[int(len(times) * 0.95)], times[-1])


def _case(number: int, draw: random.Random, begun: datetime) -> dict[str, Any]:
    is_open = number % 10 != 0
    opened = begun + timedelta(minutes=draw.randrange(80_000))
    return {
        "id": number,
        "account": _account(number),
        "kind": "text" if number % 50 == 1 else "match",
        "surface": draw.choice(SURFACES),
        "state": "open" if is_open else "decided",
        "priority": draw.choices(range(6), (1, 10, 30, 100, 100, 100))[0],
        "gathers": False,
        "version": 1,
        "media_count": 1,
        "text_count": 0,
        "annotations": [],
        "opened_at": opened,
        "opened_by": "rules",
        "due_at": opened + timedelta(hours=24),
        "updated_at": opened,
        "closed_at": None if is_open else opened,
        "fence": 0,
    }


def _items(case: int, draw: random.Random, banks: list[int], at: datetime) -> Iterator[dict[str, Any]]:
    count = 300 if case == 1 else draw.choices((1, 2, 4, 8), (6, 2, 1, 1))[0]
    for place in range(count):
        number = case * 1000 + place
        yield {
            "case_id": case,
            "cluster_id": draw.randrange(1, 2001),
            "event_id": number,
            "item_id": f"{number:032x}",
            "content_reference": f"post/{number}",
            "medium": "image",
            "outcome": "match",
            "rule": "trusted-exact",
            "rule_class": "known",
            "entry_id": 7,
            "bank_id": banks[3] if case % 1000 == 3 else draw.choice(banks[:3]),
            "trusted": True,
            "algorithm": "pdq",
            "matches": MATCHES,
            "context": {"account": _account(case), "surface": "public", "ip": "203.0.113.7"},
            "added_at": at,
            "annotations": [],
        }


def _held(item_id: str, at: datetime) -> dict[str, Any]:
    known = {"reason": "bench", "size_bytes": 1, "sealed_facts": b"", "held_at": at, "held_by": "bench"}
    return {"id": item_id, "state": "held", **known}


def _view(item_id: str, at: datetime) -> dict[str, Any]:
    sent = {"person": "person:bench", "fidelity": "blur6-grey-small", "digest": b"", "first_byte": 0}
    return {"item_id": item_id, "end_byte": 1, "total_bytes": 1, "at": at, **sent}


def _cluster(number: int, at: datetime) -> dict[str, Any]:
    return {"id": number, "members": 1, "made_at": at, "annotations": [], "exact_entry": number}


def _account(number: int) -> str:
    return f"user-{number % 60_000}"
