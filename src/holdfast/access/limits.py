"""Limits per key: requests, requests at once, bytes, hash look-ups. In memory, per process.

    limiter = Limiter(KeyLimits(), share=1 / processes)
    with limiter.admit(principal.subject, principal.limits, size_bytes=n):
        ...                                       # or LimitError, with the seconds to wait

Nothing is written down and nothing is shared: with N processes behind one address give each a share of
1/N, and each key has at most its limit over all of them (less where the load is spread unevenly). A
restart forgets what was used. Limits keep one key from starving the others and slow down whoever maps a
list hash by hash; they are no bill.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from holdfast.errors import LimitError, SettingsError

__all__ = ["KeyLimits", "Limiter", "TokenBucket", "retry_after_header"]

SLOT_WAIT_S = 1.0  # there is no telling when a running request ends: ask again in a second


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Limits of one key over all processes. None: no limit."""

    requests_per_s: float | None = 200.0
    burst_requests: float = 400.0  # at once, after a pause
    concurrent_requests: int | None = 64
    bytes_per_minute: float | None = 6e9
    hash_lookups_per_minute: float | None = 60_000.0

    def __post_init__(self) -> None:
        for name in ("requests_per_s", "concurrent_requests", "bytes_per_minute", "hash_lookups_per_minute"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise SettingsError(f"{name} is {value}; it was not set. Give a number above 0, or none.")
        if not 1 <= self.burst_requests < math.inf:
            raise SettingsError(f"burst_requests is {self.burst_requests}; it was not set. Give 1 or more.")

    def share(self, share: float) -> KeyLimits:
        """The part of one process, ``share`` in (0, 1]; never so small that nothing passes at all."""
        return replace(
            self,
            requests_per_s=_part(self.requests_per_s, share),
            burst_requests=max(1.0, self.burst_requests * share),
            concurrent_requests=None
            if self.concurrent_requests is None
            else max(1, math.floor(self.concurrent_requests * share)),
            bytes_per_minute=_part(self.bytes_per_minute, share),
            hash_lookups_per_minute=_part(self.hash_lookups_per_minute, share),
        )


class TokenBucket:
    """``rate_per_s`` tokens a second flow in, up to ``capacity``. Not safe across threads by itself.

    An amount above the capacity passes when the bucket is full and leaves it in debt: a file larger
    than a minute's allowance is slow, not impossible. The debt is never above the capacity, so that nobody
    waits for longer than two fillings; up to there the long-run rate holds.
    """

    __slots__ = ("_at_s", "_tokens", "capacity", "rate_per_s")

    def __init__(self, rate_per_s: float, capacity: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.capacity = capacity
        self._tokens = capacity
        self._at_s = now_s

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until ``amount`` would pass; 0.0 when it passes now. Takes nothing."""
        if now_s > self._at_s:
            self._tokens = min(self.capacity, self._tokens + (now_s - self._at_s) * self.rate_per_s)
            self._at_s = now_s
        missing = min(amount, self.capacity) - self._tokens
        # Without the tolerance, rounding would refuse who waited exactly as long as told.
        return missing / self.rate_per_s if missing > 1e-9 * self.capacity else 0.0

    def take(self, amount: float) -> None:
        """Takes what `wait_s` has just let pass, or what has been used already; may leave a debt."""
        self._tokens = max(self._tokens - amount, -self.capacity)

    def give_back(self, amount: float) -> None:
        """Undoes `take` for what turned out not to be used."""
        self._tokens = min(self._tokens + amount, self.capacity)

    def is_full(self, now_s: float) -> bool:
        return self.wait_s(self.capacity, now_s) == 0.0


class _State:
    """The buckets of one subject."""

    __slots__ = ("buckets", "given", "limits", "running")

    def __init__(self, given: KeyLimits, share: float, now_s: float) -> None:
        self.given = given
        self.limits = limits = given.share(share)
        self.running = 0
        self.buckets: dict[str, TokenBucket] = {}
        if limits.requests_per_s is not None:
            self.buckets["requests"] = TokenBucket(limits.requests_per_s, limits.burst_requests, now_s)
        for kind, per_minute in (
            ("bytes", limits.bytes_per_minute),
            ("hash look-ups", limits.hash_lookups_per_minute),
        ):
            if per_minute is not None:
                self.buckets[kind] = TokenBucket(per_minute / 60, per_minute, now_s)


class Limiter:
    """The limits of all keys in this process. Safe to use from many threads.

    ``share`` is this process's part of every limit. Idle subjects are forgotten when there are more
    than ``max_subjects``: one whose buckets are full again and that has nothing running loses nothing.
    """

    def __init__(
        self,
        default: KeyLimits,
        *,
        share: float = 1.0,
        max_subjects: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 < share <= 1:
            raise SettingsError(
                f"The share of a process is {share}; nothing was started. Give 0 < share <= 1."
            )
        self._default = default
        self._share = share
        self._max_subjects = max_subjects
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}
        self._sweep_above = max_subjects

    @contextmanager
    def admit(
        self,
        subject: str,
        limits: KeyLimits | None = None,
        *,
        size_bytes: int = 0,
        hash_lookups: int = 0,
    ) -> Iterator[None]:
        """One request, counted as running until the block ends.

        ``limits`` are the key's own, None for the default. Raises `LimitError`, and then takes nothing
        from any limit. Bytes that are not known beforehand are added with `charge`.
        """
        state = self._enter(subject, limits or self._default, size_bytes, hash_lookups)
        try:
            yield
        finally:
            with self._lock:
                state.running -= 1

    def spend_lookups(self, subject: str, limits: KeyLimits | None, hash_lookups: int) -> None:
        """Takes look-ups off the limit of a running request's key, or raises `LimitError` and takes none."""
        with self._lock:
            now_s = self._clock()
            bucket = self._state(subject, limits or self._default, now_s).buckets.get("hash look-ups")
            if bucket is None:
                return
            wait_s = bucket.wait_s(hash_lookups, now_s)
            if wait_s > 0:
                raise _refusal("hash look-ups", wait_s)
            bucket.take(hash_lookups)

    def charge(
        self, subject: str, limits: KeyLimits | None = None, *, size_bytes: int = 0, hash_lookups: int = 0
    ) -> None:
        """Adds what a running request turned out to use. Never refuses: the next request waits for it."""
        with self._lock:
            state = self._state(subject, limits or self._default, self._clock())
            for kind, amount in (("bytes", size_bytes), ("hash look-ups", hash_lookups)):
                if amount and kind in state.buckets:
                    state.buckets[kind].take(amount)

    def give_back(self, subject: str, limits: KeyLimits | None, size_bytes: int) -> None:
        """Takes back the bytes that a request was admitted with and that were never taken in."""
        with self._lock:
            bucket = self._state(subject, limits or self._default, self._clock()).buckets.get("bytes")
            if bucket is not None:
                bucket.give_back(size_bytes)

    def _enter(self, subject: str, limits: KeyLimits, size_bytes: int, hash_lookups: int) -> _State:
        with self._lock:
            now_s = self._clock()
            state = self._state(subject, limits, now_s)
            most = state.limits.concurrent_requests
            if most is not None and state.running >= most:
                raise _refusal("requests at once", SLOT_WAIT_S)
            wanted = {"requests": 1, "bytes": size_bytes, "hash look-ups": hash_lookups}
            waits = {
                kind: bucket.wait_s(wanted[kind], now_s)
                for kind, bucket in state.buckets.items()
                if wanted[kind]
            }
            kind = max(waits, key=waits.__getitem__, default="")
            if kind and waits[kind] > 0:
                raise _refusal(kind, waits[kind])
            for kind in waits:
                state.buckets[kind].take(wanted[kind])
            state.running += 1
            return state

    def _state(self, subject: str, limits: KeyLimits, now_s: float) -> _State:
        state = self._states.get(subject)
        # The very same limits nearly always, and comparing them costs more than all the rest.
        if state is not None and (state.given is limits or state.given == limits):
            return state
        if len(self._states) >= self._sweep_above:
            self._sweep(now_s)
        self._states[subject] = state = _State(limits, self._share, now_s)
        return state

    def _sweep(self, now_s: float) -> None:
        idle = [
            name
            for name, state in self._states.items()
            if not state.running and all(bucket.is_full(now_s) for bucket in state.buckets.values())
        ]
        for name in idle:
            del self._states[name]
        # Where all are busy a sweep at every newcomer would cost more than the memory it looks for.
        self._sweep_above = max(self._max_subjects, 2 * len(self._states))


def retry_after_header(error: LimitError) -> str:
    """The value of the ``Retry-After`` header: whole seconds, at least 1 (RFC 9110 section 10.2.3)."""
    return str(max(1, math.ceil(error.retry_after_s)))


def _refusal(kind: str, wait_s: float) -> LimitError:
    return LimitError(
        f"This key is over its limit on {kind}. Nothing was done or checked. "
        f"Try again in {max(1, math.ceil(wait_s))} s, or ask for a higher limit.",
        wait_s,
    )


def _part(value: float | None, share: float) -> float | None:
    return None if value is None else value * share
