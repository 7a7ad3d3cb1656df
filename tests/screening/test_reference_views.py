"""Views of one's own originals: they find crops that guessing misses, are counted, and never leave."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.banks.entries import list_entries, list_fingerprints, remove_entry
from holdfast.banks.exporting import export_bank
from holdfast.banks.formats import get_format
from holdfast.banks.handling import Purpose
from holdfast.banks.importing import import_file
from holdfast.banks.models import VIEW, Handling
from holdfast.banks.service import create_bank, delete_bank, get_bank
from holdfast.banks.sources import ensure_source, set_handling
from holdfast.decisions.facts import Context, may_decide
from holdfast.errors import HandlingError
from holdfast.hashing.views.plan import REFERENCE_WARPS
from holdfast.matching.calibration import default_model
from holdfast.media.pool import DecodePool
from holdfast.records.tables.banks import fingerprints, reference_views
from holdfast.screening.adding import add_media
from holdfast.screening.facts import facts_of
from holdfast.screening.outcome import OutcomeKind
from holdfast.screening.reading import bytes_content
from holdfast.screening.screener import Screener
from tests.pictures import encoded, picture

CORNER = encoded(picture(1).crop((0, 0, 448, 336)), quality=80)  # 70 % of each side, top left


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(workers=1) as one:
        yield one


@pytest.fixture
def screener(tmp_path: Path, pool: DecodePool) -> Iterator[Screener]:
    with Screener(tmp_path / "home", pool=pool) as one:
        yield one


def _bank(screener: Screener, name: str, *, views: bool) -> None:
    with screener.database.write() as connection:
        create_bank(connection, name, trusted=True, reference_views=views)
        source = ensure_source(connection, "own")
        set_handling(connection, source.name, Handling(True, True, ("*",)))
    path = screener.home.path / "original.jpg"
    path.write_bytes(encoded(picture(1), quality=92))
    (added,) = add_media(screener.database, screener.hasher, name, [path])
    assert added.problem == ""


def test_a_corner_is_found_at_once_and_never_decides(screener: Screener) -> None:
    _bank(screener, "PLAIN", views=False)
    assert screener.screen_bytes(CORNER).outcome is OutcomeKind.NO_MATCH
    _bank(screener, "OURS", views=True)
    screened = screener.check(bytes_content(CORNER, 1 << 20))
    assert screened.outcome.outcome is OutcomeKind.MATCH
    match = screened.outcome.matches[0]
    assert match.bank == "OURS" and match.convention == VIEW and (match.distance or 0) <= 31
    assert match.view == "as is, beside the original's top left, 70 % of each side"
    facts = facts_of(screened, Context(), {})
    assert [one.view for one in facts.matches] == ["uncrop"]
    assert not any(may_decide(one) for one in facts.matches)


def test_the_picture_itself_is_still_a_plain_match(screener: Screener) -> None:
    _bank(screener, "OURS", views=True)
    screened = screener.check(bytes_content(encoded(picture(1), quality=40), 1 << 20))
    assert screened.outcome.matches[0].view == "as is"
    assert any(may_decide(one) for one in facts_of(screened, Context(), {}).matches)


def test_views_count_as_comparisons(screener: Screener) -> None:
    copy = encoded(picture(1), quality=40)
    _bank(screener, "PLAIN", views=False)
    (alone,) = screener.screen_bytes(copy).matches
    plain = len(screener.lists)
    _bank(screener, "OURS", views=True)
    with_views = {match.bank: match for match in screener.screen_bytes(copy).matches}["PLAIN"]
    assert len(screener.lists) >= 2 * plain + len(REFERENCE_WARPS) - 4  # some may be featureless
    assert alone.expected_false_alarms is not None and with_views.expected_false_alarms is not None
    grown = with_views.expected_false_alarms / alone.expected_false_alarms
    assert grown == pytest.approx(len(screener.lists) / plain)
    assert default_model().radius_for(1e-6, 1e6) >= default_model().radius_for(1e-6, 1e6 * grown)


def test_views_never_leave_whatever_the_source_allows(screener: Screener, tmp_path: Path) -> None:
    _bank(screener, "OURS", views=True)
    with screener.database.read() as connection:
        bank = get_bank(connection, "OURS")
        (entry,) = list_entries(connection, bank.id)
        held = list_fingerprints(connection, entry.id)
        views = [one for one in held if one.convention == VIEW]
        stored = [
            value.hex()
            for value in connection.scalars(
                sa.select(fingerprints.c.value).where(fingerprints.c.convention == VIEW)
            )
        ]
        for form in ("csv", "jsonl", "hex", "pdq"):
            ways: list[tuple[Purpose, str | None]] = [("export", None), ("share", "anybody")]
            for purpose, recipient in ways:
                stream = io.StringIO()
                export_bank(connection, bank, stream, get_format(form), purpose=purpose, recipient=recipient)
                assert stream.getvalue()
                assert not [value for value in stored if value in stream.getvalue().lower()]
    assert len(views) == len(stored) > 10
    assert all(one.value is None and one.active for one in views)
    assert all(one.value is not None for one in held if one.convention != VIEW)
    with screener.database.write() as connection:
        connection.execute(sa.delete(fingerprints).where(fingerprints.c.convention != VIEW))
        with pytest.raises(HandlingError):
            export_bank(connection, bank, io.StringIO(), get_format("csv"))


def test_no_list_from_outside_brings_views(screener: Screener, tmp_path: Path) -> None:
    _bank(screener, "OURS", views=True)
    listed = tmp_path / "list.csv"
    listed.write_text(f"value,algorithm,convention\n{'ab' * 32},pdq,{VIEW}\n")
    result = import_file(screener.database, "OURS", listed, source="list")
    assert (result.rows, result.bad_lines) == (0, 1)


def test_words_go_with_their_fingerprints(screener: Screener) -> None:
    def words() -> int:
        with screener.database.read() as connection:
            return len(connection.execute(sa.select(reference_views)).all())

    _bank(screener, "ONE", views=True)
    _bank(screener, "TWO", views=True)
    both = words()
    with screener.database.write() as connection:
        (entry,) = list_entries(connection, get_bank(connection, "ONE").id)
        remove_entry(connection, entry.id)
    assert words() == both / 2
    with screener.database.write() as connection:
        delete_bank(connection, "TWO")
    assert words() == 0
