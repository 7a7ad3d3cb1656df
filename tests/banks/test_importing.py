"""Imports: all good lines or nothing; what was there, revived or refused; killed in the middle."""

from __future__ import annotations

import io
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.banks import service
from holdfast.banks.entries import add_entry, list_entries, list_fingerprints, remove_entry
from holdfast.banks.exporting import export_bank
from holdfast.banks.formats import FORMATS, Options
from holdfast.banks.importing import ImportResult, import_file
from holdfast.banks.log import active_codes, last_position, read_since
from holdfast.banks.models import Bank, Entry, Handling, Source
from holdfast.banks.opinions import opinions_of, withdraw
from holdfast.banks.sources import create_source, get_source, list_sources, set_handling
from holdfast.errors import BadEntryError, NotFoundError, UnreadableError
from holdfast.records.database import Database
from holdfast.records.tables.banks import entries, fingerprint_sources, fingerprints
from holdfast.records.tables.base import now
from tests.banks.conftest import digest, pdq

OPEN = Handling(True, True, ("*",))
PDQ = Options(algorithm="pdq")


def bring(database: Database, tmp_path: Path, text: str | bytes, **options: Any) -> ImportResult:
    path = tmp_path / "list.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return import_file(
        database, options.pop("bank", "list"), path, source=options.pop("source", "s"), **options
    )


def plain(*seeds: object) -> str:
    return "".join(f"pdq {bare(seed)}\n" for seed in seeds)


def bare(seed: object) -> str:
    return pdq(seed).value.hex()


def contents(database: Database, bank: str = "list") -> list[tuple[Any, ...]]:
    """All that a bank holds, without ids and moments."""
    held = []
    with database.read() as connection:
        for entry in all_entries(connection, bank):
            stored = connection.execute(
                sa.select(fingerprints)
                .where(fingerprints.c.entry_id == entry.id)
                .order_by(fingerprints.c.value)
            ).all()
            said = opinions_of(connection, [one.id for one in stored])
            held.append((
                entry.label, entry.classification, entry.medium, entry.note,
                tuple(
                    (one.algorithm, one.value, one.convention, one.quality, one.size_bytes, one.active,
                     tuple((o.source, o.opinion, o.provenance) for o in said.get(one.id, ()) if o.upholds))
                    for one in stored
                ),
            ))  # fmt: skip
    return held


def all_entries(connection: sa.Connection, bank: str) -> list[Entry]:
    return list_entries(connection, service.get_bank(connection, bank).id, limit=1_000)


def counts(database: Database) -> tuple[int, ...]:
    with database.read() as connection:
        return tuple(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (entries, fingerprints, fingerprint_sources)
        )


def follow(database: Database) -> dict[int, bytes]:
    """What an index holds that has followed the log from its beginning."""
    held: dict[int, bytes] = {}
    with database.read() as connection:
        for change in read_since(connection, 0, 10**6):
            if change.value is None:
                held.pop(change.fingerprint_id, None)
            else:
                held[change.fingerprint_id] = change.value
    return held


def test_a_plain_list(database: Database, bank: Bank, tmp_path: Path) -> None:
    result = bring(database, tmp_path, plain(1, 2, 3))
    assert result == ImportResult(rows=3, entries_added=3, added=3)
    assert counts(database) == (3, 3, 3)
    assert sorted(follow(database).values()) == sorted(pdq(seed).value for seed in (1, 2, 3))
    with database.read() as connection:
        assert get_source(connection, "s").handling == Handling()
        assert get_source(connection, "s").kind == "import"


def test_the_same_again_changes_nothing(database: Database, bank: Bank, tmp_path: Path) -> None:
    bring(database, tmp_path, plain(1, 2, 3))
    before, log_before = contents(database), follow(database)
    assert bring(database, tmp_path, plain(3, 2, 1, 1)) == ImportResult(rows=4, already_there=4)
    assert contents(database) == before
    with database.read() as connection:
        assert last_position(connection) == 3
    assert follow(database) == log_before


def test_a_line_that_comes_twice_is_one_content(database: Database, bank: Bank, tmp_path: Path) -> None:
    result = bring(database, tmp_path, plain(1, 2, 1, 1))
    assert (result.rows, result.entries_added, result.added, result.already_there) == (4, 2, 2, 2)


def test_a_second_source_adds_its_opinion(database: Database, bank: Bank, tmp_path: Path) -> None:
    bring(database, tmp_path, plain(1, 2))
    result = bring(database, tmp_path, plain(2, 3), source="t")
    assert (result.entries_added, result.added, result.already_there) == (1, 1, 1)
    assert counts(database) == (3, 3, 4)


