"""Real servers on loopback: a fetch goes to checked addresses only, and ends in time and in size."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import io
import ipaddress
import ssl
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from holdfast.errors import FetchError, FetchFailedError, FetchRefusedError
from holdfast.screening.fetch import Fetched, Fetcher, FetchPolicy, Resolver
from tests.screening.web import Web, body, certificate_for, forever, redirect, serving

LOOPBACK = [ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("::1/128")]
POLICY = FetchPolicy(
    hosts=("media.test.example", ".cdn.test.example"), allow_http=True, max_bytes=100_000, total_s=60.0
)
HOST = "media.test.example"
PICTURE = b"an ordinary picture " * 1000


class Names:
    """A resolver with answers of its own, which it counts; the last answer of a name repeats."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name: list(rows) for name, rows in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        rows = self.answers[host.partition(".")[0]]
        return rows.pop(0) if len(rows) > 1 else rows[0]


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as server:
        server.answers["/picture"] = body(PICTURE, "Content-Type: image/png", "Set-Cookie: a=b")
        yield server


def _fetcher(web: Web, policy: FetchPolicy = POLICY, resolver: Resolver | None = None) -> Fetcher:
    resolver = resolver or Names(media=[["127.0.0.1"]])
    return Fetcher(policy, resolver=resolver, allow_networks=LOOPBACK, allow_ports=[web.port])


def _fetch(fetcher: Fetcher, url: str) -> tuple[bytes, Fetched]:
    into = io.BytesIO()
    facts = fetcher.fetch(url, into)
    return into.getvalue(), facts


def _refusal(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(url, io.BytesIO())
    message = str(caught.value)
    assert "secret" not in message
    assert "127.0.0" not in message or "127.0.0" in url  # no address that the caller did not name
    return f"{'refused' if isinstance(caught.value, FetchRefusedError) else 'failed'}: {caught.value.reason}"


def _failure_s(fetcher: Fetcher, url: str) -> tuple[str, float]:
    start = time.monotonic()
    return _refusal(fetcher, url), time.monotonic() - start


def test_fetch(web: Web) -> None:
    content, facts = _fetch(_fetcher(web), f"http://{HOST}:{web.port}/picture")
    assert content == PICTURE
    assert facts == Fetched(f"http://{HOST}:{web.port}/picture", len(PICTURE), "image/png", 0)
    (request,) = web.requests
    assert f"\r\nHost: {HOST}:{web.port}\r\n" in request
    assert "\r\nAccept-Encoding: identity\r\n" in request


def test_fetch_async(web: Web) -> None:
    into = io.BytesIO()
    facts = asyncio.run(_fetcher(web).fetch_async(f"http://{HOST}:{web.port}/picture", into))
    assert (into.getvalue(), facts.size_bytes) == (PICTURE, len(PICTURE))


def test_chunked_and_until_close(web: Web) -> None:
    web.answers["/chunked"] = lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n6\r\n bytes\r\n0\r\n\r\n"
    )
    web.answers["/close"] = lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nsome bytes")
    for path in ("chunked", "close"):
        assert _fetch(_fetcher(web), f"http://{HOST}:{web.port}/{path}")[0] == b"some bytes"


def test_ipv6(tmp_path: Path) -> None:
    with serving("::1") as web:
        web.answers["/picture"] = body(PICTURE)
        url = f"http://{HOST}:{web.port}/picture"
        assert _fetch(_fetcher(web, resolver=Names(media=[["::1"]])), url)[0] == PICTURE
        assert _refusal(Fetcher(POLICY, resolver=Names(media=[["::1"]]), allow_ports=[web.port]), url) == (
            "refused: address"
        )
        assert web.connections == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        ["::1"],
        ["::"],
        ["fe80::1%lo"],
        ["fd00:ec2::254"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["8.8.8.8", "127.0.0.1"],  # one bad address spoils the answer
        ["127.0.0.1", "8.8.8.8"],
        ["not an address"],
    ],
)
def test_a_name_that_leads_inward_is_refused_unconnected(web: Web, addresses: list[str]) -> None:
    fetcher = Fetcher(POLICY, resolver=Names(media=[addresses]), allow_ports=[web.port])
    assert _refusal(fetcher, f"http://{HOST}:{web.port}/secret") == "refused: address"
    assert web.connections == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost"]
)
def test_addresses_as_hosts_are_refused_unconnected(web: Web, host: str) -> None:
    resolver = Names(localhost=[["127.0.0.1"]])
    assert _refusal(_fetcher(web, resolver=resolver), f"http://{host}:{web.port}/secret") == "refused: host"
    policy = dataclasses.replace(POLICY, hosts=("127.0.0.1", "::1"))
    strict = Fetcher(policy, allow_ports=[web.port])
    assert _refusal(strict, f"http://{host}:{web.port}/secret") in ("refused: host", "refused: address")
    assert web.connections == 0
    assert resolver.asked == []


