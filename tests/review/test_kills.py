"""kill -9 while decisions take effect: none is lost, none takes effect twice or in part."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from holdfast.records import events
from holdfast.records.tables.decisions import entry_reviews
from holdfast.records.tables.review import case_decisions, case_items, cases, second_reviews
from holdfast.records.tables.vault import vault_items
from holdfast.review.models import CaseItem
from tests.review.conftest import World
from tests.review.test_deciding import decided, settled

PROGRAM = Path(__file__).parent / "settle_until_killed.py"
CASES = 12


def test_a_killed_process_leaves_each_decision_whole_or_untouched(world: World, database_url: str) -> None:
    items: list[CaseItem] = []
    for number in range(CASES):
        item = world.item(world.upload(b"%d" % number, account=f"user-{number}"))
        decided(world, world.take(item.case_id), "release", not_a_match="adult")
        items.append(item)
    for after, more_s in ((1, 0.002), (2, 0.006), (1, 0.012)):  # somewhere in the next ones
        command = [sys.executable, str(PROGRAM), database_url, str(after), str(more_s)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        assert done.returncode == -signal.SIGALRM and len(done.stdout.split()) >= after
        check(world)
    settled(world)
    assert check(world) == {"in_force": CASES}


def check(world: World) -> Counter[str]:
    """Every decision in force has all its effects, once; every other has none. The states, counted."""
    with world.database.read() as connection:
        states = dict(connection.execute(sa.select(case_decisions.c.case_id, case_decisions.c.state)).all())
        told = Counter(
            one.facts["case"] for one in events.read(connection, kinds=["case.decided"], limit=500)
        )
        released = Counter(
            one.facts["event"] for one in events.read(connection, kinds=["hold.released"], limit=500)
        )
        said = Counter(connection.scalars(sa.select(entry_reviews.c.event_id)))
        rows = connection.execute(
            sa.select(case_items, vault_items.c.state.label("held"), cases.c.state.label("case_state"))
            .join(vault_items, vault_items.c.id == case_items.c.item_id)
            .join(cases, cases.c.id == case_items.c.case_id)
        ).all()
        sampled = set(connection.scalars(sa.select(second_reviews.c.case_item_id)))
    for row in rows:
        done = states[row.case_id] == "in_force"
        assert (row.held, row.case_state) == (("released", "decided") if done else ("held", "waiting"))
        assert row.verdict == ("dispute" if done else None)
        assert told[row.case_id] == released[row.event_id] == said[row.event_id] == done
        assert done or row.id not in sampled
    return Counter(states.values())
