"""From an upload that matched nothing at once to what its deep check found, in the records and on disk."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.banks.service import update_bank
from holdfast.decisions.webhooks import endpoints
from holdfast.errors import FetchFailedError, KeyUnavailableError
from holdfast.records import counters, deep_queue, events
from holdfast.records.tables import metadata
from holdfast.records.tables.base import now
from holdfast.records.tables.decisions import decisions
from holdfast.records.tables.deep import deep_budgets, deep_checks
from holdfast.records.tables.outbox import action_receipts, webhook_deliveries
from holdfast.screening.answer import Answer
from holdfast.service.deep_status import read_status
from holdfast.service.deep_worker import DeepWorker
from holdfast.service.housekeeping import housekeeping
from holdfast.service.runtime import Runtime
from holdfast.settings import FetchSettings
from tests.pictures import encoded, picture
from tests.service.deep import STRANGER, add_bank, context, crop


@pytest.fixture
def worker(runtime: Runtime) -> DeepWorker:
    return DeepWorker(runtime)


def screen(runtime: Runtime, data: bytes, reference: str | None = "post/1", **wanted: Any) -> Answer:
    return runtime.intake.screen(data, context(reference), by="key:test", **wanted)


def spooled(runtime: Runtime) -> list[Path]:
    return [path for path in (runtime.home.path / "spool").iterdir() if path.name != "id"]


def state(answer: Answer) -> tuple[str, str]:
    return answer.outcome.deep_check, answer.outcome.deep_check_reason


def counted(runtime: Runtime, name: str, *by: str) -> dict[tuple[str, ...], int]:
    runtime.counters.flush()
    day = timedelta(days=1)
    with runtime.database.read() as connection:
        found = counters.totals(connection, name, since=now() - day, until=now() + day, by=by)
    return {tuple(one.labels[label] for label in by): one.count for one in found}


def listen(runtime: Runtime, connection: sa.Connection) -> None:
    endpoints.create(
        connection, runtime.sealer, name="team", url="https://hooks.example/x", kinds=["deep_check.lost"]
    )


def told_lost(runtime: Runtime) -> list[tuple[str, str]]:
    """Content reference and reason of every message that a check was lost."""
    with runtime.database.read() as connection:
        bodies = connection.scalars(sa.select(webhook_deliveries.c.body)).all()
    told = [json.loads(body)["data"] for body in bodies]
    return [(one["content_reference"], one["reason"]) for one in told]


def test_a_crop_is_allowed_first_and_held_after_its_deep_check(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1, 2)
    with runtime.database.write() as connection:
        endpoints.create(
            connection, runtime.sealer, name="team", url="https://hooks.example/x", kinds=["match"]
        )
    answer = screen(runtime, crop(1))
    assert (str(answer.outcome.outcome), *state(answer)) == ("no_match", "pending", "")
    assert answer.decision.actions.allow and answer.event is None
    assert answer.to_json(in_detail=False)["deep_check"] == "pending"
    assert worker.run_once() == 1 and worker.run_once() == 0
    with runtime.database.read() as connection:
        (event,) = events.read(connection)
        decided = connection.execute(sa.select(decisions)).one()
        receipt = connection.execute(sa.select(action_receipts)).one()
        told = connection.execute(sa.select(webhook_deliveries)).one()
    assert (event.kind, event.content_reference) == ("match", "post/1")
    assert event.facts["deep_check"] is True and event.facts["by"] == "key:test"
    assert event.facts["facts"]["context"]["account"] == "user-4711"
    (match,) = event.facts["facts"]["matches"]
    assert match["label"] == "KNOWN 1" and match["view"] == "uncrop" and match["tier"] == "match"
    assert "cropped about" in match["seen"] and 0 <= match["expected_false_alarms"] <= 1e-6
    assert match["extrapolation_decades"] > 0
    assert decided.actions["quarantine"] and not decided.actions["block"]
    assert not decided.actions["draft_report"] and decided.queue == 2
    # The bytes are gone: the platform is asked to keep them back itself, and to say so.
    assert decided.item_id is None and event.facts["hold"] is None
    assert (receipt.content_reference, receipt.action) == ("post/1", "remove")
    body = json.loads(told.body)["data"]
    assert body["deep_check"] is True and body["hold"] is None and body["decision"]["quarantine"]
    assert body["content_reference"] == "post/1" and "KNOWN" not in str(body)
    assert spooled(runtime) == [] and counted(runtime, "deep.checked", "outcome") == {("match",): 1}


def test_many_uploads_are_answered_by_one_pass(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1, 2)
    for number, data in enumerate((crop(1), STRANGER, crop(2), STRANGER, crop(1, 60))):
        assert state(screen(runtime, data, f"post/{number}"))[0] == "pending"
    assert worker.run_once() == 5
    with runtime.database.read() as connection:
        found = {event.content_reference for event in events.read(connection)}
        assert found == {"post/0", "post/2", "post/4"}
        assert connection.execute(sa.select(deep_checks)).all() == []


def test_what_needs_none_has_none(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1, deep_per_hour=0)
    assert state(screen(runtime, crop(1))) == ("not_needed", "")
    with runtime.database.write() as connection:
        update_bank(connection, "KNOWN", deep_per_hour=10)
    runtime.screener.refresh()
    assert state(screen(runtime, encoded(picture(1), quality=60))) == ("not_needed", "")  # it matched
    assert state(screen(runtime, b"only words")) == ("not_needed", "")
    said = context(surface="unknown")  # digests only, by the shipped policy
    assert state(runtime.intake.screen(crop(1), said, by="key:test")) == ("not_needed", "")
    assert state(screen(runtime, crop(1), banks=["KNOWN"]))[0] == "pending"
    assert spooled(runtime) != [] and worker.run_once() == 1


def test_why_it_is_skipped(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = add_bank(runtime, 1, deep_per_hour=2)
    assert state(screen(runtime, crop(1), None)) == ("skipped", "no_reference")
    with monkeypatch.context() as away:
        away.setattr(type(runtime.spool), "put", _away)
        assert state(screen(runtime, crop(1))) == ("skipped", "unavailable")
    assert [state(screen(runtime, crop(1))) for _ in range(3)] == [
        ("pending", ""),
        ("pending", ""),
        ("skipped", "over_budget"),
    ]
    with runtime.database.read() as connection:
        assert deep_queue.spent(connection) == {bank: 2}
        assert read_status(connection, runtime.settings.deep).exhausted == ("KNOWN",)
    with runtime.database.write() as connection:
        update_bank(connection, "KNOWN", deep_per_hour=1000)
    runtime.screener.refresh()
    runtime.intake._deep._max_waiting = 2
    assert state(screen(runtime, crop(1))) == ("skipped", "behind")
    assert len(spooled(runtime)) == 2
    reasons = {reason for _, reason in counted(runtime, "deep.asked", "outcome", "reason")}
    assert reasons == {"", "no_reference", "unavailable", "over_budget", "behind"}


def _away(*_: object) -> None:
    raise KeyUnavailableError("the key service does not answer")


def test_a_bank_that_asks_no_more_is_not_looked_at(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1)
    add_bank(runtime, 1, name="OTHER", deep_per_hour=0)
    screen(runtime, crop(1))
    with runtime.database.write() as connection:
        listen(runtime, connection)
        update_bank(connection, "KNOWN", enabled=False)
    assert worker.run_once() == 1
    assert counted(runtime, "deep.checked", "outcome") == {("withdrawn",): 1}
    assert spooled(runtime) == []
    assert told_lost(runtime) == [("post/1", "withdrawn")]


def test_only_banks_that_asked_when_it_came_may_match_it(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 2)
    add_bank(runtime, 1, name="QUIET", deep_per_hour=0)
    screen(runtime, crop(1))
    with runtime.database.write() as connection:
        update_bank(connection, "QUIET", deep_per_hour=10)
    assert worker.run_once() == 1
    with runtime.database.read() as connection:
        assert events.latest(connection) == 0


def test_the_same_upload_sent_twice_is_acted_on_once(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1)
    for _ in range(2):
        assert state(screen(runtime, crop(1), idempotency_key="try-1"))[0] == "pending"
    assert worker.run_once() == 2
    with runtime.database.read() as connection:
        assert len(events.read(connection)) == 1
        assert connection.execute(sa.select(deep_checks)).all() == []
    assert spooled(runtime) == []


def test_a_lost_lease_writes_nothing(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1)
    screen(runtime, crop(1))
    check = runtime.screener.check_deeply

    def other_worker_is_faster(*arguments: Any) -> Any:
        runtime.screener.check_deeply = check  # type: ignore[method-assign]
        with runtime.database.write() as connection:
            connection.execute(sa.update(deep_checks).values(lease_until=now() - timedelta(seconds=1)))
        assert DeepWorker(runtime).run_once() == 1
        return check(*arguments)

    runtime.screener.check_deeply = other_worker_is_faster  # type: ignore[method-assign,assignment]
    assert worker.run_once() == 1
    with runtime.database.read() as connection:
        assert len(events.read(connection)) == 1
    assert counted(runtime, "deep.checked", "outcome") == {("match",): 1}


def test_what_cannot_be_read_any_more_is_counted_as_lost(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1)
    screen(runtime, crop(1))
    spooled(runtime)[0].write_bytes(b"cut short by a power cut")
    assert worker.run_once() == 1
    runtime.counters.flush()
    with runtime.database.read() as connection:
        status = read_status(connection, runtime.settings.deep)
    assert status.lost == {"unreadable": 1} and status.waiting == 0


def test_what_waits_too_long_is_forgotten_and_its_file_goes(runtime: Runtime, worker: DeepWorker) -> None:
    add_bank(runtime, 1)
    screen(runtime, crop(1))
    with runtime.database.write() as connection:
        connection.execute(sa.update(deep_checks).values(created_at=now() - timedelta(seconds=400)))
    with runtime.database.read() as connection:
        assert read_status(connection, runtime.settings.deep).state == "behind"
    runtime.deep_watch.look()
    assert runtime.deep_watch.state() == "behind"
    (task,) = [task for task in housekeeping(runtime) if task.name == "deep.ended"]
    task.run()
    assert len(spooled(runtime)) == 1 and told_lost(runtime) == []
    with runtime.database.write() as connection:
        listen(runtime, connection)
        connection.execute(sa.update(deep_checks).values(created_at=now() - timedelta(seconds=700)))
    task.run()
    assert told_lost(runtime) == [("post/1", "expired")]  # silence would say that it was looked at
    assert worker.run_once() == 0 and runtime.spool.sweep(older_than_s=-1.0) == 1
    assert counted(runtime, "deep.lost", "reason") == {("expired",): 1}


@pytest.mark.parametrize("readable", [True, False])
def test_what_ends_its_workers_is_given_up_and_the_platform_is_told(
    runtime: Runtime, readable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_bank(runtime, 1)
    screen(runtime, crop(1))
    with runtime.database.write() as connection:
        listen(runtime, connection)
        connection.execute(sa.update(deep_checks).values(attempts=deep_queue.MAX_ATTEMPTS))
    if not readable:
        monkeypatch.setattr(type(runtime.spool), "get", _away)
    (task,) = [task for task in housekeeping(runtime) if task.name == "deep.ended"]
    task.run()
    task.run()
    assert told_lost(runtime) == ([("post/1", "failed")] if readable else [])
    assert counted(runtime, "deep.lost", "reason") == {("failed",): 1}
    with runtime.database.read() as connection:
        assert events.latest(connection) == 0


class _Platform:
    """What lies at URLs of the platform."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)

    def fetch(self, url: str, into: Any) -> None:
        answer = self._answers.pop(0)
        if answer is None:
            raise FetchFailedError("status", "It answered 404.")
        into.write(answer)


