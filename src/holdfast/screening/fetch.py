"""Fetch a URL without being turned against our own network.

    fetcher = Fetcher(FetchPolicy(hosts=("media.example.org", ".cdn.example.org")))
    facts = fetcher.fetch(url, into=file)

For the first URL and again for every redirect: the form of the URL, the scheme, the port and the host are
checked; the name is resolved once; every address of the answer must be public; and the connection goes to
such an address itself, so that a second answer (DNS rebinding) is never asked for. TLS is verified against
the name. Nothing is read from the environment (no proxies), no cookies are kept, nothing is decompressed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO
from urllib.parse import urljoin

import httpcore2

from holdfast.errors import FetchFailedError, FetchRefusedError
from holdfast.screening.addresses import Address, Network, is_public
from holdfast.screening.pinned import Deadline, PinnedBackend
from holdfast.screening.urls import FetchPolicy, Target, check_url

__all__ = ["FetchPolicy", "Fetched", "Fetcher", "Resolver"]

# (host, port) -> addresses as text. Called once a hop; may raise OSError.
Resolver = Callable[[str, int], Sequence[str]]

REDIRECTS = (301, 302, 303, 307, 308)
HEADERS = [
    ("User-Agent", "Holdfast"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
]


@dataclass(frozen=True)
class Fetched:
    """What came: where the last hop led, how many bytes, and what the server called them (not verified)."""

    url: str
    size_bytes: int
    content_type: str | None
    redirects: int


def system_resolver(host: str, port: int) -> list[str]:
    """All addresses that the system's resolver knows for ``host``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Fetcher:
    """Fetches what ``policy`` allows. Safe to use from many threads.

    ``allow_networks`` and ``allow_ports`` open addresses and ports that are forbidden otherwise. They are for
    tests with servers on loopback, are given in code, and must never be read from settings.
    """

    def __init__(
        self,
        policy: FetchPolicy,
        *,
        resolver: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
        allow_networks: Sequence[Network] = (),
        allow_ports: Sequence[int] = (),
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._tls = tls or _system_tls()
        self._allow_networks = tuple(allow_networks)
        self._allow_ports = frozenset(allow_ports)

    def fetch(self, url: str, into: BinaryIO) -> Fetched:
        """Write the body to ``into``. Blocks for at most the policy's ``total_s``.

        Raises `FetchRefusedError` (our rules forbid it) or `FetchFailedError` (it did not work); part of a
        body may then be in ``into`` and is to be thrown away.
        """
        deadline = Deadline(self._policy.total_s)
        for redirects in range(self._policy.max_redirects + 1):
            target = check_url(url, self._policy, self._allow_ports)
            addresses = self._public_addresses(target, deadline)
            try:
                answer = self._request(target, addresses, deadline, into)
            except httpcore2.TimeoutException as error:
                raise _too_slow(target) from error
            except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
                raise _broken(target, error) from error
            if isinstance(answer, tuple):
                return Fetched(target.url, answer[0], answer[1], redirects)
            url = urljoin(target.url, answer)
        raise FetchRefusedError(
            "redirects", f"More than {self._policy.max_redirects} redirects. Nothing was fetched."
        )

    async def fetch_async(self, url: str, into: BinaryIO) -> Fetched:
        """The same in a thread. A cancelled call leaves the thread at work until its time is over."""
        return await asyncio.to_thread(self.fetch, url, into)

    def _public_addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """Every address of the host, in the resolver's order. One that is not public forbids them all."""
        if target.address is not None:
            addresses = [target.address]
        else:
            answer = _resolve(self._resolver, target, deadline)
            try:
                addresses = [ipaddress.ip_address(text) for text in answer]
            except ValueError as error:
                raise FetchRefusedError(
                    "address", f"{target.host} resolves to no address. Nothing was fetched."
                ) from error
        if not addresses:
            raise FetchFailedError("dns", f"{target.host} has no address. Nothing was fetched.")
        if not all(is_public(address, self._allow_networks) for address in addresses):
            raise FetchRefusedError(
                "address", f"{target.host} has an address that is not public. Nothing was fetched."
            )
        return addresses

    def _request(
        self, target: Target, addresses: Sequence[Address], deadline: Deadline, into: BinaryIO
    ) -> tuple[int, str | None] | str:
        """(bytes, content type) of the body written, or where the server redirects to."""
        backend = PinnedBackend(addresses, deadline, self._policy.connect_s)
        with httpcore2.ConnectionPool(
            ssl_context=self._tls, network_backend=backend, max_connections=1, http2=False, retries=0
        ) as pool:
            url = httpcore2.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path_and_query.encode(),
            )
            with pool.stream("GET", url, headers=[("Host", target.authority), *HEADERS]) as response:
                named = {name.lower().decode("ascii", "replace"): value for name, value in response.headers}
                if response.status in REDIRECTS:
                    return _location(named, target)
                _check_head(response.status, named, target, self._policy)
                size = _copy(response.iter_stream(), into, self._policy.max_bytes, target)
                kind = named.get("content-type")
                return size, None if kind is None else kind.decode("ascii", "replace")[:200]


