"""Destroying evidence takes two people; a legal hold forbids it; all of a request goes or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.errors import (
    ConflictError,
    HeldError,
    NotAllowedError,
    NotFoundError,
    ObjectDestroyedError,
    UsageError,
)
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items
from holdfast.vault import destruction, retention
from holdfast.vault.destruction import Kind
from holdfast.vault.service import Vault
from holdfast.vault.sweep import sweep_expired

ORDER: dict[str, Any] = {"kind": Kind.LAW_ENFORCEMENT, "reference": "order 7", "agency": "Example Police"}
OVER: dict[str, Any] = {"kind": Kind.PERIOD_OVER, "reference": "yearly", "agency": None}


def _hold(vault: Vault) -> str:
    return vault.hold(b"benign", reason="rule", actor="api")


def _filed(vault: Vault, item: str, days_ago: int = 0) -> str:
    with vault.database.write() as connection:
        retention.filed(connection, [item], now() - timedelta(days=days_ago), actor="filer")
    return item


def _ask(vault: Vault, items: list[str], what: dict[str, Any] = ORDER) -> int:
    with vault.database.write() as connection:
        return destruction.ask(connection, items, actor="ana", **what)


def _approve(vault: Vault, number: int, actor: str = "bo") -> list[str]:
    with vault.database.write() as connection:
        return destruction.approve(connection, number, actor=actor)


def test_law_enforcement_ends_a_preservation_duty_and_takes_two(vault: Vault) -> None:
    items = sorted(_filed(vault, _hold(vault)) for _ in range(2))
    number = _ask(vault, items)
    assert [vault.describe(item).state for item in items] == ["held", "held"]
    with pytest.raises(NotAllowedError, match="two people"):
        _approve(vault, number, "ana")
    assert _approve(vault, number) == items
    for item in items:
        with pytest.raises(ObjectDestroyedError, match="destruction 1: order 7"):
            vault.open(item, actor="ana", purpose="look")
    assert vault.describe(items[0]).destroyed_by == "bo"
    assert sweep_expired(vault).objects_removed == 2
    assert {entry["item"] for entry in vault.journal.read() if entry["kind"] == "destroyed"} == set(items)
    with vault.database.read() as connection:
        request = destruction.get(connection, number)
    assert (request.decision, request.decided_by, request.items) == ("approved", "bo", tuple(items))
    with pytest.raises(ConflictError, match="was approved by bo"):
        _approve(vault, number, "cleo")


def test_the_database_itself_refuses_one_person(vault: Vault) -> None:
    number = _ask(vault, [_hold(vault)])
    with pytest.raises(ConflictError), vault.database.write() as connection:
        destruction._decide(connection, number, "approved", "ana")


def test_a_legal_hold_forbids_asking_and_approving(vault: Vault) -> None:
    free, held = _hold(vault), _hold(vault)
    number = _ask(vault, [free, held])
    with vault.database.write() as connection:
        lift = retention.place_legal_hold(
            connection, held, reference="PR 9", actor="counsel", agency="Another"
        )
    with pytest.raises(HeldError, match="PR 9"):
        _approve(vault, number)
    with pytest.raises(HeldError, match="PR 9"):
        _ask(vault, [held])
    assert vault.describe(free).state == "held"  # all or nothing
    with vault.database.write() as connection:
        retention.lift_legal_hold(connection, lift, actor="counsel", purpose="over")
    assert len(_approve(vault, number)) == 2


def test_what_was_reported_goes_after_its_period_and_not_by_the_clock(vault: Vault) -> None:
    old, young, never = _filed(vault, _hold(vault), 400), _filed(vault, _hold(vault), 100), _hold(vault)
    assert sweep_expired(vault).destroyed == 0
    for wrong in (young, never):
        with pytest.raises(HeldError, match="no period that is over"):
            _ask(vault, [wrong], OVER)
    with vault.database.read() as connection:
        assert destruction.period_over(connection) == [old]
    number = _ask(vault, [old], OVER)
    with vault.database.read() as connection:
        assert destruction.period_over(connection) == []  # it is asked for already
        (waiting,) = destruction.list_destructions(connection, waiting=True)
    assert waiting.id == number
    _filed(vault, old)  # a follow-up in between
    with pytest.raises(HeldError, match="no period that is over"):
        _approve(vault, number)
    with vault.database.write() as connection:
        past = now() - timedelta(days=1)
        connection.execute(sa.update(vault_items).where(vault_items.c.id == old).values(keep_until=past))
    assert _approve(vault, number) == [old]


def test_a_withdrawn_request_destroys_nothing(vault: Vault) -> None:
    item = _hold(vault)
    number = _ask(vault, [item])
    with vault.database.write() as connection:
        destruction.withdraw(connection, number, actor="ana")
    with pytest.raises(ConflictError, match="withdrawn"):
        _approve(vault, number)
    assert vault.describe(item).state == "held"
    with vault.database.read() as connection:
        assert destruction.list_destructions(connection, waiting=True) == []


def test_what_was_destroyed_meanwhile_is_passed_over(vault: Vault) -> None:
    gone, stays = _hold(vault), _hold(vault)
    number = _ask(vault, [gone, stays])
    vault.destroy(gone, actor="lead", purpose="tests")
    assert _approve(vault, number) == [stays]
    assert vault.describe(gone).destroyed_by == "lead"


def test_a_request_that_cannot_be_asked_keeps_nothing(vault: Vault) -> None:
    item = _hold(vault)
    for items, what, error in (
        ([], ORDER, UsageError),
        ([item], {**ORDER, "agency": None}, UsageError),
        ([item], {**OVER, "agency": "Police"}, UsageError),
        ([item], {**ORDER, "reference": " "}, UsageError),
        ([item, "0" * 32], ORDER, NotFoundError),
    ):
        with pytest.raises(error):
            _ask(vault, items, what)
    with vault.database.read() as connection:
        assert destruction.list_destructions(connection) == []
        with pytest.raises(NotFoundError):
            destruction.get(connection, 1)
    with pytest.raises(NotFoundError):
        _approve(vault, 1)
