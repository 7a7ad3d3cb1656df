"""Forms are read in memory, whole or not at all, however odd they are."""

from __future__ import annotations

import io
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.roles import Role
from holdfast.api.bodies import MAX_JSON_BYTES
from holdfast.api.forms import MAX_PARTS, Part, parse_form
from holdfast.api.problems import Problem
from tests.api.conftest import ClientFactory

TYPE = "multipart/form-data; boundary=frontier"


def _form(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = io.BytesIO()
    for name, filename, data in parts:
        named = "" if filename is None else f'; filename="{filename}"'
        body.write(f'--frontier\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode())
        body.write(data + b"\r\n")
    body.write(b"--frontier--\r\n")
    return body.getvalue()


@given(data=st.binary(max_size=3000), text=st.text(max_size=50))
def test_parts_come_back_byte_by_byte(data: bytes, text: str) -> None:
    parts = parse_form(_form(("file", "a.jpg", data), ("context", None, text.encode())), TYPE)
    assert parts == [Part("file", "a.jpg", data), Part("context", None, text.encode())]
    assert parts[1].text == text


@given(body=st.binary(max_size=300))
def test_any_bytes_are_parts_or_a_problem(body: bytes) -> None:
    try:
        parse_form(body, TYPE)
    except Problem as problem:
        assert problem.status == 400


@pytest.mark.parametrize(
    "kind", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"]
)
def test_another_type_is_415(kind: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_form(_form(("file", None, b"x")), kind)
    assert caught.value.status == 415


def test_a_form_cut_short_is_no_form() -> None:
    whole = _form(("file", "a", b"x" * 100))
    parts = parse_form(whole[:120], TYPE)
    assert parts == []  # a part without its end is none


@pytest.mark.parametrize(
    "body",
    [
        _form(*[("x", None, b"")] * (MAX_PARTS + 1)),
        _form(("x" * 20_000, None, b"")),
    ],
)
def test_forms_beyond_their_limits(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse_form(body, TYPE)
    assert caught.value.status == 400


def test_a_form_touches_no_disk(client: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a part of a form was about to be written to disk")

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    uploader = client(Role.UPLOADER)
    answer = uploader.post(
        "/v1/screen/form",
        files={"file": ("x.bin", b"x" * 3_000_000)},
        data={"context": '{"surface": "public"}'},
    )
    assert answer.status_code == 200 and answer.json()["outcome"] == "not_matchable"


def test_a_form_without_a_file(client: ClientFactory) -> None:
    answer = client(Role.UPLOADER).post("/v1/screen/form", data={"context": "{}"}, files={"other": b"x"})
    assert answer.status_code == 422 and "file" in answer.json()["detail"]


def test_a_parsed_body_is_bounded(client: ClientFactory) -> None:
    analyst = client(Role.ANALYST)
    for path in ("/v1/lookup", "/v1/screen/hashes"):
        answer = analyst.post(
            path, content=b" " * (MAX_JSON_BYTES + 1), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"algorithm":"pdq"}', b'{"algorithm":"pdq","value":7}'])
def test_what_is_no_look_up_is_422(client: ClientFactory, body: bytes) -> None:
    answer = client(Role.ANALYST).post("/v1/lookup", content=body)
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
