"""Sharing terms: the one rule, and each way out asking it."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from holdfast.banks.entries import add_entry, list_fingerprints
from holdfast.banks.exporting import export_bank
from holdfast.banks.formats import FORMATS, Format
from holdfast.banks.handling import Purpose, from_json, permits, to_json
from holdfast.banks.log import active_codes, read_since
from holdfast.banks.models import Bank, Fingerprint, Handling
from holdfast.banks.opinions import withdraw
from holdfast.banks.resolve import find_digests, resolve
from holdfast.banks.sources import create_source, set_handling
from holdfast.errors import HandlingError, RecordsError, UsageError
from holdfast.records.database import Database
from holdfast.records.tables.banks import sources
from tests.banks.conftest import digest, film, pdq

NOTHING = Handling(may_match=False)
MATCH = Handling()
EXPORT = Handling(may_export=True)
SHARE = Handling(share_with=("hub", "other"))
ANYONE = Handling(share_with=("*",))


@pytest.mark.parametrize(
    ("handlings", "purpose", "recipient", "allowed"),
    [
        ([], "match", None, False),
        ([MATCH], "match", None, True),
        ([NOTHING], "match", None, False),
        ([NOTHING, MATCH], "match", None, True),
        ([MATCH], "export", None, False),
        ([MATCH, EXPORT], "export", None, True),
        ([EXPORT], "share", "hub", False),
        ([SHARE], "share", "hub", True),
        ([SHARE], "share", "hu", False),
        ([SHARE], "export", None, False),
        ([MATCH, ANYONE], "share", "whoever", True),
    ],
)
def test_the_rule(handlings: list[Handling], purpose: Purpose, recipient: str | None, allowed: bool) -> None:
    assert permits(handlings, purpose, recipient) is allowed


@pytest.mark.parametrize(
    ("purpose", "recipient"), [("share", None), ("share", ""), ("match", "x"), ("sell", None)]
)
def test_questions_that_cannot_be_asked(purpose: str, recipient: str | None) -> None:
    with pytest.raises(UsageError, match="Nothing was given"):
        permits([ANYONE], purpose, recipient)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        [],
        {"may_match": 1, "may_export": False, "share_with": []},
        {"may_match": True, "may_export": False, "share_with": "*"},
        {"may_match": True, "may_export": False, "share_with": [1]},
        {"may_match": True, "may_export": False, "share_with": [], "may_sell": True},
    ],
)
def test_terms_of_an_unknown_form_are_an_error_never_a_permission(stored: object) -> None:
    with pytest.raises(RecordsError, match="not of a known form"):
        from_json(stored)


def test_terms_survive_the_records() -> None:
    for handling in (NOTHING, MATCH, EXPORT, SHARE, ANYONE):
        assert from_json(to_json(handling)) == handling


def test_damaged_terms_stop_every_way_out(database: Database, bank: Bank) -> None:
    held = hold(database, bank, EXPORT)
    with database.write() as connection:
        connection.execute(sources.update().values(handling={"may_match": "yes"}))
    with database.read() as connection:
        for way in (match_digest, match_hit, listed):
            with pytest.raises(RecordsError):
                way(connection, held)


# Each way out, as "may this fingerprint leave?" ------------------------------------------------------


def hold(database: Database, bank: Bank, *handlings: Handling) -> Fingerprint:
    """One fingerprint, upheld by a source for each of ``handlings``."""
    held = digest("sha1", "x")
    with database.write() as connection:
        for number, handling in enumerate(handlings):
            source = create_source(connection, f"s{number}", handling=handling)
            add_entry(connection, bank.id, label="l", added=[held, pdq("x", quality=90)], source_id=source.id,
                      note="a note", provenance="p")  # fmt: skip
    return held


def match_digest(connection: sa.Connection, held: Fingerprint) -> bool:
    return bool(find_digests(connection, {held.algorithm: held.value}))


def match_hit(connection: sa.Connection, held: Fingerprint) -> bool:
    return bool(resolve(connection, [(1, 0), (2, 3)]))


def indexed(connection: sa.Connection, held: Fingerprint) -> bool:
    built = [ids for ids, _ in active_codes(connection)]
    followed = [change for change in read_since(connection, 0) if change.value is not None]
    assert bool(built) == bool(followed)
    return bool(built)


def listed(connection: sa.Connection, held: Fingerprint) -> bool:
    values = [one.value for one in list_fingerprints(connection, 1)]
    assert values in ([held.value, pdq("x").value], [None, None])
    return values[0] is not None


@pytest.mark.parametrize("way", [match_digest, match_hit, indexed])
@pytest.mark.parametrize(
    ("handlings", "allowed"),
    [
        ((MATCH,), True),
        ((NOTHING,), False),
        ((NOTHING, MATCH), True),
        ((EXPORT,), True),
        ((NOTHING, NOTHING), False),
    ],
)
def test_match_answers(
    database: Database, bank: Bank, way: object, handlings: tuple[Handling, ...], allowed: bool
) -> None:
    held = hold(database, bank, *handlings)
    with database.read() as connection:
        assert way(connection, held) is allowed  # type: ignore[operator]


@pytest.mark.parametrize(
    ("handlings", "allowed"),
    [((MATCH,), False), ((ANYONE,), False), ((EXPORT,), True), ((NOTHING, EXPORT), True)],
)
def test_listing_of_values(
    database: Database, bank: Bank, handlings: tuple[Handling, ...], allowed: bool
) -> None:
    held = hold(database, bank, *handlings)
    with database.read() as connection:
        assert listed(connection, held) is allowed


def exported(
    connection: sa.Connection, bank: Bank, form: Format, purpose: Purpose, recipient: str | None
) -> str:
    stream = io.StringIO()
    export_bank(connection, bank, stream, form, purpose=purpose, recipient=recipient)
    return stream.getvalue()


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    ("handling", "purpose", "recipient", "allowed"),
    [
        (MATCH, "export", None, False),
        (ANYONE, "export", None, False),
        (EXPORT, "export", None, True),
        (EXPORT, "share", "hub", False),
        (SHARE, "share", "hub", True),
        (SHARE, "share", "nobody", False),
        (ANYONE, "share", "anybody", True),
    ],
)
def test_export_in_each_form(
    database: Database,
    bank: Bank,
    form: Format,
    handling: Handling,
    purpose: Purpose,
    recipient: str | None,
    allowed: bool,
) -> None:
    hold(database, bank, handling)
    with database.write() as connection:
        source = create_source(connection, "filmed", handling=handling)
        add_entry(connection, bank.id, label="f", added=[film("x")], source_id=source.id)
    with database.read() as connection:
        if allowed:
            assert pdq("x").value.hex() in exported(connection, bank, form, purpose, recipient)
        else:
            with pytest.raises(HandlingError, match="Nothing was given"):
                exported(connection, bank, form, purpose, recipient)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_what_is_shared_holds_no_label_note_or_source(database: Database, bank: Bank, form: Format) -> None:
    with database.write() as connection:
        source = create_source(connection, "SOURCE", handling=ANYONE)
        add_entry(
            connection,
            bank.id,
            label="LABEL",
            added=[pdq(1), film(1)],
            source_id=source.id,
            note="NOTE",
            provenance="PROVENANCE",
            classification="A1",
        )
    with database.read() as connection:
        text = exported(connection, bank, form, "share", "hub")
    assert pdq(1).value.hex() in text
    assert not any(word in text for word in ("LABEL", "NOTE", "SOURCE", "PROVENANCE"))


def test_what_another_source_forbids_is_held_back_and_not_named(database: Database, bank: Bank) -> None:
    with database.write() as connection:
        free = create_source(connection, "free", handling=EXPORT)
        closed = create_source(connection, "closed")
        for source, seeds in ((free, (1, 2)), (closed, (2, 3))):
            for seed in seeds:
                add_entry(connection, bank.id, label="", added=[pdq(seed)], source_id=source.id)
    with database.read() as connection:
        stream = io.StringIO()
        result = export_bank(connection, bank, stream, FORMATS["csv"])
    assert (result.written, result.withheld) == (2, 1)
    text = stream.getvalue()
    assert pdq(3).value.hex() not in text
    assert "closed" not in text


def test_a_withdrawn_opinion_lends_its_terms_to_nobody(database: Database, bank: Bank) -> None:
    held = hold(database, bank, EXPORT, MATCH)
    with database.write() as connection:
        withdraw(connection, [1, 2], 1)
    with database.read() as connection:
        assert not listed(connection, held)
        assert match_digest(connection, held)


def test_changed_terms_take_effect_at_once(database: Database, bank: Bank) -> None:
    held = hold(database, bank, EXPORT)
    with database.write() as connection:
        set_handling(connection, "s0", NOTHING)
    with database.read() as connection:
        assert not match_digest(connection, held)
        assert not indexed(connection, held)
        assert [change.value is None for change in read_since(connection, 2)] == [True, True]
    with database.write() as connection:
        set_handling(connection, "s0", MATCH)
    with database.read() as connection:
        assert match_digest(connection, held)
        assert {change.value for change in read_since(connection, 4)} == {held.value, pdq("x").value}
