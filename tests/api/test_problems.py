"""Errors as answers: what a caller hears of them, and what only the log does."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from holdfast import errors
from holdfast.access.roles import Role
from holdfast.api.problems import PROBLEMS, problem_of, problem_response
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory

INSIDE = "postgresql://holdfast@db.inside:5432/holdfast"


def test_a_caller_never_hears_where_the_records_are(
    runtime: Runtime, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploader, lead = client(Role.UPLOADER), client(Role.LEAD)

    def away(*_: object, **__: object) -> None:
        raise errors.RecordsUnavailableError(f"{INSIDE} cannot be reached: connection to 10.0.0.7 failed.")

    monkeypatch.setattr(runtime.database, "connect", away)
    with capture_logs() as logged:
        answers = (uploader.post("/v1/screen", content=b"x"), lead.get("/v1/banks"), lead.get("/c/banks"))
    for answer in answers:
        assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
        assert "postgresql" not in answer.text and "10.0.0.7" not in answer.text
        request_id = answer.headers["x-request-id"]
        assert any(one.get("request_id") == request_id and INSIDE in one["error"] for one in logged)


@pytest.mark.parametrize(
    "kind",
    [kind for kind, status, _, _ in PROBLEMS if status >= 500 and issubclass(kind, errors.HoldfastError)],
)
def test_only_failures_that_are_told_to_callers_say_what_failed(kind: type[errors.HoldfastError]) -> None:
    told = (errors.OverloadedError, errors.FetchFailedError, errors.ProviderError)
    error = kind("dns", INSIDE) if kind is errors.FetchFailedError else kind(INSIDE)
    answer = json.loads(bytes(problem_response(error, "id-1").body))
    assert answer["status"] == problem_of(error)[0]
    assert (INSIDE in answer["detail"]) is (kind in told)
    assert kind in told or "nothing is known about the content" in answer["detail"]


def test_a_message_that_names_half_of_a_character_can_be_sent() -> None:
    answer = problem_response(errors.UsageError("the field \ud83d is not known"), "id-1")
    assert "the field ? is not known" in json.loads(bytes(answer.body))["detail"]
