"""How a call is tried: the steps alone, with a clock of our own. No network."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import pytest

from holdfast.client import errors
from holdfast.client.body import Body
from holdfast.client.call import Call, Reply, write_call
from holdfast.client.exchange import Failure, Flow, Patience, Pause, Try, exchange

PATIENCE = Patience(timeout_s=5, deadline_s=20)
LOST = Failure("ConnectError: refused")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def reply(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, json.dumps(body).encode())


def problem(status: int, kind: str, **headers: str) -> Reply:
    body = {
        "type": f"urn:holdfast:problem:{kind}",
        "title": "t",
        "status": status,
        "detail": "What happened.",
        "request_id": "r1",
        "errors": [{"field": "body.value", "problem": "too long"}],
    }
    return reply(
        status,
        body,
        {
            "content-type": "application/problem+json",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        },
    )


def call(body: Body | None = None) -> Call[object]:
    return write_call("POST", "/v1/thing", lambda value: value, body)


def play(
    flow: Flow[object], clock: Clock, *replies: Reply | Failure
) -> tuple[object, list[Try], list[float]]:
    """The result, what was tried, and the pauses."""
    left, tries, pauses = list(replies), list[Try](), list[float]()
    came: object = None
    while True:
        try:
            step = flow.send(came)
        except StopIteration as done:
            assert not left
            return done.value, tries, pauses
        if isinstance(step, Pause):
            pauses.append(step.seconds)
            clock.now_s += step.seconds
            came = None
        else:
            assert isinstance(step, Try)
            tries.append(step)
            came = left.pop(0)


def test_an_answer_at_once() -> None:
    clock = Clock()
    result, tries, pauses = play(exchange(call(), PATIENCE, clock), clock, reply(200, {"a": 1}))
    assert result == {"a": 1}
    assert [step.timeout_s for step in tries] == [5]
    assert pauses == []


def test_tried_again_with_the_same_key_and_longer_pauses() -> None:
    clock = Clock()
    asked = exchange(call(), PATIENCE, clock)
    result, tries, pauses = play(
        asked, clock, LOST, problem(503, "unavailable"), reply(502), reply(504), LOST, reply(201, "made")
    )
    assert result == "made"
    assert len({step.call.headers["idempotency-key"] for step in tries}) == 1
    assert len(tries) == 6
    assert pauses[0] < 0.3
    assert pauses[4] > pauses[0]


def test_the_service_says_how_long_to_wait() -> None:
    clock = Clock()
    asked = exchange(call(), PATIENCE, clock)
    _, _, pauses = play(asked, clock, problem(429, "over-limit", retry_after="7"), reply(200))
    assert 7 <= pauses[0] <= 8


def test_a_wait_beyond_the_deadline_is_told_and_not_waited() -> None:
    clock = Clock()
    asked = exchange(call(), PATIENCE, clock)
    with pytest.raises(errors.OverLimitError) as refused:
        play(asked, clock, problem(429, "over-limit", retry_after="900"))
    assert refused.value.retry_after_s == 900
    assert (refused.value.status, refused.value.type, refused.value.request_id) == (429, "over-limit", "r1")


def test_it_ends_at_the_deadline() -> None:
    clock = Clock()
    asked = exchange(call(), PATIENCE, clock)
    with pytest.raises(errors.NoAnswerError, match="refused"):
        play(asked, clock, *[LOST] * 1000)
    assert clock.now_s <= 120


def test_the_last_try_has_no_more_time_than_there_is() -> None:
    clock = Clock()
    flow = exchange(call(), Patience(5, 6), clock)
    step = next(flow)
    assert isinstance(step, Try)
    clock.now_s += 4
    flow.send(LOST)
    step = flow.send(None)
    assert isinstance(step, Try)
    assert step.timeout_s <= 2


def test_what_can_be_read_once_is_sent_once() -> None:
    class Pipe(io.BytesIO):
        def tell(self) -> int:
            raise OSError("no place in a pipe")

    clock = Clock()
    body = Body(Pipe(b"content"))
    with pytest.raises(errors.NoAnswerError):
        play(exchange(call(body), PATIENCE, clock), clock, LOST)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.NotAuthenticatedError),
        (403, errors.NotAllowedError),
        (404, errors.NotFoundError),
        (405, errors.BadRequestError),
        (408, errors.BadRequestError),
        (409, errors.ConflictError),
        (410, errors.NotFoundError),
        (413, errors.TooLargeError),
        (415, errors.BadRequestError),
        (422, errors.BadRequestError),
        (500, errors.ServiceFailedError),
        (502, errors.FetchFailedError),
        (507, errors.ServiceFailedError),
    ],
)
def test_every_other_problem_is_an_error_at_once(status: int, kind: type[errors.RefusedError]) -> None:
    clock = Clock()
    with pytest.raises(kind) as refused:
        play(exchange(call(), PATIENCE, clock), clock, problem(status, "some-kind"))
    assert type(refused.value) is kind
    assert (refused.value.status, refused.value.type) == (status, "some-kind")
    assert refused.value.detail == "What happened."
    assert refused.value.errors == (("body.value", "too long"),)


@pytest.mark.parametrize("status", [301, 302, 307, 304, 600])
def test_what_is_no_2xx_is_never_an_answer(status: int) -> None:
    clock = Clock()
    with pytest.raises(errors.RefusedError):
        play(exchange(call(), PATIENCE, clock), clock, reply(status, {"outcome": "no_match"}))


def test_a_page_of_somebody_else_is_no_answer() -> None:
    clock = Clock()
    page = Reply(200, {"content-type": "text/html"}, b"<html>Welcome</html>")
    with pytest.raises(errors.UnexpectedAnswerError, match="address"):
        play(exchange(call(), PATIENCE, clock), clock, page)


def test_a_problem_without_sense_is_still_an_error() -> None:
    clock = Clock()
    for body in (b"", b"[]", b"{", b'{"errors": 1, "detail": null}', b'{"errors": ["x"]}'):
        bad = Reply(403, {"content-type": "application/problem+json", "x-request-id": "r2"}, body)
        with pytest.raises(errors.NotAllowedError) as refused:
            play(exchange(call(), PATIENCE, clock), clock, bad)
        assert refused.value.request_id == "r2"
        assert refused.value.detail


def test_a_retry_after_without_sense_is_a_second() -> None:
    clock = Clock()
    for text in ("", "soon", "-1", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT", "٣"):
        asked = exchange(call(), PATIENCE, clock)
        _, _, pauses = play(asked, clock, problem(503, "unavailable", retry_after=text), reply(200))
        assert 1 <= pauses[0] <= 1.3


def test_an_empty_answer_of_a_deletion() -> None:
    clock = Clock()
    result, _, _ = play(exchange(call(), PATIENCE, clock), clock, Reply(204, {}, b""))
    assert result is None
