"""What is reported is kept from the decision on, for a year from the last filing, whatever becomes of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from holdfast.errors import HeldError
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items
from holdfast.reporting.filing import requests
from holdfast.reporting.filing.models import State
from holdfast.vault import retention
from holdfast.vault.preservation import items_of
from holdfast.vault.retention import REPORT_KEPT
from holdfast.vault.sweep import sweep_expired
from tests.reporting.drafting import make_office
from tests.reporting.world import World


def kept_until(world: World, item_id: str) -> datetime:
    until = world.vault.describe(item_id).keep_until
    assert until is not None
    return until


def years_ago(world: World, item_id: str) -> None:
    """As if the period of an earlier filing were long over."""
    with world.database.write() as connection:
        past = now() - timedelta(days=400)
        connection.execute(sa.update(vault_items).where(vault_items.c.id == item_id).values(keep_until=past))


def test_the_decision_itself_keeps_it_whether_or_not_anybody_drafts(world: World) -> None:
    office = make_office(world)
    case = office.upload()
    ((_, item_id),) = office.items(case)
    before = now()
    office.decide(case)
    assert kept_until(world, item_id) >= before + REPORT_KEPT
    with world.database.read() as connection:
        assert items_of(connection, f"case:{case}") == [item_id]


def test_it_begins_at_the_decision_and_follows_the_filing(world: World) -> None:
    file = world.file(b"benign")
    before = now()
    filing_id = world.ask("case-1", file, not_before=now() + timedelta(minutes=10))
    assert kept_until(world, file.item_id) >= before + REPORT_KEPT
    with pytest.raises(HeldError):
        world.vault.destroy(file.item_id, actor="tests", purpose="during the hold")
    years_ago(world, file.item_id)
    world.let_pauses_pass()
    world.work()
    assert world.get(filing_id).state is State.FILED
    assert kept_until(world, file.item_id) >= before + REPORT_KEPT


def test_a_follow_up_extends_what_was_reported_first(world: World) -> None:
    first, second = world.file(b"first"), world.file(b"second")
    world.ask("case-1", first)
    world.work()
    years_ago(world, first.item_id)
    world.ask("case-1", second, revision=2)
    assert kept_until(world, first.item_id) < now()  # the decision to say more is not yet a filing
    world.work()
    for file in (first, second):
        assert kept_until(world, file.item_id) > now() + timedelta(days=365)
    with world.database.read() as connection:
        assert set(items_of(connection, "case-1")) == {first.item_id, second.item_id}


def test_neither_cancelling_nor_clearing_shortens_it(world: World) -> None:
    file = world.file(b"benign")
    filing_id = world.ask("case-1", file)
    until = kept_until(world, file.item_id)
    with world.database.write() as connection:
        assert requests.cancel(connection, filing_id) is State.CANCELLED
        retention.release(connection, file.item_id, actor="ana", purpose="cleared", window=timedelta(0))
    assert sweep_expired(world.vault).destroyed == 0
    assert kept_until(world, file.item_id) == until
    assert world.vault.describe(file.item_id).destroy_at == until


def test_asking_again_changes_nothing(world: World) -> None:
    file = world.file(b"benign")
    filing_id = world.ask("case-1", file)
    until = kept_until(world, file.item_id)
    assert world.ask("case-1", file) == filing_id
    assert kept_until(world, file.item_id) == until
