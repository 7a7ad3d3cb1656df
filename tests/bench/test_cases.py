"""The measurement of cases in small: it fills what it says, and every request finds something."""

from __future__ import annotations

from holdfast.bench.cases import fill, measure
from holdfast.records.database import Database
from holdfast.review.cases import CaseFilter, counts


def test_every_request_is_measured_among_so_many_cases(database: Database) -> None:
    fill(database, 400)
    with database.read() as connection:
        assert counts(connection, CaseFilter(state=None)) == 400
        assert counts(connection, CaseFilter()) == 360
        assert counts(connection, CaseFilter(kind="text")) == 8
    found = measure(database, 400, rounds=1)
    assert len({one.what for one in found}) == len(found) == 11
