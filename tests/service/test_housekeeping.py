"""Every task of the clock, on real records and a real vault."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.decisions.webhooks import endpoints, outbox, receipts
from holdfast.records import counters, events, idempotency, jobs
from holdfast.records.tables import jobs as job_tables
from holdfast.records.tables import outbox as outbox_tables
from holdfast.records.tables.base import now
from holdfast.records.tables.events import counters as counter_table
from holdfast.service import facts
from holdfast.service.housekeeping import housekeeping
from holdfast.service.overdue import raise_overdue
from holdfast.service.runtime import Runtime
from holdfast.service.schedule import PREFIX, Schedule
from holdfast.vault.models import Retention

Run = Callable[[str], object]


@pytest.fixture
def run(runtime: Runtime) -> Run:
    """Runs one task by name."""
    tasks = {task.name: task.run for task in housekeeping(runtime)}
    return lambda name: tasks[name]()


def backdate(runtime: Runtime, table: sa.Table, column: str, days: float) -> None:
    with runtime.database.write() as connection:
        connection.execute(sa.update(table).values({column: now() - timedelta(days=days)}))


def ask(runtime: Runtime, number: int = 1) -> int:
    with runtime.database.write() as connection:
        return receipts.ask(
            connection, event_id=7, action="remove", content_reference=f"post/{number}", matched_at=now()
        )


def test_all_of_it_goes_well_on_a_new_home(runtime: Runtime) -> None:
    tasks = housekeeping(runtime)
    assert Schedule(runtime.database, tasks).run_due() == [task.name for task in tasks]
    with runtime.database.read() as connection:
        assert set(facts.read_all(connection, PREFIX)) == {task.name for task in tasks}


def test_what_has_had_its_time_is_destroyed(runtime: Runtime, run: Run) -> None:
    kept = runtime.vault.hold(b"a harmless text", reason="test", actor="tests")
    gone = runtime.vault.hold(
        b"another", reason="test", actor="tests", retain=Retention(destroy_at=now() - timedelta(seconds=1))
    )
    run("vault.expired")
    assert runtime.vault.describe(kept).state == "held"
    assert runtime.vault.describe(gone).state == "destroyed"


def test_leftovers_go_but_not_after_a_restored_backup(runtime: Runtime, run: Run, tmp_path: Path) -> None:
    stored = runtime.vault.put(b"a harmless text")
    (object_file,) = (tmp_path / "home" / "vault").rglob(f"{stored.id}*")
    old_s = time.time() - 7200
    os.utime(object_file, (old_s, old_s))
    with runtime.database.write() as connection:
        facts.stamp(connection, facts.RESTORED)
    run("vault.orphans")
    assert object_file.exists()
    with runtime.database.write() as connection:
        facts.forget(connection, facts.RESTORED)
    run("vault.orphans")
    assert not object_file.exists()


def test_an_overdue_action_is_an_event_a_webhook_and_a_count_once(runtime: Runtime, run: Run) -> None:
    with runtime.database.write() as connection:
        endpoints.create(connection, runtime.sealer, name="desk", url="https://desk.example/hook")
    late, confirmed = ask(runtime, 1), ask(runtime, 2)
    backdate(runtime, outbox_tables.action_receipts, "asked_at", 1)
    with runtime.database.write() as connection:
        receipts.confirm(connection, confirmed, by="key:1")
    ask(runtime, 3)
    for _ in range(3):
        run("actions.overdue")
    with runtime.database.read() as connection:
        (event,) = events.read(connection, kinds=["action.overdue"])
        (message,) = [one for one in outbox.list_deliveries(connection) if one.kind == "action.overdue"]
    assert event.content_reference == "post/1"
    assert (event.facts["receipt"], event.facts["event"], event.facts["action"]) == (late, 7, "remove")
    assert message.event_id == event.id and '"content_reference":"post/1"' in message.body
    runtime.counters.flush()
    with runtime.database.read() as connection:
        (count,) = counters.totals(
            connection, "actions.overdue", since=now() - timedelta(hours=2), until=now(), by=["action"]
        )
    assert (count.labels, count.count) == ({"action": "remove"}, 1)


def test_many_overdue_actions_go_in_batches(runtime: Runtime, run: Run) -> None:
    with runtime.database.write() as connection:
        for number in range(450):
            receipts.ask(
                connection, event_id=1, action="remove", content_reference=f"p/{number}", matched_at=now()
            )
    backdate(runtime, outbox_tables.action_receipts, "asked_at", 1)
    with runtime.database.write() as connection:
        assert len(raise_overdue(connection, older_than_s=3600)) == 200
    run("actions.overdue")
    with runtime.database.read() as connection:
        assert len(events.read(connection, kinds=["action.overdue"], limit=1000)) == 450


def test_hours_are_folded_into_days_after_five_weeks(runtime: Runtime, run: Run) -> None:
    runtime.counters.add("screened", outcome="no_match")
    runtime.counters.flush()
    run("counters.days")
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(counter_table.c.grain)).scalars().all() == ["hour"]
    backdate(runtime, counter_table, "bucket", 40)
    run("counters.days")
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(counter_table.c.grain)).scalars().all() == ["day"]


def test_idempotency_keys_are_forgotten_after_a_day(runtime: Runtime, run: Run) -> None:
    def begin(key: str) -> None:
        request = idempotency.Request(key, "key:1", "POST /v1/banks", b"{}")
        with runtime.database.write() as connection:
            idempotency.begin(connection, request)
            idempotency.finish(connection, request, idempotency.Answer(201, "application/json", b"{}"))

    for number in range(3):
        begin(f"old-{number}")
    backdate(runtime, job_tables.idempotency_keys, "created_at", 1.01)
    begin("new")
    run("idempotency.prune")
    with runtime.database.read() as connection:
        count = connection.execute(
            sa.select(sa.func.count()).select_from(job_tables.idempotency_keys)
        ).scalar()
    assert count == 1


def test_finished_jobs_and_deliveries_are_kept_a_month(runtime: Runtime, run: Run) -> None:
    with runtime.database.write() as connection:
        endpoint, _ = endpoints.create(connection, runtime.sealer, name="desk", url="https://desk.example/h")
        jobs.enqueue(connection, "test", {})
        (job,) = jobs.claim(connection, ["test"], "w", 30)
        jobs.complete(connection, job)
        outbox.publish_test(connection, endpoint)
        (delivery,) = outbox.claim(connection, endpoint.id, 30, 1)
        outbox.record(connection, delivery, outbox.Try(3, 200, None))
    backdate(runtime, job_tables.jobs, "finished_at", 29)
    backdate(runtime, outbox_tables.webhook_deliveries, "finished_at", 29)

    def left() -> tuple[int, int]:
        run("jobs.prune")
        run("webhooks.prune")
        with runtime.database.read() as connection:
            return len(jobs.list_jobs(connection)), len(outbox.list_deliveries(connection))

    assert left() == (1, 1)
    backdate(runtime, job_tables.jobs, "finished_at", 31)
    backdate(runtime, outbox_tables.webhook_deliveries, "finished_at", 31)
    assert left() == (0, 0)


def test_old_secrets_of_webhooks_are_deleted(runtime: Runtime, run: Run) -> None:
    with runtime.database.write() as connection:
        endpoint, _ = endpoints.create(connection, runtime.sealer, name="desk", url="https://desk.example/h")
        endpoints.rotate(connection, runtime.sealer, endpoint.id)
        secrets = outbox_tables.webhook_secrets
        old = sa.update(secrets).where(secrets.c.expires_at.is_not(None))
        connection.execute(old.values(expires_at=now() - timedelta(seconds=1)))
    run("webhooks.secrets")
    with runtime.database.read() as connection:
        assert len(endpoints.valid_secrets(connection, runtime.sealer, endpoint.id)) == 1
        count = connection.execute(sa.select(sa.func.count()).select_from(secrets)).scalar()
    assert count == 1
