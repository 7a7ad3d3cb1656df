"""Counters over HTTP: sums by label and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.records.tables.events import counters
from holdfast.service.runtime import Runtime
from tests.api.v1.conftest import problem

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def counted(runtime: Runtime) -> None:
    rows = [
        {
            "name": "screened",
            "labels": f'{{"medium":"{medium}","outcome":"no_match"}}',
            "grain": "hour",
            "bucket": NOON + timedelta(hours=hours),
            "count": count,
        }
        for medium, hours, count in (("image", 0, 3), ("image", 1, 4), ("video", 1, 5), ("image", 24, 6))
    ]
    with runtime.database.write() as connection:
        connection.execute(sa.insert(counters), rows)


def ask(lead: TestClient, **params: object) -> list[tuple[dict[str, str], str | None, int]]:
    period = {"since": "2026-11-24T00:00:00Z", "until": "2026-11-26T00:00:00Z"}
    answer = lead.get("/v1/counters", params={"name": "screened", **period, **params})  # type: ignore[dict-item]
    assert answer.status_code == 200, answer.text
    return [(one["labels"], one["bucket"], one["count"]) for one in answer.json()["items"]]


def test_sums_by_label_and_time(lead: TestClient) -> None:
    assert ask(lead) == [({}, None, 18)]
    assert ask(lead, until="2026-11-24T13:00:00Z") == [({}, None, 3)]
    assert ask(lead, by="medium") == [({"medium": "image"}, None, 13), ({"medium": "video"}, None, 5)]
    assert ask(lead, per="day") == [
        ({}, "2026-11-24T00:00:00Z", 12),
        ({}, "2026-11-25T00:00:00Z", 6),
    ]
    both = ask(lead, by=["medium", "reason"], per="hour")
    assert both[0] == ({"medium": "image", "reason": ""}, "2026-11-24T12:00:00Z", 3)
    assert ask(lead, name="never.counted") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Screened"},
        {"by": "account"},
        {"per": "minute"},
        {"since": "2026-11-24T00:00:00"},
        {"since": "2026-11-24T00:00:00Z", "until": "2026-11-23T00:00:00Z"},
        {"since": "2020-11-24T00:00:00Z", "until": "2026-11-23T00:00:00Z"},
    ],
)
def test_what_cannot_be_counted_is_refused(lead: TestClient, wrong: dict[str, str]) -> None:
    problem(lead.get("/v1/counters", params={"name": "screened", **wrong}), 422, "bad-request")
    problem(lead.get("/v1/counters"), 422, "bad-request")
