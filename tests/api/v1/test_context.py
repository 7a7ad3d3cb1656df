"""What is said about an upload may be anything at all: it is taken or refused, and never a failure.

The description of the API cannot say what stands in the header, so that generated requests do not find it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.decisions.vocabulary import CONTEXT_FIELDS, SURFACES
from tests.api.conftest import ClientFactory

FUZZ = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

TEXT = st.text(st.characters(), max_size=12)  # halves of characters among them
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
ANY = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
ZONES = st.sampled_from(["", "Z", "+01:00", "-23:59", "+23:59:59.999999", "+24:00"])
MOMENTS = st.builds(lambda moment, zone: moment.isoformat() + zone, st.datetimes(), ZONES)
LIKELY = {
    "surface": st.sampled_from(SURFACES),
    "country": st.sampled_from(["US", "de", "T1", ""]),
    "uploaded_at": MOMENTS,
    "ip": st.ip_addresses().map(str),
    "port": st.integers(-1, 70000),
    "urls": st.lists(st.just("https://example.org/") | TEXT, max_size=3),
}
SAID = st.fixed_dictionaries(
    {}, optional={name: LIKELY.get(name, TEXT) | ANY for name in CONTEXT_FIELDS} | {"\ud83d colour": ANY}
)


@pytest.fixture
def analyst(client: ClientFactory) -> TestClient:
    return client(Role.ANALYST)


def is_answered(answer: Any) -> None:
    assert answer.status_code in (200, 422), (answer.status_code, answer.text)
    assert answer.status_code == 200 or "Nothing was done with the upload" in answer.json()["detail"]


@FUZZ
@given(said=SAID | ANY)
def test_any_json_in_the_header(analyst: TestClient, said: Any) -> None:
    is_answered(analyst.post("/v1/screen", content=b"x", headers={"Holdfast-Context": json.dumps(said)}))


@FUZZ
@given(said=st.binary(max_size=40).map(lambda some: some.translate(None, b"\r\n\0")))
def test_any_bytes_in_the_header(analyst: TestClient, said: bytes) -> None:
    is_answered(analyst.post("/v1/screen", content=b"x", headers=[(b"Holdfast-Context", said)]))


@FUZZ
@given(said=SAID)
def test_the_same_beside_ready_hashes_and_in_a_form(analyst: TestClient, said: Any) -> None:
    text = json.dumps(said)
    is_answered(analyst.post("/v1/screen/form", files={"file": ("x", b"x")}, data={"context": text}))
    body = f'{{"items": [{{"hashes": {{"md5": "{"0" * 32}"}}, "context": {text}}}]}}'
    answer = analyst.post("/v1/screen/hashes", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 422), (answer.status_code, answer.text)


@pytest.mark.parametrize(
    "said",
    [
        '{"uploaded_at":"0001-01-01T00:00:00+01:00"}',
        '{"uploaded_at":"9999-12-31T23:59:59-01:00","surface":"public"}',
        '{"surface":"public","country":{"a":1}}',
        '{"country":["US"]}',
        '{"\\ud83d":1}',
        "[" * 6000,
        '{"urls":' + "[" * 6000,
        "9" * 6000,
        '{"port":1e999}',
    ],
)
def test_what_once_failed_is_refused(analyst: TestClient, said: str) -> None:
    answer = analyst.post("/v1/screen", content=b"x", headers={"Holdfast-Context": said})
    assert answer.status_code == 422
    is_answered(answer)