def test_rows_of_one_key_are_one_content(database: Database, bank: Bank, tmp_path: Path) -> None:
    lines = [
        "entry,value,label",
        f"a,{pdq(1).value.hex()},first",
        f"b,{pdq(2).value.hex()},second",
        f"a,{digest('md5', 1).value.hex()},passed over",
        f",{pdq(3).value.hex()},alone",
        f"b,{pdq(1).value.hex()},also in a",
        f",{pdq(3).value.hex()},alone again",
    ]
    result = bring(database, tmp_path, "\n".join(lines))
    assert (result.rows, result.entries_added, result.added) == (6, 3, 5)
    assert [(held[0], len(held[4])) for held in contents(database)] == [
        ("first", 2),
        ("second", 2),
        ("alone", 1),
    ]
    before = contents(database)
    assert bring(database, tmp_path, "\n".join(lines)).already_there == 6
    assert contents(database) == before


def test_a_content_goes_to_the_entry_that_it_shares_most_with(
    database: Database, bank: Bank, own: Source, tmp_path: Path
) -> None:
    with database.write() as connection:
        for label, added in (("one", [pdq(1)]), ("two", [pdq(2), digest("md5", 2)])):
            add_entry(connection, bank.id, label=label, added=added, source_id=own.id)
    values = [pdq(1), digest("md5", 2), pdq(3)]
    text = "entry,value,convention\n" + "".join(f"x,{one.value.hex()},full\n" for one in [*values, pdq(2)])
    result = bring(database, tmp_path, text)
    assert (result.entries_added, result.added, result.already_there) == (0, 2, 2)
    assert [(held[0], len(held[4])) for held in contents(database)] == [("one", 1), ("two", 4)]


def test_withdrawn_is_revived_by_newer_news_only(database: Database, bank: Bank, tmp_path: Path) -> None:
    before = now()
    bring(database, tmp_path, plain(1, 2))
    with database.write() as connection:
        withdraw(connection, [1], get_source(connection, "s").id)
    assert len(follow(database)) == 1
    late = bring(database, tmp_path, plain(1, 2), as_of=before)
    assert (late.revived, late.stale, late.already_there) == (0, 2, 0)
    assert len(follow(database)) == 1
    again = bring(database, tmp_path, plain(1, 2))
    assert (again.revived, again.stale, again.already_there) == (1, 0, 1)
    assert len(follow(database)) == 2


def test_terms_and_opinions_decide_what_matches(database: Database, bank: Bank, tmp_path: Path) -> None:
    with database.write() as connection:
        create_source(connection, "silent", handling=Handling(may_match=False))
    bring(database, tmp_path, plain(1), source="silent")
    assert follow(database) == {}
    bring(database, tmp_path, f"value,opinion\n{bare(2)},negative\n{bare(3)},seed\n", options=PDQ)
    assert list(follow(database).values()) == [pdq(3).value]
    with database.write() as connection:
        set_handling(connection, "silent", Handling())
    assert len(follow(database)) == 2


def test_a_list_from_outside_cannot_name_its_source(database: Database, bank: Bank, tmp_path: Path) -> None:
    with database.write() as connection:
        create_source(connection, "own", handling=OPEN)
    text = f"value,source,provenance\n{bare(1)},own,\n"
    bring(database, tmp_path, text, options=PDQ)
    with database.read() as connection:
        ((opinion,),) = opinions_of(connection, [1]).values()
    assert (opinion.source, opinion.provenance) == ("s", "own")
    bring(database, tmp_path, text + f"{bare(2)},new,p\n", keep_sources=True, options=PDQ)
    with database.read() as connection:
        assert [opinion.source for opinion in opinions_of(connection, [1])[1]] == ["own", "s"]
        assert [opinion.source for opinion in opinions_of(connection, [2])[2]] == ["new"]
        assert {source.name: source.handling for source in list_sources(connection)}["new"] == Handling()


def test_bad_lines_are_named_and_the_rest_goes_in(database: Database, bank: Bank, tmp_path: Path) -> None:
    bad = ["some text of mine", pdq(9).value.hex()[:-1], "g" * 64, "x" * 200_000, "\u00e9" * 32]
    lines = [f"pdq {bare(1).upper()}", *bad, "", f"  pdq {bare(2)}  "]
    result = bring(database, tmp_path, "\n".join(lines))
    assert (result.rows, result.added, result.bad_lines) == (2, 2, 5)
    assert [problem.line for problem in result.problems] == [2, 3, 4, 5, 6]
    assert "63 characters" in result.problems[1].reason


