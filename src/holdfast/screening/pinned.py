"""Connections that go to checked addresses only, and end when the time is over."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore2

from holdfast.screening.addresses import Address

__all__ = ["Deadline", "PinnedBackend"]

MAX_CONNECT_TRIES = 4


class Deadline:
    """A moment after which nothing goes on, however slowly bytes drip in."""

    def __init__(self, total_s: float) -> None:
        self._end = time.monotonic() + total_s

    def left_s(self) -> float:
        """Seconds left. Raises `httpcore2.ReadTimeout` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for this fetch is over")
        return left


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the checked addresses and to nothing else, whatever host it is asked for."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline, connect_s: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._connect_s = connect_s
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        tries = self._addresses[:MAX_CONNECT_TRIES]
        for address in tries:
            try:
                wait_s = min(self._deadline.left_s(), self._connect_s)
                stream = self._system.connect_tcp(
                    str(address), port, wait_s, socket_options=socket_options or ()
                )
                return _TimedStream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if address is tries[-1]:
                    raise
        raise httpcore2.ConnectError("no address to connect to")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        raise httpcore2.ConnectError("a fetch never opens a Unix socket")


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s())
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
