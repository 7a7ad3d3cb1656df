"""Videos in the banks: entries, opinions, terms and log as for photos, and lists that keep all of them."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.banks import log, opinions
from holdfast.banks.entries import add_entry, list_fingerprints, remove_entry
from holdfast.banks.exporting import export_bank
from holdfast.banks.formats import FORMATS, Options, detect, get_format
from holdfast.banks.importing import ImportResult, import_file
from holdfast.banks.models import VPDQ, Bank, Fingerprint, Source
from holdfast.banks.service import delete_bank
from holdfast.banks.videos import active_videos, changed_videos, frames_of, video_fingerprint
from holdfast.errors import HandlingError, UsageError
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videoblob import name_of, pack
from holdfast.hashing.videotext import to_json, to_text
from holdfast.records.database import Database
from holdfast.records.tables.videos import video_hashes
from tests.banks.conftest import digest
from tests.hashing.videohashes import video_hash

FILM, OTHER = video_hash(1, 30), video_hash(2, 9)


def take_in(database: Database, bank: Bank, form: str, text: str, **options: str) -> ImportResult:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "list")
        path.write_text(text)
        return import_file(
            database, bank.name, path, form=form, source="own", options=Options(**options), keep_sources=True
        )


def exported(database: Database, bank: Bank, form: str) -> str:
    out = io.StringIO()
    with database.read() as connection:
        export_bank(connection, bank, out, get_format(form))
    return out.getvalue()


def held(database: Database) -> list[VideoHash]:
    with database.read() as connection:
        return [video for _, video in active_videos(connection)]


@pytest.fixture
def film(database: Database, bank: Bank, own: Source) -> int:
    """The entry of a film, with a digest of its file."""
    with database.write() as connection:
        added = [video_fingerprint(FILM), digest("sha256", "film")]
        return add_entry(
            connection, bank.id, label="film", added=added, source_id=own.id, medium="video"
        ).entry.id


def test_a_video_is_an_entry_like_any_other(database: Database, bank: Bank, own: Source, film: int) -> None:
    assert held(database) == [FILM]
    with database.write() as connection:
        again = add_entry(
            connection, bank.id, label="again", added=[video_fingerprint(FILM)], source_id=own.id
        )
        assert (again.entry.id, again.is_new, again.fingerprints_added) == (film, False, 0)
        (stored, _) = list_fingerprints(connection, film)
        assert (stored.algorithm, stored.value, stored.active) == (VPDQ, name_of(FILM), True)
        assert frames_of(connection, [stored.id]) == {stored.id: FILM}


def test_the_log_tells_of_it_and_of_its_end(database: Database, own: Source, film: int) -> None:
    with database.write() as connection:
        start = log.last_position(connection)
        (stored, _) = list_fingerprints(connection, film)
        assert changed_videos(connection, 0) == [(stored.id, FILM)]
        opinions.withdraw(connection, [stored.id], own.id)
        assert changed_videos(connection, start) == [(stored.id, None)]
        opinions.set_opinion(connection, [stored.id], own.id)
        assert changed_videos(connection, start) == [(stored.id, FILM)]
        remove_entry(connection, film)
        assert changed_videos(connection, start) == [(stored.id, None)]


@pytest.mark.parametrize("how", ["entry", "bank"])
def test_its_frames_go_with_it(database: Database, bank: Bank, film: int, how: str) -> None:
    with database.write() as connection:
        if how == "entry":
            remove_entry(connection, film)
        else:
            delete_bank(connection, bank.name)
        assert connection.scalar(sa.select(sa.func.count()).select_from(video_hashes)) == 0


def test_what_a_source_does_not_let_out_stays(database: Database, bank: Bank, exchange: Source) -> None:
    with database.write() as connection:
        add_entry(connection, bank.id, label="f", added=[video_fingerprint(FILM)], source_id=exchange.id)
    assert held(database) == [FILM]  # it matches
    with pytest.raises(HandlingError):
        exported(database, bank, "vpdq")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_round_trip_keeps_every_bit(database: Database, bank: Bank, film: int, form: str) -> None:
    text = exported(database, bank, form)
    with database.write() as connection:
        remove_entry(connection, film)
    result = take_in(database, bank, form, text)
    assert (result.entries_added, result.added, result.bad_lines) == (1, 2, 0)
    assert [to_text(video) for video in held(database)] == [to_text(FILM)]
    assert _without_key(exported(database, bank, form)) == _without_key(text)


def _without_key(text: str) -> list[str]:
    """Lines without their first field, the entry's number."""
    return [line.split(",", 1)[1] for line in text.splitlines()]


def test_the_form_of_hma_and_of_the_tools(database: Database, bank: Bank, own: Source) -> None:
    result = take_in(database, bank, "vpdq", to_json(FILM) + "\n" + to_json(OTHER) + "\n")
    assert (result.entries_added, result.added) == (2, 2)
    assert exported(database, bank, "vpdq") == to_json(FILM) + "\n" + to_json(OTHER) + "\n"
    again = take_in(database, bank, "vpdq", to_text(FILM), label="film.txt")
    assert (again.entries_added, again.already_there) == (0, 1)


def test_a_list_may_name_a_video_twice(database: Database, bank: Bank, own: Source) -> None:
    result = take_in(database, bank, "vpdq", 2 * (to_json(FILM) + "\n"))
    assert (result.rows, result.entries_added, result.added, result.already_there) == (2, 1, 1, 1)
    assert [to_json(video) for video in held(database)] == [to_json(FILM)]


def test_a_frame_that_is_none_leaves_the_video_out(database: Database, bank: Bank) -> None:
    text = to_text(FILM).replace("25,90,", "25,abc,", 1)
    result = take_in(database, bank, "vpdq", text)
    assert (result.rows, result.bad_lines) == (0, 1)
    assert "video was left out" in result.problems[0].reason
    assert not held(database)


def test_forms_are_told_apart() -> None:
    assert detect("a.txt", to_text(FILM).splitlines()[0]).name == "vpdq"
    assert detect("a.json", to_json(FILM)[:300]).name == "vpdq"
    assert detect("a.txt", "0" * 64).name == "hex"
    assert detect("a.txt", "0" * 64 + ",100,a.jpg").name == "pdq"
    assert "vpdq" in FORMATS


def test_a_video_hash_needs_its_frames() -> None:
    with pytest.raises(UsageError, match="frames"):
        Fingerprint(VPDQ, name_of(FILM))
    with pytest.raises(UsageError, match="frames"):
        Fingerprint("sha256", name_of(FILM), frames=pack(FILM))
