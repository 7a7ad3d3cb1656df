"""Values of 64 digits that nobody named: PDQ hashes go in, digests never do in their place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from holdfast.banks.formats import Options
from holdfast.banks.importing import ImportResult, import_file
from holdfast.banks.importing_guess import EVEN_ONES, LEAST, Guess
from holdfast.banks.models import Bank
from holdfast.errors import BadEntryError
from holdfast.records.database import Database
from holdfast.screening.hashes import FileHasher
from holdfast.settings import MediaSettings
from tests.banks.conftest import digest, pdq
from tests.pictures import encoded, picture

DIGESTS = [digest("sha256", seed).value.hex() for seed in range(40)]
CODES = [pdq(seed).value.hex() for seed in range(40)]


def bring(
    database: Database,
    tmp_path: Path,
    lines: list[str],
    algorithm: str | None = None,
    form: str | None = None,
) -> ImportResult:
    path = tmp_path / "list"
    path.write_text("\n".join(lines), encoding="utf-8")
    return import_file(database, "list", path, source="s", options=Options(algorithm=algorithm), form=form)


def test_hashes_of_pictures_are_even() -> None:
    with FileHasher(MediaSettings(workers=1)) as hasher:
        made = [hasher.hash_bytes(encoded(picture(number))).pdq[0].pdq for number in range(12)]
    guess = Guess()
    for one in made:
        assert not one.featureless
        guess.note(int(one.hex, 16).bit_count())
    assert guess.even == guess.values == 12
    guess.require_pdq()


@pytest.mark.parametrize(
    "lines",
    [
        DIGESTS,
        DIGESTS[:1],
        ["value,label", *(f"{value},x" for value in DIGESTS)],
        [json.dumps({"value": value}) for value in DIGESTS],
        [f"{value},photo.jpg" for value in DIGESTS],  # looks like the PDQ tools' output
        CODES[: LEAST - 1],
        CODES[:20] + DIGESTS[:20],
        [*DIGESTS, "0" * 32, "1" * 40],
    ],
    ids=["hex", "one", "csv", "jsonl", "with names", "too few", "half", "with others"],
)
def test_what_may_be_digests_is_refused(
    database: Database, bank: Bank, tmp_path: Path, lines: list[str]
) -> None:
    with pytest.raises(BadEntryError, match=r"--algorithm sha256.*") as refused:
        bring(database, tmp_path, lines)
    assert DIGESTS[0][:16] not in str(refused.value) and "Nothing was imported" in str(refused.value)
    assert bring(database, tmp_path, ["md5 " + "0" * 32]) == ImportResult(rows=1, entries_added=1, added=1)


def test_digests_that_are_said_to_be_digests(database: Database, bank: Bank, tmp_path: Path) -> None:
    assert bring(database, tmp_path, DIGESTS, "sha256").added == 40
    assert bring(database, tmp_path, [f"sha256 {value}" for value in DIGESTS]).already_there == 40


def test_hashes_that_look_like_pdq_need_no_name(database: Database, bank: Bank, tmp_path: Path) -> None:
    odd = f"{int(CODES[0], 16) | (2**30 - 1):064x}"
    assert int(odd, 16).bit_count() not in EVEN_ONES
    result = bring(database, tmp_path, [*CODES, odd])
    assert (result.added, result.suspicious) == (41, 1)
    assert result.problems[0].line == 41


@pytest.mark.parametrize(
    ("lines", "algorithm", "form"),
    [
        (DIGESTS[:1], "pdq", None),
        ([f"pdq {DIGESTS[0]}"], None, None),
        (["value,quality", f"{DIGESTS[0]},90"], None, None),
        (["value,convention", f"{DIGESTS[0]},full"], None, None),
        ([f"hash={DIGESTS[0]},norm=1"], None, None),
        ([f"{DIGESTS[0]},90,photo.jpg"], None, None),
        ([DIGESTS[0]], None, "pdq"),
    ],
)
def test_what_is_said_to_be_pdq_is_not_guessed_at(
    database: Database, bank: Bank, tmp_path: Path, lines: list[str], algorithm: str | None, form: str | None
) -> None:
    assert bring(database, tmp_path, lines, algorithm, form).added == 1


def test_no_more_lists_of_digests_are_taken_than_is_said() -> None:
    """Lists of five values, the worst size: 0.2 % of them look like PDQ."""
    taken = 0
    for number in range(4_000):
        guess = Guess()
        for at in range(5):
            guess.note(int(hashlib.sha256(f"{number} {at}".encode()).hexdigest(), 16).bit_count())
        try:
            guess.require_pdq()
        except BadEntryError:
            continue
        taken += 1
    assert taken <= 20