@pytest.mark.parametrize(
    ("location", "answer"),
    [
        ("http://127.0.0.1:{port}/secret", "refused: host"),
        ("http://[::1]:{port}/secret", "refused: host"),
        ("http://2130706433:{port}/secret", "refused: host"),
        ("http://inward.cdn.test.example:{port}/secret", "refused: address"),
        ("//inward.cdn.test.example:{port}/secret", "refused: address"),
        ("http://elsewhere.example:{port}/secret", "refused: host"),
        ("http://media.test.example:1/secret", "refused: port"),
        ("http://user@media.test.example:{port}/secret", "refused: userinfo"),
        ("file:///etc/passwd?secret", "refused: scheme"),
        ("ftp://media.test.example/secret", "refused: scheme"),
        ("/round", "refused: redirects"),
        ("", "refused: redirects"),
        ("/päth", "refused: url"),
    ],
)
def test_a_redirect_inward_or_around_is_refused(web: Web, location: str, answer: str) -> None:
    web.answers["/round"] = redirect(location.format(port=web.port))
    resolver = Names(media=[["127.0.0.1"]], inward=[["10.0.0.1"]])
    assert _refusal(_fetcher(web, resolver=resolver), f"http://{HOST}:{web.port}/round") == answer
    assert not [request for request in web.requests if "secret" in request]


def test_a_good_redirect_is_followed_and_keeps_no_cookie(web: Web) -> None:
    web.answers["/1"] = redirect("/2", "Set-Cookie: a=b")
    web.answers["/2"] = redirect(f"http://other.cdn.test.example:{web.port}/3", "Set-Cookie: c=d")
    web.answers["/3"] = redirect("picture")
    resolver = Names(media=[["127.0.0.1"]], other=[["127.0.0.1"]])
    content, facts = _fetch(_fetcher(web, resolver=resolver), f"http://{HOST}:{web.port}/1")
    assert (content, facts.redirects) == (PICTURE, 3)
    assert facts.url == f"http://other.cdn.test.example:{web.port}/picture"
    assert not [request for request in web.requests if "cookie" in request.lower()]


def test_rebinding_a_second_answer_is_never_asked_for(web: Web) -> None:
    resolver = Names(media=[["127.0.0.1"], ["127.0.0.2"]])
    with serving("127.0.0.2") as trap:
        assert _fetch(_fetcher(web, resolver=resolver), f"http://{HOST}:{web.port}/picture")[0] == PICTURE
        assert resolver.asked == [HOST]
        assert trap.connections == 0


def test_rebinding_between_redirects_is_refused(web: Web) -> None:
    web.answers["/1"] = redirect("/picture")
    resolver = Names(media=[["127.0.0.1"], ["127.0.0.2"]])
    assert _refusal(_fetcher(web, resolver=resolver), f"http://{HOST}:{web.port}/1") == "refused: address"
    assert len(web.requests) == 1


def test_proxies_of_the_environment_are_not_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert _fetch(_fetcher(web), f"http://{HOST}:{web.port}/picture")[0] == PICTURE
        assert proxy.connections == 0


def test_the_next_address_is_tried_when_one_does_not_answer(web: Web) -> None:
    networks = [ipaddress.ip_network("127.0.0.0/8")]
    resolver = Names(media=[["127.0.0.3", "127.0.0.1"]])
    fetcher = Fetcher(POLICY, resolver=resolver, allow_networks=networks, allow_ports=[web.port])
    assert _fetch(fetcher, f"http://{HOST}:{web.port}/picture")[0] == PICTURE


def test_tls_is_verified_against_the_name(tmp_path: Path) -> None:
    server, client = certificate_for(HOST, tmp_path)
    with serving(tls=server) as web:
        web.answers["/picture"] = body(PICTURE)
        url = f"https://{HOST}:{web.port}/picture"
        other_url = f"https://other.cdn.test.example:{web.port}/picture"
        resolver = Names(media=[["127.0.0.1"]], other=[["127.0.0.1"]])

        def fetcher(tls: ssl.SSLContext | None) -> Fetcher:
            return Fetcher(
                POLICY, resolver=resolver, tls=tls, allow_networks=LOOPBACK, allow_ports=[web.port]
            )

        assert _fetch(fetcher(client), url)[0] == PICTURE
        assert web.tls_names == [HOST]
        assert _refusal(fetcher(client), other_url) == "failed: tls"  # a certificate for another name
        assert _refusal(fetcher(None), url) == "failed: tls"  # nobody we trust signed it
        assert len(web.requests) == 1


