"""Forms are read in memory, whole or not at all, however odd they are."""

from __future__ import annotations

import gzip
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


@pytest.mark.parametrize("path", ["/v1/screen/form", "/v1/hash/form"])
def test_a_form_with_a_part_twice_is_refused(client: ClientFactory, path: str) -> None:
    """Only one of two files would be checked, and the answer would not say which."""
    analyst = client(Role.ANALYST)
    two = analyst.post(path, files=[("file", ("a.jpg", b"one")), ("file", ("b.jpg", b"two"))])
    assert two.status_code == 422 and "two parts of one name" in two.json()["detail"]
    said = [("context", (None, "{}")), ("context", (None, '{"surface":"public"}'))]
    assert analyst.post(path, files=[("file", ("a.jpg", b"one")), *said]).status_code == 422
    assert analyst.post(path, files=[("file", ("a.jpg", b"one")), *said[:1]]).status_code == 200


BARE = [
    "/v1/screen",
    "/v1/hash",
    "/v1/banks/KNOWN/media?label=x",
    "/v1/banks/KNOWN/imports?source=x",
    "/v1/rules/dry-run",
]


@pytest.mark.parametrize("path", BARE)
def test_a_form_is_not_taken_for_a_file(client: ClientFactory, path: str) -> None:
    """Its envelope has hashes of its own: it would match nothing, or be listed in the file's place."""
    lead = client(Role.LEAD)
    lead.post("/v1/banks", json={"name": "KNOWN"})
    answers = [
        lead.post(path, files={"file": ("a.jpg", b"one")}),
        lead.post(path, content=b"x", headers={"content-type": " Multipart/mixed; boundary=x"}),
        lead.post(path, content=gzip.compress(b"one"), headers={"content-encoding": "gzip"}),
    ]
    assert [answer.status_code for answer in answers] == [415, 415, 415]
    assert all("Nothing was done" in answer.json()["detail"] for answer in answers)
    assert lead.get("/v1/banks/KNOWN?counts=true").json()["counts"]["entries"] == 0
    assert lead.get("/v1/jobs").json()["items"] == []
    plain = lead.post(path, content=b"[]", headers={"content-encoding": "identity"})
    assert plain.status_code != 415


def test_a_compressed_form_is_refused(client: ClientFactory) -> None:
    body = gzip.compress(_form(("file", "a", b"one")))
    said = {"content-type": TYPE, "content-encoding": "gzip"}
    assert client(Role.UPLOADER).post("/v1/screen/form", content=body, headers=said).status_code == 415


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
