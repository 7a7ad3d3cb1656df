"""Uploads by URL: what may not be fetched is refused, in words that tell nothing of the inside."""

from __future__ import annotations

import pytest

from holdfast.access.roles import Role
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory

INSIDE = [
    "http://127.0.0.1/x.jpg",
    "https://127.0.0.1/x.jpg",
    "https://localhost/x.jpg",
    "https://10.0.0.5/x.jpg",
    "https://192.168.1.1/x.jpg",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/x.jpg",
    "https://[fe80::1]/x.jpg",
    "https://[::ffff:127.0.0.1]/x.jpg",
    "https://2130706433/x.jpg",
    "https://0x7f000001/x.jpg",
    "https://0177.0.0.1/x.jpg",
    "https://user:word@media.example.org/x.jpg",
    "https://media.example.org:8443/x.jpg",
    "file:///etc/passwd",
    "ftp://media.example.org/x.jpg",
    "gopher://media.example.org/x",
    "https://other.example.net/x.jpg",
    "//media.example.org/x.jpg",
    "",
]


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(fetch={"hosts": ["media.example.org"]})


@pytest.mark.parametrize("path", ["/v1/screen/url", "/v1/hash/url"])
@pytest.mark.parametrize("url", INSIDE)
def test_nothing_inside_is_fetched(client: ClientFactory, path: str, url: str) -> None:
    answer = client(Role.LEAD).post(path, json={"url": url})
    assert answer.status_code == 422, answer.text
    assert "outcome" not in answer.json() and "passwd" not in answer.text


def test_fetching_is_off_until_a_host_is_named(
    make_runtime: RuntimeFactory, client: ClientFactory, runtime: Runtime
) -> None:
    assert make_runtime().settings.fetch.hosts == ()
    answer = client(Role.UPLOADER).post("/v1/hash/url", json={"url": "https://media.example.org/x.jpg"})
    assert answer.status_code == 403  # an upload key learns no hashes


def test_a_host_that_does_not_answer_is_502_and_no_outcome(client: ClientFactory) -> None:
    answer = client(Role.UPLOADER).post(
        "/v1/screen/url", json={"url": "https://media.example.org/x.jpg?token=secret-token"}
    )
    assert answer.status_code == 502 and "outcome" not in answer.json()
    assert "secret-token" not in answer.text
