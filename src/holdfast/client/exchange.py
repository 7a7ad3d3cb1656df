"""How a call is tried until it is answered: the steps, without any input or output.

Both clients walk through these steps; they differ only in how a step is done (`Client`, `AsyncClient`).
Tried again are 429, 503, a gateway's 502 and 504, and connections that failed: with the same idempotency
key, so that what was done the first time is not done again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from holdfast.client.call import Call, Reply
from holdfast.client.errors import NoAnswerError, TryLaterError

__all__ = ["Failure", "Flow", "Item", "Patience", "Pause", "Stream", "Try", "exchange"]

T = TypeVar("T")

BASE_S = 0.1
CAP_S = 5.0


@dataclass(frozen=True, slots=True)
class Try:
    """Send the call, and give its `Reply` or `Failure` within ``timeout_s``."""

    call: Call[Any]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """Hand this to whoever iterates."""

    value: T


@dataclass(frozen=True, slots=True)
class Failure:
    """No reply came; ``reason`` says how it went."""

    reason: str


@dataclass(frozen=True, slots=True)
class Patience:
    """``timeout_s`` is for one try, ``deadline_s`` for all tries and the pauses between them."""

    timeout_s: float
    deadline_s: float


# What has several steps: a client does each and sends back what came of it, until the result is there.
Flow = Generator[Try | Pause | Call[Any], Any, T]
Stream = Generator[Pause | Call[Any] | Item[T], Any, None]


def exchange(call: Call[T], patience: Patience, clock: Callable[[], float] = time.monotonic) -> Flow[T]:
    """The steps of one call; its answer in the end.

    Raises ClientError: what the last try came to, once trying again is no use or would outlast the deadline.
    """
    until = clock() + patience.deadline_s
    tries = 0
    while True:
        left_s = until - clock()
        reply: Reply | Failure = yield Try(call, min(patience.timeout_s, left_s))
        tries += 1
        try:
            return _read(call, reply)
        except (TryLaterError, NoAnswerError) as error:
            wait_s = _wait_s(error, tries)
            if not call.can_repeat or clock() + wait_s >= until:
                raise
        yield Pause(wait_s)


def _read(call: Call[T], reply: Reply | Failure) -> T:
    if isinstance(reply, Failure):
        raise NoAnswerError(
            f"{call.method} {call.path} was not answered: {reply.reason}. Nothing is known about the "
            "content; hold it back and send it again. Is the service up, and is its address right?"
        )
    return call.answer(reply)


def _wait_s(error: TryLaterError | NoAnswerError, tries: int) -> float:
    """What the service asks for, and a pause that doubles; spread, so that not all come at once."""
    asked_s = error.retry_after_s if isinstance(error, TryLaterError) else 0.0
    pause_s = min(CAP_S, BASE_S * 2.0 ** min(tries, 10))
    return asked_s + pause_s * random.uniform(0.5, 1.0)  # noqa: S311  (not a secret)