@pytest.mark.parametrize(
    ("there", "held"),
    [
        ([crop(1)], True),  # the very same file
        ([None, crop(1, 50)], True),  # compressed anew, at the second URL
        ([STRANGER], False),
        ([b"<html>"], False),
        ([None], False),
    ],
)
def test_the_platforms_copy_is_held_where_it_can_be_had(
    runtime: Runtime, worker: DeepWorker, there: list[bytes | None], held: bool
) -> None:
    object.__setattr__(runtime.settings, "fetch", FetchSettings(hosts=("photos.example",)))
    runtime._fetcher = _Platform(*there)  # type: ignore[assignment]
    add_bank(runtime, 1)
    urls = [f"https://photos.example/{number}" for number in range(len(there))]
    runtime.intake.screen(crop(1), context(urls=urls), by="key:test")
    assert worker.run_once() == 1
    with runtime.database.read() as connection:
        (event,) = events.read(connection)
    assert (event.facts["hold"] is not None) == held
    if held:
        kept = b"".join(runtime.vault.open(event.facts["hold"], actor="test", purpose="test"))
        assert kept == there[-1]


def test_people_who_match_nothing_leave_no_trace_after_their_deep_check(
    runtime: Runtime, worker: DeepWorker
) -> None:
    """Home and every column of every table are searched, while it waits and after it."""
    add_bank(runtime, 1)
    said = context(urls=["https://photos.example/p/8f31"], original_name="IMG_0001.jpg", port=51334)
    runtime.intake.screen(STRANGER, said, by="key:test", idempotency_key="a-key-of-theirs")
    (luma,) = [luma for _, luma in runtime.screener.check(_content(STRANGER), keep_lumas=True).lumas]
    traces = {
        "account": b"user-4711",
        "reference": b"post/1",
        "name": b"IMG_0001",
        "address": b"203.0.113.7",
        "url": b"photos.example",
        "key": b"a-key-of-theirs",
        "bytes": STRANGER[200:230],
        "luma": luma.pixels.tobytes()[5000:5030],
        "digest": hashlib.sha256(STRANGER).digest(),
        "hex": hashlib.sha256(STRANGER).hexdigest().encode(),
    }
    assert _found(runtime, traces) == []
    assert worker.run_once() == 1
    runtime.counters.flush()
    assert _found(runtime, traces) == []
    assert spooled(runtime) == []
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(deep_checks)).all() == []
        assert {"bank_id", "hour", "used"} == set(deep_budgets.c.keys())  # what stays is a number


def _content(data: bytes) -> Any:
    from holdfast.screening.reading import bytes_content

    return bytes_content(data, 1 << 24)


def _found(runtime: Runtime, traces: dict[str, bytes]) -> list[str]:
    where = []
    for path in runtime.home.path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        where += [f"{name} in {path.name}" for name, trace in traces.items() if trace in content]
    with runtime.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                content = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
                where += [f"{name} in {table.name}" for name, trace in traces.items() if trace in content]
    return where
