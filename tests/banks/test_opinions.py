"""Who upholds what: a state machine against a plain model, and the rules one by one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from holdfast.banks.entries import add_entry, list_fingerprints
from holdfast.banks.log import last_position, read_since
from holdfast.banks.models import Bank, Handling, Source
from holdfast.banks.opinions import opinions_of, set_opinion, verdict, withdraw
from holdfast.banks.service import create_bank
from holdfast.banks.sources import create_source, set_handling
from holdfast.errors import NotFoundError, UsageError
from holdfast.records.database import Database
from tests.banks.conftest import pdq

START = datetime(2026, 1, 1, tzinfo=UTC)


def moment(day: int) -> datetime:
    return START + timedelta(days=day)


@pytest.fixture
def held(database: Database, bank: Bank, own: Source) -> int:
    """The id of a fingerprint of which `own` said positive on day 10."""
    with database.write() as connection:
        entry = add_entry(
            connection, bank.id, label="", added=[pdq(1)], source_id=own.id, as_of=moment(10)
        ).entry
        return list_fingerprints(connection, entry.id)[0].id


def is_active(database: Database, fingerprint_id: int) -> bool:
    active = False
    with database.read() as connection:
        for change in read_since(connection, 0):
            if change.fingerprint_id == fingerprint_id:
                active = change.value is not None
    return active


def test_one_source_does_not_touch_what_another_says(
    database: Database, held: int, own: Source, exchange: Source
) -> None:
    with database.write() as connection:
        assert withdraw(connection, [held], exchange.id) == 0
        assert set_opinion(connection, [held], exchange.id, provenance="their id") == 1
        before = opinions_of(connection, [held])[held]
        assert withdraw(connection, [held], own.id) == 1
        after = opinions_of(connection, [held])[held]
    assert after[0] == before[0]
    assert (after[0].source, after[0].provenance, after[0].upholds) == ("exchange", "their id", True)
    assert not after[1].upholds
    assert is_active(database, held)


def test_it_is_in_use_until_nobody_upholds_it(
    database: Database, held: int, own: Source, exchange: Source
) -> None:
    with database.write() as connection:
        set_opinion(connection, [held], exchange.id, "seed")
        withdraw(connection, [held], own.id)
    assert is_active(database, held)
    with database.write() as connection:
        set_opinion(connection, [held], exchange.id, "negative")
    assert not is_active(database, held)


@pytest.mark.parametrize(("day", "revived"), [(19, False), (20, True), (21, True)])
def test_only_news_younger_than_the_tombstone_revives(
    database: Database, held: int, own: Source, day: int, revived: bool
) -> None:
    with database.write() as connection:
        withdraw(connection, [held], own.id, at=moment(20))
        assert set_opinion(connection, [held], own.id, as_of=moment(day)) == revived
    assert is_active(database, held) is revived


def test_a_late_withdrawal_does_not_end_what_was_said_since(
    database: Database, held: int, own: Source
) -> None:
    with database.write() as connection:
        assert withdraw(connection, [held], own.id, at=moment(9)) == 0
    assert is_active(database, held)


def test_saying_the_same_again_writes_no_log(database: Database, held: int, own: Source) -> None:
    with database.write() as connection:
        before = last_position(connection)
        set_opinion(connection, [held], own.id)
        assert last_position(connection) == before


def test_many_at_once(database: Database, bank: Bank, own: Source, exchange: Source) -> None:
    with database.write() as connection:
        many = [pdq(number) for number in range(6_000)]
        entry = add_entry(connection, bank.id, label="", added=many, source_id=own.id).entry
        ids = [one.id for one in list_fingerprints(connection, entry.id)]
        assert set_opinion(connection, ids, exchange.id) == 6_000
        assert withdraw(connection, ids, own.id) == 6_000
        assert last_position(connection) == 6_000
        assert withdraw(connection, ids, exchange.id) == 6_000
        assert last_position(connection) == 12_000


def test_what_cannot_be_is_refused(database: Database, held: int, own: Source) -> None:
    with database.write() as connection, pytest.raises(UsageError):
        set_opinion(connection, [held], own.id, "maybe")
    with pytest.raises(NotFoundError), database.write() as connection:
        set_opinion(connection, [held, held + 1], own.id)
    with pytest.raises(NotFoundError), database.write() as connection:
        set_opinion(connection, [held], own.id + 1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], "none"),
        (["seed"], "seed"),
        (["positive", "seed"], "positive"),
        (["negative", "seed"], "negative"),
        (["positive", "negative", "seed"], "disputed"),
    ],
)
def test_verdict(said: list[str], expected: str) -> None:
    assert verdict(said) == expected


@dataclass
class Said:
    opinion: str
    day: int
    withdrawn: bool = False


SOURCES = st.integers(0, 2)
FINGERPRINTS = st.integers(0, 3)
DAYS = st.integers(0, 30)


class OpinionMachine(RuleBasedStateMachine):
    """Three sources on four fingerprints, in any order and with late news, against dictionaries."""

    database: Database  # given by the test below

    @initialize()
    def begin(self) -> None:
        self.number = getattr(OpinionMachine, "runs", 0)
        OpinionMachine.runs = self.number + 1
        with self.database.write() as connection:
            bank = create_bank(connection, f"b{self.number}")
            self.position = last_position(connection)
            self.sources = [create_source(connection, f"{self.number}-{name}").id for name in "abc"]
            self.may_match = [True] * 3
            keeper = create_source(connection, f"{self.number}-keeper").id
            self.ids: list[int] = []
            for seed in range(4):
                entry = add_entry(
                    connection, bank.id, label="", added=[pdq(seed)], source_id=keeper, opinion="negative"
                ).entry
                self.ids.append(list_fingerprints(connection, entry.id)[0].id)
        self.said: dict[tuple[int, int], Said] = {}
        self.active: set[int] = set()

    @rule(
        source=SOURCES,
        fingerprint=FINGERPRINTS,
        day=DAYS,
        opinion=st.sampled_from(["positive", "negative", "seed"]),
    )
    def say(self, source: int, fingerprint: int, day: int, opinion: str) -> None:
        with self.database.write() as connection:
            set_opinion(connection, [self.ids[fingerprint]], self.sources[source], opinion, as_of=moment(day))
        before = self.said.get((source, fingerprint))
        if before is None or before.day <= day:
            self.said[source, fingerprint] = Said(opinion, day)

    @rule(source=SOURCES, day=DAYS, fingerprints=st.sets(FINGERPRINTS))
    def take_back(self, source: int, day: int, fingerprints: set[int]) -> None:
        with self.database.write() as connection:
            withdraw(connection, [self.ids[f] for f in fingerprints], self.sources[source], at=moment(day))
        for fingerprint in fingerprints:
            before = self.said.get((source, fingerprint))
            if before is not None and not before.withdrawn and before.day <= day:
                self.said[source, fingerprint] = Said(before.opinion, day, withdrawn=True)

    @rule(source=SOURCES, may_match=st.booleans())
    def change_terms(self, source: int, may_match: bool) -> None:
        with self.database.write() as connection:
            set_handling(connection, f"{self.number}-{'abc'[source]}", Handling(may_match=may_match))
        self.may_match[source] = may_match

    @invariant()
    def the_log_tells_what_the_model_holds(self) -> None:
        with self.database.read() as connection:
            changes = read_since(connection, self.position)
            stored = opinions_of(connection, self.ids)
        for change in changes:
            assert change.position > self.position
            self.position = change.position
            assert (change.fingerprint_id in self.active) == (change.value is None), (
                "a change that changes nothing"
            )
            (self.active.discard if change.value is None else self.active.add)(change.fingerprint_id)
        upheld = {
            self.ids[fingerprint]
            for (source, fingerprint), said in self.said.items()
            if not said.withdrawn and said.opinion != "negative" and self.may_match[source]
        }
        assert self.active == upheld
        known = {
            (opinion.source_id, fingerprint_id): (opinion.opinion, opinion.withdrawn_at is not None)
            for fingerprint_id, opinions in stored.items()
            for opinion in opinions
            if opinion.source_id in self.sources
        }
        assert known == {
            (self.sources[source], self.ids[fingerprint]): (said.opinion, said.withdrawn)
            for (source, fingerprint), said in self.said.items()
        }


def test_any_order_of_news_against_a_plain_model(database: Database, tmp_path: Path) -> None:
    OpinionMachine.database = database
    examples = int(os.environ.get("HOLDFAST_EXAMPLES", "12"))
    run_state_machine_as_test(
        OpinionMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
