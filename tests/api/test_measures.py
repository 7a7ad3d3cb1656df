"""What Prometheus is told."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.errors import RecordsError
from holdfast.records import jobs
from holdfast.service import facts
from holdfast.service.runtime import Runtime
from holdfast.service.schedule import PREFIX
from tests.api.conftest import ClientFactory, RuntimeFactory


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, database_url: str) -> Runtime:
    return make_runtime(database_url=database_url)


def measures(lead: TestClient) -> dict[str, float]:
    answer = lead.get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_work_that_waits_and_the_age_of_housekeeping(runtime: Runtime, client: ClientFactory) -> None:
    with runtime.database.write() as connection:
        jobs.enqueue(connection, "bank.import", {})
        facts.stamp(connection, PREFIX + "vault.expired")
    told = measures(client(Role.LEAD))
    assert told['holdfast_jobs{kind="bank.import",state="queued"}'] == 1
    assert 0 <= told['holdfast_housekeeping_age_seconds{task="vault.expired"}'] < 60
    assert told["holdfast_records_reachable"] == 1
    assert told["holdfast_list_age_seconds"] < 60


def test_measures_go_on_without_the_records(
    runtime: Runtime, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = client(Role.LEAD)
    measures(lead)  # the key is known from now on
    with monkeypatch.context() as away:
        away.setattr(type(runtime.database), "read", _away)
        told = measures(lead)
    assert told["holdfast_records_reachable"] == 0
    assert not any(name.startswith("holdfast_jobs") for name in told)


def _away(_: object) -> None:
    raise RecordsError("The records are out of reach.")
