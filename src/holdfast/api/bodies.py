"""Request bodies under limits: on size, on time, and on all bodies of this process together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

from holdfast.api.problems import Problem, http_problem
from holdfast.errors import OverloadedError

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["MAX_JSON_BYTES", "BodyBudget", "read_body", "streams", "too_large"]


MAX_JSON_BYTES = 32 * 1024 * 1024  # of a body that is parsed: ten thousand items with long contexts

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def streams(endpoint: Endpoint) -> Endpoint:
    """Marks a route's function that takes its body in by itself, under limits of its own."""
    endpoint.__dict__["streams"] = True
    return endpoint


class BodyBudget:
    """Bytes of bodies that may be in memory at once. For one event loop: not safe across threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self.used_bytes = 0

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """Room for one body, given back at the end of the block."""
        reservation = Reservation(self)
        try:
            yield reservation
        finally:
            self.used_bytes -= reservation.size_bytes

    def take(self, size_bytes: int) -> None:
        """Raises `OverloadedError` where there is no room; a lone body always has it."""
        if self.used_bytes and self.used_bytes + size_bytes > self._most:
            raise OverloadedError("Too many uploads are in work at once. Nothing was checked. Send it again.")
        self.used_bytes += size_bytes


class Reservation:
    """How much of the budget one body holds."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.size_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Holds at least ``size_bytes``."""
        if size_bytes > self.size_bytes:
            self._budget.take(size_bytes - self.size_bytes)
            self.size_bytes = size_bytes


async def read_body(request: Request, reservation: Reservation, *, most_bytes: int, wait_s: float) -> bytes:
    """The whole body. Raises `Problem` 413, 408 or 400, `OverloadedError`.

    What the length header says is reserved at once, so that many uploads that begin together do not all
    find out half-way that there is no room.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit():
        if int(length) > most_bytes:
            raise too_large(most_bytes)
        reservation.grow(int(length))
    try:
        async with asyncio.timeout(wait_s):
            return await _join(request, reservation, most_bytes)
    except TimeoutError:
        raise Problem(
            408,
            "http",
            "The body did not arrive in time",
            f"The body did not arrive within {wait_s:g} s. Nothing was checked.",
        ) from None
    except ClientDisconnect:
        raise http_problem(
            400, "The connection broke off before the end of the body. Nothing was checked."
        ) from None


async def _join(request: Request, reservation: Reservation, most_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most_bytes:
            raise too_large(most_bytes)
        reservation.grow(size)
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def too_large(most_bytes: int) -> Problem:
    """413, which is an answer about the request, and says that nothing is known about the content."""
    return Problem(
        413,
        "too-large",
        "The body is too large",
        f"The body has more than {most_bytes:,} bytes. It was not checked: that is not a no match.",
    )
