"""The public form for notices: anybody may send one, without an account and without saying who they are.

What is held against a flood is a number of notices by address and hour; nothing else is asked. The answer is
a reference and when to expect an answer: never whether the content was known.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from holdfast.access.limits import TokenBucket
from holdfast.errors import LimitError
from holdfast.review.notices import FORM, NewNotice, Notice, add_notice

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["PublicForm"]

HOUR_S = 3600.0
MAX_ADDRESSES = 10_000


class PublicForm:
    """Takes notices in for one process. Safe to use from many threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._per_hour = runtime.review.notices_per_hour
        self._buckets: dict[str, TokenBucket] = {}
        self._lock = threading.Lock()

    def take_in(self, new: NewNotice, *, address: str | None) -> Notice:
        """The notice, in its case. ``address`` is where the request came from.

        Raises `LimitError` for too many from there, `VaultError`, `RecordsError`: nothing was taken in then.
        """
        self._limit(address or "unknown")
        runtime = self._runtime
        sealer, rules = runtime.sealer, runtime.review
        with runtime.database.write() as connection:
            notice = add_notice(connection, new, by=FORM, sealer=sealer, rules=rules)
        runtime.counters.add("notices", kind=new.kind, source="form")
        return notice

    def _limit(self, address: str) -> None:
        now_s = time.monotonic()
        with self._lock:
            if address not in self._buckets and len(self._buckets) >= MAX_ADDRESSES:
                self._buckets = {one: b for one, b in self._buckets.items() if not b.is_full(now_s)}
            if address not in self._buckets:
                burst = max(1.0, self._per_hour)
                self._buckets[address] = TokenBucket(self._per_hour / HOUR_S, burst, now_s)
            wait_s = self._buckets[address].wait_s(1, now_s)
            if wait_s > 0:
                raise LimitError(
                    "Many notices came from this address in the last hour; this one was not taken in. Try "
                    "again later, or write to us.",
                    wait_s,
                )
            self._buckets[address].take(1)