def test_the_first_twenty_problems_are_kept(database: Database, bank: Bank, tmp_path: Path) -> None:
    result = bring(database, tmp_path, "nonsense\n" * 1_000 + plain(1))
    assert (result.bad_lines, len(result.problems), result.added) == (1_000, 20, 1)


def test_poor_hashes_are_refused_unless_forced(database: Database, bank: Bank, tmp_path: Path) -> None:
    text = f"value,quality\n{bare(1)},49\n{bare(2)},50\n{bare(3)},\n"
    result = bring(database, tmp_path, text, options=PDQ)
    assert (result.rows, result.added, result.refused_low_quality) == (2, 2, 1)
    assert result.problems[0].line == 2
    assert "quality 49 is below 50" in result.problems[0].reason
    assert bring(database, tmp_path, text, force=True, options=PDQ).added == 1


def test_hashes_of_almost_one_bit_value_are_reported(database: Database, bank: Bank, tmp_path: Path) -> None:
    lines = ["00" * 32, "ff" * 31 + "00", "0f" * 32]
    result = bring(database, tmp_path, "\n".join(lines), options=PDQ)
    assert (result.added, result.suspicious) == (3, 2)
    assert [(problem.line, problem.reason[:10]) for problem in result.problems] == [
        (1, "suspicious"),
        (2, "suspicious"),
    ]


def test_an_empty_list_is_no_error(database: Database, bank: Bank, tmp_path: Path) -> None:
    assert bring(database, tmp_path, "") == ImportResult()


def test_no_bank_no_file_no_header(database: Database, bank: Bank, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        bring(database, tmp_path, plain(1), bank="other")
    with pytest.raises(UnreadableError, match="Nothing was imported"):
        import_file(database, "list", tmp_path / "no", source="s")
    with pytest.raises(UnreadableError):
        import_file(database, "list", tmp_path, source="s")
    with pytest.raises(BadEntryError):
        bring(database, tmp_path, f"{plain(1)}", form="csv")
    assert counts(database) == (0, 0, 0)
    assert bring(database, tmp_path, plain(1)).added == 1


def test_a_failure_while_merging_leaves_nothing(database: Database, bank: Bank, tmp_path: Path) -> None:
    def stop(phase: str, done: int) -> None:
        if phase == "merging" and done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(database, tmp_path, plain(*range(100)), progress=stop)
    assert counts(database) == (0, 0, 0)
    assert bring(database, tmp_path, plain(*range(100))).added == 100


def test_another_writer_does_not_wait_while_a_list_is_read(
    database: Database, bank: Bank, own: Source, tmp_path: Path
) -> None:
    phases: list[str] = []

    def write_meanwhile(phase: str, done: int) -> None:
        phases.append(phase)
        if phase == "reading":
            with database.write() as connection:
                add_entry(
                    connection, bank.id, label="meanwhile", added=[pdq("m", "unknown")], source_id=own.id
                )

    result = bring(database, tmp_path, plain(1, 2, "m"), progress=write_meanwhile)
    assert "reading" in phases
    assert "merging" in phases
    assert (result.added, result.already_there) == (2, 1)


def test_two_imports_and_a_writer_at_once(
    database: Database, bank: Bank, own: Source, tmp_path: Path
) -> None:
    results: list[ImportResult] = []
    errors: list[BaseException] = []

    def run(name: str, seeds: range) -> None:
        try:
            path = tmp_path / name
            path.write_text(plain(*seeds))
            results.append(import_file(database, "list", path, source=name))
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=("a", range(2_000))),
        threading.Thread(target=run, args=("b", range(1_000, 3_000))),
    ]
    for thread in threads:
        thread.start()
    for number in itertools.count():
        with database.write() as connection:
            add_entry(connection, bank.id, label="", added=[pdq(("w", number))], source_id=own.id)
        time.sleep(0.005)  # SQLite knows no turns: without a gap the others might wait for too long
        if not any(thread.is_alive() for thread in threads):
            break
    assert errors == []
    assert sum(result.added for result in results) == 3_000
    held = follow(database)
    with database.read() as connection:
        truth = {
            int(one): bytes(code)
            for ids, codes in active_codes(connection)
            for one, code in zip(ids, codes, strict=True)
        }
    assert held == truth
    assert len(truth) == 3_000 + number + 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_then_import_gives_the_same(database: Database, bank: Bank, tmp_path: Path, form: str) -> None:
    numbers = random.Random(5)
    with database.write() as connection:
        named = [create_source(connection, name, handling=OPEN) for name in ("s", "two", 'th"ree')]
        for number in range(40):
            kinds = [pdq(number, numbers.choice(["full", "unknown"]), numbers.choice([None, 50, 100]))]
            if number % 3 == 0:
                kinds.append(digest("md5", number, numbers.choice([None, 0, 2**40])))
                kinds.append(digest("sha256", number % 6))
            for source in numbers.sample(named, numbers.choice([1, 2, 3])):
                add_entry(
                    connection,
                    bank.id,
                    label=f'pictüre, "{number}"; = tab',
                    added=kinds,
                    source_id=source.id,
                    opinion=numbers.choice(["positive", "seed"]),
                    classification=numbers.choice([None, "A1", "B2"]),
                    medium=numbers.choice(["image", "unknown"]),
                    note="a, note",
                    provenance=f"their {number}",
                )
        service.create_bank(connection, "copy")
    written = io.StringIO()
    with database.read() as connection:
        export_bank(connection, bank, written, FORMATS[form])
    result = bring(database, tmp_path, written.getvalue(), bank="copy", keep_sources=True)
    assert result.bad_lines == 0
    assert contents(database, "copy") == contents(database)


