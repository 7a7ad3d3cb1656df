"""A filed report keeps its content for a year from the last filing, whatever is decided afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from holdfast.errors import HeldError, UsageError
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_access, vault_items, vault_legal_holds
from holdfast.vault import retention
from holdfast.vault.models import Retention
from holdfast.vault.retention import REPORT_KEPT
from holdfast.vault.service import Vault
from holdfast.vault.sweep import sweep_expired

AS = {"actor": "lead:bo", "purpose": "tests"}
NO_TIME = timedelta(0)


def _hold(vault: Vault, **limits: datetime) -> str:
    return vault.hold(b"benign", reason="rule", actor="api", retain=Retention(**limits))


def _filed(vault: Vault, items: list[str], at: datetime) -> list[str]:
    with vault.database.write() as connection:
        return retention.filed(connection, items, at, actor="filer")


@pytest.mark.parametrize("day", [datetime(2027, 3, 1, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)])
def test_a_year_is_a_year_in_leap_years_too(day: datetime) -> None:
    anniversary = datetime(day.year + 1, 3, 1, tzinfo=UTC)
    assert anniversary <= day + REPORT_KEPT <= anniversary + timedelta(days=1)


def test_a_filing_keeps_and_a_follow_up_extends(vault: Vault) -> None:
    first, other = _hold(vault), _hold(vault, destroy_at=now() + timedelta(days=1))
    day = now()
    assert set(_filed(vault, [first, other, "0" * 32], day)) == {first, other}
    assert vault.describe(first).keep_until == day + REPORT_KEPT
    assert vault.describe(other).destroy_at == day + REPORT_KEPT  # the clock must not come before
    assert vault.describe(first).destroy_at is None  # nobody said that it goes at all
    _filed(vault, [first], day + timedelta(days=100))
    _filed(vault, [first], day + timedelta(days=50))  # an earlier one that is heard of later
    assert vault.describe(first).keep_until == day + timedelta(days=100) + REPORT_KEPT
    with vault.database.read() as connection:
        told = connection.execute(sa.select(vault_access).where(vault_access.c.action == "preserve")).all()
    assert [row.actor for row in told] == ["filer"] * 4


def test_no_release_and_no_second_thought_makes_it_shorter(vault: Vault) -> None:
    item, day = _hold(vault), now()
    _filed(vault, [item], day)
    until = day + REPORT_KEPT
    with vault.database.write() as connection:
        assert retention.release(connection, item, window=NO_TIME, **AS) == until
        assert retention.preserve(connection, item, day, **AS) == until
    assert sweep_expired(vault).destroyed == 0
    with pytest.raises(HeldError, match="must be kept until"):
        vault.destroy(item, **AS)
    with vault.database.write() as connection:
        retention.hold_again(connection, item, **AS)
        assert retention.release(connection, item, window=NO_TIME, **AS) == until


def test_a_destroyed_item_is_not_kept_and_no_error(vault: Vault) -> None:
    gone, stays = _hold(vault), _hold(vault)
    vault.destroy(gone, **AS)
    assert _filed(vault, [gone, stays], now()) == [stays]
    assert vault.describe(gone).keep_until is None


def test_many_items_in_one_call(vault: Vault) -> None:
    items = [f"{number:032x}" for number in range(1001)]
    base = {"state": "held", "reason": "r", "size_bytes": 0, "held_at": now(), "held_by": "t"}
    with vault.database.write() as connection:
        connection.execute(sa.insert(vault_items), [{"id": item, **base} for item in items])
    assert sorted(_filed(vault, items, now())) == items


def test_a_preservation_request_ends_by_itself(vault: Vault) -> None:
    item = _hold(vault, destroy_at=now())
    with vault.database.write() as connection:
        with pytest.raises(UsageError, match="in the future"):
            retention.place_legal_hold(connection, item, reference="PR 7", actor="counsel", until=now())
        until = now() + timedelta(days=90)
        number = retention.place_legal_hold(
            connection, item, reference="PR 7", actor="counsel", agency="Example Police", until=until
        )
    (hold,) = vault.describe(item).legal_holds
    assert (hold.agency, hold.until, hold.reference) == ("Example Police", until, "PR 7")
    assert sweep_expired(vault).destroyed == 0
    with vault.database.write() as connection:  # ninety days later
        connection.execute(sa.update(vault_legal_holds).values(until=now()))
    assert vault.describe(item).legal_holds == ()
    assert sweep_expired(vault).destroyed == 1
    assert number == hold.id
