"""Hash lists over HTTP: streamed into the vault, taken in by a job, destroyed after it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.api.v1 import imports
from holdfast.records import jobs
from holdfast.records.tables.jobs import jobs as table
from holdfast.records.tables.vault import vault_keys
from holdfast.records.worker import Worker
from holdfast.service.jobs import handlers
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import problem

PATH = "/v1/banks/KNOWN/imports"


@pytest.fixture
def runtime(both: Runtime) -> Runtime:
    return both


@pytest.fixture(autouse=True)
def bank(lead: TestClient) -> None:
    assert lead.post("/v1/banks", json={"name": "KNOWN"}).status_code == 201


def hashes(count: int) -> bytes:
    return b"".join(hashlib.sha1(b"%d" % n).hexdigest().encode() + b"\n" for n in range(count))


def work(runtime: Runtime) -> int:
    return Worker(runtime.database, handlers(runtime)).run_due()


def send(client: TestClient, body: Any, **params: Any) -> Any:
    headers = params.pop("headers", {})
    return client.post(PATH, params={"source": "a list", **params}, content=body, headers=headers)


def objects(runtime: Runtime) -> list[Path]:
    kept = [path for path in (runtime.home.path / "vault").rglob("*") if path.is_file()]
    return [path for path in kept if "journal" not in path.parts]


def test_a_list_is_streamed_imported_and_destroyed(lead: TestClient, runtime: Runtime) -> None:
    body = hashes(3_000)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 7_001):
            yield body[start : start + 7_001]

    answer = send(lead, pieces())
    assert answer.status_code == 202, answer.text
    path = f"/v1/jobs/{answer.json()['job']}"
    waiting = lead.get(path).json()
    assert (waiting["state"], waiting["kind"]) == ("queued", "bank.import")
    assert waiting["payload"]["by"].startswith("key:")
    (kept,) = objects(runtime)
    assert body[:40] not in kept.read_bytes()  # it lies there encrypted
    hold = f"/v1/holds/{waiting['payload']['item']}"
    assert lead.get(hold).json()["destroy_at"] is not None
    assert work(runtime) == 1
    done = lead.get(path).json()
    assert (done["state"], done["result"]["added"], done["result"]["bad_lines"]) == ("done", 3_000, 0)
    assert lead.get("/v1/banks/KNOWN?counts=true").json()["counts"]["active"] == 3_000
    assert lead.get(hold).json()["state"] == "destroyed"
    assert objects(runtime) == []
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(vault_keys)).all() == []
    assert lead.get("/v1/sources").json()["items"][0]["name"] == "a list"


def test_a_list_that_is_sent_twice_is_imported_once(lead: TestClient, runtime: Runtime) -> None:
    first, again = (send(lead, hashes(5), headers={"Idempotency-Key": "x"}) for _ in range(2))
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(objects(runtime)) == 1, "what belongs to nothing is not kept"
    other = send(lead, hashes(6), headers={"Idempotency-Key": "x"})
    problem(other, 422, "idempotency-conflict")
    assert len(objects(runtime)) == 1
    assert work(runtime) == 1


def test_bad_lines_are_named_without_their_text(lead: TestClient, runtime: Runtime) -> None:
    secret = "5e" * 19
    answer = send(lead, hashes(2) + secret.encode() + b"\n", form="hex")
    work(runtime)
    done = lead.get(f"/v1/jobs/{answer.json()['job']}")
    assert done.json()["result"]["bad_lines"] == 1
    assert done.json()["result"]["problems"][0]["line"] == 3
    assert secret not in done.text


def test_a_list_that_is_gone_ends_the_job(lead: TestClient, runtime: Runtime) -> None:
    job = send(lead, hashes(2)).json()["job"]
    item = lead.get(f"/v1/jobs/{job}").json()["payload"]["item"]
    assert lead.delete(f"/v1/holds/{item}", params={"purpose": "the wrong list"}).status_code == 200
    work(runtime)
    dead = lead.get(f"/v1/jobs/{job}").json()
    assert dead["state"] == "dead"
    assert "Send it again" in dead["last_error"]


def test_a_damaged_list_changes_nothing(lead: TestClient, runtime: Runtime) -> None:
    job = send(lead, hashes(30_000)).json()["job"]
    (path,) = objects(runtime)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with runtime.database.write() as connection:
        connection.execute(sa.update(table).where(table.c.id == job).values(max_attempts=1))
    work(runtime)
    assert lead.get(f"/v1/jobs/{job}").json()["state"] == "dead"
    assert lead.get("/v1/banks/KNOWN?counts=true").json()["counts"]["entries"] == 0


def test_the_import_and_the_end_of_its_job_are_one(lead: TestClient, runtime: Runtime) -> None:
    """A job that was cancelled while it ran writes nothing."""
    job = send(lead, hashes(10)).json()["job"]
    with runtime.database.write() as connection:
        jobs.cancel(connection, job)
    assert work(runtime) == 0
    assert lead.post(f"/v1/jobs/{job}/retry").json()["state"] == "queued"
    worker = Worker(runtime.database, {"bank.import": _cancelled_meanwhile(runtime, job)})
    assert worker.run_due() == 1
    assert lead.get("/v1/banks/KNOWN?counts=true").json()["counts"]["entries"] == 0
    assert lead.get(f"/v1/jobs/{job}").json()["state"] == "cancelled"


def _cancelled_meanwhile(runtime: Runtime, job_id: int) -> Any:
    def handler(job: Any, context: Any) -> Any:
        with runtime.database.write() as connection:
            jobs.cancel(connection, job_id)
        return handlers(runtime)["bank.import"](job, context)

    return handler


def test_what_cannot_be_imported_is_refused_before_it_is_kept(
    lead: TestClient, runtime: Runtime, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem(lead.post("/v1/banks/NONE/imports?source=x", content=b"1"), 404, "not-found")
    problem(send(lead, b""), 422, "bad-request")
    problem(send(lead, b"1", form="xls"), 422, "bad-request")
    problem(send(lead, b"1", source=""), 422, "bad-request")
    problem(send(lead, b"1", algorithm="crc"), 422, "bad-request")
    bound = client(Role.LEAD, banks=BankScope(see=("*",), change=("OTHER",)))
    problem(send(bound, b"1"), 403, "not-allowed")
    problem(send(client(Role.ANALYST), b"1"), 403, "not-allowed")
    monkeypatch.setattr(imports, "MAX_LIST_BYTES", 100)
    problem(send(lead, hashes(9)), 413, "too-large")
    problem(send(lead, iter([b"x" * 60, b"x" * 60])), 413, "too-large")
    assert lead.get("/v1/jobs").json()["items"] == []
    assert lead.get("/v1/holds").json()["items"] == []


def test_too_many_lists_at_once_have_to_wait(lead: TestClient) -> None:
    taken = [imports._slots.acquire(blocking=False) for _ in range(imports.MAX_AT_ONCE)]
    try:
        assert all(taken)
        problem(send(lead, hashes(1)), 503, "overloaded")
    finally:
        for _ in taken:
            imports._slots.release()
    assert send(lead, hashes(1)).status_code == 202
