"""The demo's films are found by the service, whole and in part, and another film is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.bench import demo_videos
from holdfast.bench.demo_service import BANK, demo_service
from holdfast.bench.demo_videos import FilmRow, make_films, show_films
from tests.pictures import encoded, picture


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[FilmRow]]:
    out = tmp_path_factory.mktemp("demo")
    photographs = [out / f"{number}.jpg" for number in range(6)]
    for number, path in enumerate(photographs):
        path.write_bytes(encoded(picture(number)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(demo_videos, "sample_photographs", lambda: ([], photographs[1:]))
        films = make_films(out)
    with demo_service([photographs[0]], photographs[0]) as service, service.staff() as staff:
        yield show_films(staff, BANK, films)


def test_every_copy_is_a_match_and_the_other_film_is_none(rows: list[FilmRow]) -> None:
    *copies, other = rows
    assert [row.outcome for row in copies] == ["match"] * 6
    assert (other.outcome, other.edit, other.score) == ("no_match", "another film", None)
    assert {row.view for row in copies} >= {"as is", "mirrored", "border removed"}


def test_the_compilation_says_where_the_film_is(rows: list[FilmRow]) -> None:
    row = next(row for row in rows if "compilation" in row.edit)
    assert row.query_start_s == pytest.approx(6, abs=0.75)
    assert row.query_end_s == pytest.approx(11, abs=1)
    assert row.ref_start_s == pytest.approx(2, abs=0.75)
    assert len(row.cells()) == len(FilmRow.header)