def test_a_plain_export_has_each_value_once(database: Database, bank: Bank, tmp_path: Path) -> None:
    with database.write() as connection:
        for name in "st":
            create_source(connection, name, handling=OPEN)
    for source in "st":
        bring(database, tmp_path, plain(1, 2), source=source)
    for form in ("hex", "pdq"):
        written = io.StringIO()
        with database.read() as connection:
            assert export_bank(connection, bank, written, FORMATS[form]).written == 2
        assert len(written.getvalue().splitlines()) == 2


def test_the_authors_lists_go_in(database: Database, bank: Bank, tmp_path: Path, shared_data: Path) -> None:
    haystack = shared_data / "images" / "pdq-reference" / "reg-test-input" / "haystack.txt"
    result = import_file(database, "list", haystack, source="s")
    lines = haystack.read_text().split()
    assert (result.rows, result.bad_lines, result.added) == (1350, 0, len(set(lines)))
    assert {value.hex() for value in follow(database).values()} == set(lines)


def test_twenty_thousand_rows_are_quick(database: Database, bank: Bank, tmp_path: Path) -> None:
    """A guard against a row by row regression."""
    text = "value,quality\n" + "".join(f"{os.urandom(32).hex()},80\n" for _ in range(20_000))
    statements = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert bring(database, tmp_path, text).added == 20_000
    assert 10 < len(statements) < 2_000


PROGRAM = """
import signal, sys
from pathlib import Path
from holdfast.banks.importing import import_file
from holdfast.records.database import Database

def tell(phase, done):
    if f"{phase} {done}" == sys.argv[3]:
        signal.setitimer(signal.ITIMER_REAL, 0.002)  # its signal ends the process like a kill

import_file(Database(sys.argv[1]), "list", Path(sys.argv[2]), source="s", progress=tell)
"""


@pytest.mark.parametrize("phase", ["reading 20000", "merging 2", "merging 4", "merging 6"])
def test_killed_in_the_middle_nothing_is_half_written(
    database: Database, database_url: str, bank: Bank, tmp_path: Path, phase: str
) -> None:
    bring(database, tmp_path, plain("before"))
    path = tmp_path / "long.txt"
    path.write_text(plain(*range(21_000)))
    command = [sys.executable, "-c", PROGRAM, database_url, str(path), phase]
    done = subprocess.run(command, check=False)
    assert done.returncode == -signal.SIGALRM, "it was over before it could be killed"
    assert counts(database) == (1, 1, 1)
    assert len(follow(database)) == 1
    if database.is_sqlite:
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    result = bring(database, tmp_path, plain("before", *range(50)))
    assert (result.added, result.already_there) == (50, 1)


def test_removing_what_was_imported(database: Database, bank: Bank, tmp_path: Path) -> None:
    bring(database, tmp_path, plain(*range(200)))
    with database.write() as connection:
        first = all_entries(connection, "list")[0]
        assert len(list_fingerprints(connection, first.id)) == 1
        remove_entry(connection, first.id)
        assert service.delete_bank(connection, "list") == 199
    assert follow(database) == {}
    assert counts(database) == (0, 0, 0)
