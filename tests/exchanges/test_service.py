"""Exchanges in the records, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.banks.service import create_bank, get_bank, list_banks
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.exchanges.programmes import PROGRAMMES
from holdfast.exchanges.service import (
    create_exchange,
    credentials_context,
    delete_exchange,
    get_exchange,
    has_credentials,
    list_exchanges,
    set_credentials,
    switch_exchange,
)
from holdfast.records.database import Database
from holdfast.records.tables.exchanges import exchange_credentials

NCMEC = {"environment": "https://hashsharing.ncmec.org/npo", "only_esp_ids": [2, 1, 2]}
USER = {"user": "someone", "password": "correct horse"}


class Reversing:
    """Seals so that a test can see that it was sealed, and for what."""

    def seal(self, plain: bytes, *, context: bytes) -> bytes:
        return context + b"|" + plain[::-1]


def test_an_exchange_owns_a_bank_of_its_name(database: Database) -> None:
    with database.write() as connection:
        made = create_exchange(connection, "E1", "ncmec", NCMEC)
        bank = get_bank(connection, "E1")
        assert made.bank_id == bank.id and (bank.kind, bank.trusted) == ("known", False)
        assert made.config == {"environment": NCMEC["environment"], "only_esp_ids": [1, 2]}
        assert (made.enabled, made.fetch_succeeded, made.fetched_items) == (True, None, 0)
        create_exchange(connection, "E0", "sample", {}, enabled=False)
        assert [one.name for one in list_exchanges(connection)] == ["E0", "E1"]
        delete_exchange(connection, "E1")
        assert [one.name for one in list_banks(connection)] == ["E0"]
        with pytest.raises(NotFoundError):
            get_exchange(connection, "E1")


def test_switching_is_remembered(database: Database) -> None:
    with database.write() as connection:
        create_exchange(connection, "E1", "sample", {})
        assert not switch_exchange(connection, "E1", enabled=False).enabled
        assert not get_exchange(connection, "E1").enabled


def test_a_name_that_is_taken(database: Database) -> None:
    with database.write() as connection:
        create_exchange(connection, "E1", "sample", {})
        create_bank(connection, "B1")
        for name, what in (("E1", "exchange"), ("B1", "bank")):
            with pytest.raises(ConflictError, match=what):
                create_exchange(connection, name, "sample", {})


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        ("ncmec", {}, 'missing value for field "environment"'),
        ("ncmec", {"environment": "https://evil.example"}, 'wrong value for field "environment"'),
        ("ncmec", {**NCMEC, "only_esp_ids": ["x"]}, 'wrong value for field "only_esp_ids"'),
        ("ncmec", {**NCMEC, "only_esp_id": [1]}, 'unknown field "only_esp_id"'),
        ("fb_threatexchange", {"privacy_group": -1}, "privacy_group"),
        ("fb_threatexchange", {"privacy_group": True}, "privacy_group"),
        ("fb_threatexchange", {"privacy_group": 2**63}, "privacy_group"),
        ("sample", {"x": 1}, 'unknown field "x"'),
    ],
)
def test_a_configuration_that_cannot_be(
    database: Database, kind: str, config: dict[str, Any], message: str
) -> None:
    with database.write() as connection:
        with pytest.raises(UsageError, match=message):
            create_exchange(connection, "E1", kind, config)
        assert list_banks(connection) == []


def test_a_number_may_come_as_text_from_a_form(database: Database) -> None:
    with database.write() as connection:
        made = create_exchange(connection, "E1", "fb_threatexchange", {"privacy_group": "1012185296055235"})
    assert made.config == {"privacy_group": 1012185296055235}


@pytest.mark.parametrize("name", ["", "e1", "E 1", "E1\n", "É1", "E" * 201])
def test_a_name_that_cannot_be(database: Database, name: str) -> None:
    with database.write() as connection, pytest.raises(UsageError, match="capital letters"):
        create_exchange(connection, name, "sample", {})


def test_an_unknown_programme(database: Database) -> None:
    with database.write() as connection, pytest.raises(NotFoundError, match="ncmec"):
        create_exchange(connection, "E1", "nothing", {})


def test_credentials_are_sealed_and_bound_to_their_programme(database: Database) -> None:
    with database.write() as connection:
        set_credentials(connection, Reversing(), "ncmec", USER)
        set_credentials(connection, Reversing(), "ncmec", {**USER, "user": "other"})
        assert has_credentials(connection, "ncmec") and not has_credentials(connection, "stop_ncii")
        sealed = connection.execute(sa.select(exchange_credentials.c.sealed)).scalar_one()
        context, _, text = sealed.partition(b"|")
        assert context == credentials_context("ncmec") and b"correct" not in sealed
        assert json.loads(text[::-1]) == {"user": "other", "password": "correct horse"}
        set_credentials(connection, Reversing(), "ncmec", {})
        assert not has_credentials(connection, "ncmec")


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("ncmec", {"user": "someone"}, 'missing value for field "password"'),
        ("ncmec", {**USER, "token": "x"}, 'unknown field "token"'),
        ("ncmec", {**USER, "password": 7}, 'wrong value for field "password"'),
        ("sample", {"user": "x"}, "takes no credentials"),
    ],
)
def test_credentials_that_cannot_be_leave_the_old_ones(
    database: Database, kind: str, given: dict[str, Any], message: str
) -> None:
    with database.write() as connection:
        set_credentials(connection, Reversing(), "ncmec", USER)
        before = connection.execute(sa.select(exchange_credentials)).all()
        with pytest.raises(UsageError, match=message):
            set_credentials(connection, Reversing(), kind, given)
        assert connection.execute(sa.select(exchange_credentials)).all() == before


def test_what_is_not_fetched_says_why() -> None:
    assert [kind for kind, one in PROGRAMMES.items() if not one.why_not_fetched] == ["sample"]