@pytest.mark.parametrize(
    "start", ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", ""]
)
def test_a_slow_drip_ends_in_time(web: Web, start: str) -> None:
    web.answers["/drip"] = forever(start.encode(), b"a", 0.05)
    fetcher = _fetcher(web, dataclasses.replace(POLICY, total_s=0.5))
    answer, took_s = _failure_s(fetcher, f"http://{HOST}:{web.port}/drip")
    assert answer == "failed: timeout"
    assert 0.4 < took_s < 30


def test_silence_in_tls_ends_in_time(web: Web) -> None:
    fetcher = _fetcher(web, dataclasses.replace(POLICY, total_s=0.5))
    answer, took_s = _failure_s(fetcher, f"https://{HOST}:{web.port}/picture")  # the server speaks no TLS
    assert answer in ("failed: timeout", "failed: connection")
    assert took_s < 30


def test_a_slow_resolver_and_slow_redirects_end_in_time(web: Web) -> None:
    def slow(host: str, port: int) -> Sequence[str]:
        time.sleep(0.3)
        return ["127.0.0.1"]

    web.answers["/round"] = redirect("/round")
    fetcher = _fetcher(web, dataclasses.replace(POLICY, total_s=0.5, max_redirects=10), resolver=slow)
    answer, took_s = _failure_s(fetcher, f"http://{HOST}:{web.port}/round")
    assert answer == "failed: timeout"
    assert took_s < 30


def test_a_name_that_does_not_resolve(web: Web) -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    url = f"http://{HOST}:{web.port}/picture"
    assert _refusal(_fetcher(web, resolver=unknown), url) == "failed: dns"
    assert _refusal(_fetcher(web, resolver=Names(media=[[]])), url) == "failed: dns"


def test_an_endless_body_ends_at_the_limit(web: Web) -> None:
    block = b"a" * 10_000
    for name, start, piece in [
        ("close", b"HTTP/1.1 200 OK\r\n\r\n", block),
        ("chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2710\r\n" + block + b"\r\n"),
    ]:
        web.answers[f"/{name}"] = forever(start, piece, 0)
        into = io.BytesIO()
        with pytest.raises(FetchRefusedError) as caught:
            _fetcher(web).fetch(f"http://{HOST}:{web.port}/{name}", into)
        assert caught.value.reason == "too_large"
        assert len(into.getvalue()) <= POLICY.max_bytes


def test_lengths(web: Web) -> None:
    web.answers["/at"] = body(bytes(POLICY.max_bytes))
    web.answers["/over"] = body(bytes(POLICY.max_bytes + 1))
    web.answers["/declared"] = body(b"short", length=10**15)
    web.answers["/less"] = body(b"short", length=6)
    web.answers["/nonsense"] = lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nshort"
    )
    web.answers["/junk"] = lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n")
    at = f"http://{HOST}:{web.port}"
    assert len(_fetch(_fetcher(web), f"{at}/at")[0]) == POLICY.max_bytes
    assert _refusal(_fetcher(web), f"{at}/over") == "refused: too_large"
    assert _refusal(_fetcher(web), f"{at}/declared") == "refused: too_large"
    for name in ("less", "nonsense", "junk"):
        assert _refusal(_fetcher(web), f"{at}/{name}") == "failed: protocol"


def test_a_compressed_bomb_is_not_opened(web: Web) -> None:
    web.answers["/bomb"] = body(gzip.compress(bytes(10_000_000)), "Content-Encoding: gzip")
    into = io.BytesIO()
    with pytest.raises(FetchFailedError) as caught:
        _fetcher(web).fetch(f"http://{HOST}:{web.port}/bomb", into)
    assert caught.value.reason == "encoding"
    assert into.getvalue() == b""


@pytest.mark.parametrize(
    "status", ["404 Not Found", "206 Partial Content", "204 No Content", "500 Oops", "304 Same"]
)
def test_any_other_status_is_a_failure(web: Web, status: str) -> None:
    web.answers["/x"] = body(b"", status=status)
    assert _refusal(_fetcher(web), f"http://{HOST}:{web.port}/x") == "failed: status"


def test_a_closed_port_is_a_failure() -> None:
    with serving() as web:
        port = web.port
    fetcher = Fetcher(
        POLICY, resolver=Names(media=[["127.0.0.1"]]), allow_networks=LOOPBACK, allow_ports=[port]
    )
    assert _refusal(fetcher, f"http://{HOST}:{port}/secret") == "failed: connection"


def test_a_full_disk_of_ours_is_not_blamed_on_the_server(web: Web) -> None:
    class Full(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        _fetcher(web).fetch(f"http://{HOST}:{web.port}/picture", Full())


def test_nothing_that_opens_inward_can_come_from_settings() -> None:
    names = {field.name for field in dataclasses.fields(FetchPolicy)}
    assert names == {"hosts", "allow_http", "max_bytes", "total_s", "connect_s", "max_redirects"}