@lru_cache(maxsize=1)
def _system_tls() -> ssl.SSLContext:
    """TLS that trusts what the system trusts; reading all its certificates takes 0.1 s."""
    return ssl.create_default_context()


def _resolve(resolver: Resolver, target: Target, deadline: Deadline) -> Sequence[str]:
    """The resolver's answer in time; its thread, which cannot be stopped, is left behind when it is late."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(target.host, target.port))
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="holdfast-resolve").start()
    try:
        answer = answers.get(timeout=deadline.left_s())
    except (queue.Empty, httpcore2.ReadTimeout) as error:
        raise _too_slow(target) from error
    if isinstance(answer, Exception):
        raise FetchFailedError(
            "dns", f"{target.host} could not be resolved. Nothing was fetched."
        ) from answer
    return answer


def _location(headers: Mapping[str, bytes], target: Target) -> str:
    location = headers.get("location", b"")
    try:
        return location.decode("ascii")
    except UnicodeDecodeError as error:
        raise FetchRefusedError("url", f"{target.host} redirects to something that is no URL.") from error


def _check_head(status: int, headers: Mapping[str, bytes], target: Target, policy: FetchPolicy) -> None:
    if status != 200:
        raise FetchFailedError("status", f"{target.host} answered with status {status}. Nothing was fetched.")
    encoding = headers.get("content-encoding", b"identity").strip().lower()
    if encoding not in (b"identity", b""):
        raise FetchFailedError(
            "encoding",
            f"{target.host} sent a compressed answer though a plain one was asked for. Nothing was kept.",
        )
    length = headers.get("content-length")
    if length is not None and (not length.isdigit() or int(length) > policy.max_bytes):
        raise _too_large(target, policy.max_bytes)


def _copy(pieces: Iterable[bytes], into: BinaryIO, max_bytes: int, target: Target) -> int:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > max_bytes:
            raise _too_large(target, max_bytes)
        into.write(piece)
    return size


def _too_large(target: Target, max_bytes: int) -> FetchRefusedError:
    return FetchRefusedError(
        "too_large", f"{target.host} sends more than {max_bytes} bytes. Nothing was kept."
    )


def _too_slow(target: Target) -> FetchFailedError:
    return FetchFailedError(
        "timeout", f"{target.host} did not answer in full in time. Nothing was kept. Try later."
    )


def _broken(target: Target, error: Exception) -> FetchFailedError:
    if "certificate verify failed" in str(error).lower():
        return FetchFailedError(
            "tls", f"{target.host} has no certificate that is valid for it. Nothing was fetched."
        )
    if isinstance(error, httpcore2.ProtocolError):
        return FetchFailedError(
            "protocol", f"{target.host} did not answer as HTTP says, or broke off. Nothing was kept."
        )
    return FetchFailedError(
        "connection", f"The connection to {target.host} failed. Nothing was kept. Try later."
    )
