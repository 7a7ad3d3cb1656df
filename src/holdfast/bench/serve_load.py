"""A light HTTP/1.1 client that puts load on a service on this machine, and on nothing else.

Two kinds of load: as fast as a number of connections can go (`closed_loop`), and requests that arrive at
given moments whether or not the earlier ones are answered (`open_loop`): then the time that a request has to
wait for its turn counts as latency.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from holdfast.errors import UsageError

__all__ = ["Load", "Request", "Target", "closed_loop", "open_loop"]

MAX_CONNECTIONS = 256
REPLY_WITHIN_S = 30.0
_FAILED = ("status ", "no reply", "no connection")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes. Raises UsageError for any address but 127.0.0.1 and ::1."""

    host: str
    port: int

    def __post_init__(self) -> None:
        try:
            is_loopback = ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            is_loopback = False
        if not is_loopback:
            raise UsageError(
                f"{self.host!r} is not 127.0.0.1 or ::1. Nothing was sent: this puts load on services of "
                "this machine only."
            )


@dataclass(frozen=True, slots=True)
class Request:
    """One request in pieces, ready to be sent. ``word`` makes a word of the reply's status and body."""

    pieces: Sequence[bytes]
    word: Callable[[int, bytes], str]


@dataclass(slots=True)
class Load:
    """What came of it. ``latencies_s`` in the order of the replies; ``words`` counts them by kind."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """Requests without a reply, or with another status than 200."""
        return sum(count for word, count in self.words.items() if word.startswith(_FAILED))

    @property
    def answered(self) -> int:
        return sum(self.words.values()) - self.failed

    @property
    def per_s(self) -> float:
        """Requests answered a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    def percentiles_ms(self) -> npt.NDArray[np.float64]:
        """50th, 95th and 99th percentile of the latency."""
        if not self.latencies:
            return np.full(3, np.nan)
        found: npt.NDArray[np.float64] = np.percentile(self.latencies, (50, 95, 99), method="higher")
        return found * 1000


async def closed_loop(
    target: Target, requests: Iterator[Request], *, connections: int, most: int, most_s: float
) -> Load:
    """Each connection sends its next request when the last is answered, up to ``most`` or ``most_s``."""
    load = Load()
    bounded = itertools.islice(requests, most)
    started = time.perf_counter()

    async def work(line: _Line) -> None:
        while time.perf_counter() - started < most_s and (request := next(bounded, None)) is not None:
            sent_s = time.perf_counter()
            load.words[await line.ask(request)] += 1
            load.latencies.append(time.perf_counter() - sent_s)

    await _on_lines(target, connections, work)
    load.seconds = time.perf_counter() - started
    return load


async def open_loop(
    target: Target, requests: Iterator[Request], *, per_s: float, connections: int, most: int, most_s: float
) -> Load:
    """Requests arrive at random, ``per_s`` in the mean, each sent by the first connection that is free."""
    load = Load()
    gaps = np.random.default_rng(1).exponential(1 / per_s, max(1, min(most, int(per_s * most_s))))
    due = iter(np.cumsum(gaps).tolist())
    started = time.perf_counter()

    async def work(line: _Line) -> None:
        while (at_s := next(due, None)) is not None and (request := next(requests, None)) is not None:
            pause_s = started + at_s - time.perf_counter()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
            load.words[await line.ask(request)] += 1
            load.latencies.append(time.perf_counter() - started - at_s)

    await _on_lines(target, connections, work)
    load.seconds = time.perf_counter() - started
    return load


async def _on_lines(
    target: Target, connections: int, work: Callable[[_Line], Coroutine[Any, Any, None]]
) -> None:
    loop = asyncio.get_running_loop()
    lines: list[_Line] = []
    try:
        for _ in range(min(connections, MAX_CONNECTIONS)):
            lines.append((await loop.create_connection(_Line, target.host, target.port))[1])  # noqa: PERF401
        await asyncio.gather(*map(work, lines))
    finally:
        for line in lines:
            line.close()


class _Line(asyncio.Protocol):
    """One connection that is kept: a request, its reply, the next request."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._reply: asyncio.Future[tuple[int, bytes]] | None = None

    async def ask(self, request: Request) -> str:
        """The word for the reply; "no reply" where the connection broke or time ran out."""
        if self._transport is None or self._transport.is_closing():
            return "no connection"
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.writelines(request.pieces)
        try:
            async with asyncio.timeout(REPLY_WITHIN_S):
                return request.word(*await self._reply)
        except (TimeoutError, ConnectionError):
            self._transport.abort()
            return "no reply"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionError())

    def data_received(self, data: bytes) -> None:
        self._held += data
        end = self._held.find(b"\r\n\r\n")
        if end < 0 or self._reply is None or self._reply.done():
            return
        head = bytes(self._held[:end])
        size = _length(head)
        body = end + 4
        if len(self._held) >= body + size:
            self._reply.set_result((int(head[9:12]), bytes(self._held[body : body + size])))
            del self._held[: body + size]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    return int(head[at + 17 :].split(b"\r\n", 1)[0])
