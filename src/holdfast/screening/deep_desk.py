"""Where uploads that matched nothing at once are put aside for their deep check, as far as banks ask for it.

    asked for? -> not too much waits -> budget of the banks left -> encrypted file -> row of the queue

Each answer is honest about it: "pending", "skipped" with a stable word that says why, or "not_needed".
Trouble with putting aside never fails an upload: the answer that it has is true without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import structlog

from holdfast.banks.models import Bank
from holdfast.decisions.policy import SCAN, PolicyAnswer
from holdfast.errors import RecordsError, VaultError
from holdfast.records import deep_queue
from holdfast.records.counters import Counters
from holdfast.screening.checked import Screened
from holdfast.screening.keeping import Upload
from holdfast.screening.screener import Screener
from holdfast.screening.spool import Spool
from holdfast.screening.waiting import WaitingUpload

__all__ = ["NOT_NEEDED", "PENDING", "SKIPPED", "DeepDesk"]

NOT_NEEDED, PENDING, SKIPPED = "not_needed", "pending", "skipped"

log = structlog.get_logger(__name__)


class DeepDesk:
    """Takes in uploads for the deep check. Safe to use from many threads.

    At most ``max_waiting`` wait at a time, over all hosts.
    """

    def __init__(self, screener: Screener, spool: Spool, counters: Counters, *, max_waiting: int) -> None:
        self._screener = screener
        self._spool = spool
        self._counters = counters
        self._max_waiting = max_waiting

    def asking(self, policy: PolicyAnswer, names: Sequence[str]) -> list[Bank]:
        """The banks, of these ``names`` or of all, for which an upload under this policy may be looked at."""
        if policy.action != SCAN:
            return []
        return [bank for bank in self._screener.calibrated(names) if bank.asks_for_deep]

    def take(self, upload: Upload, screened: Screened, asking: Sequence[Bank]) -> tuple[str, str]:
        """Puts an upload aside where its check has more to say; "pending", "skipped" or "not_needed", and
        why.
        """
        if not asking or not screened.lumas or upload.data is None:
            return NOT_NEEDED, ""
        try:
            state, reason = self._take(upload, screened, asking)
        except (VaultError, RecordsError) as error:
            log.warning("an upload could not be put aside for its deep check", error=type(error).__name__)
            state, reason = SKIPPED, "unavailable"
        self._counters.add("deep.asked", outcome=state, reason=reason)
        return state, reason

    def _take(self, upload: Upload, screened: Screened, asking: Sequence[Bank]) -> tuple[str, str]:
        context = upload.context
        if context.content_reference is None and not context.urls:
            return SKIPPED, "no_reference"  # whatever came of it, nobody could find the content again
        with self._screener.database.read() as connection:
            waiting = deep_queue.backlog(connection).waiting
            spent = deep_queue.spent(connection)
        if waiting >= self._max_waiting:
            return SKIPPED, "behind"
        asking = [bank for bank in asking if spent.get(bank.id, 0) < bank.deep_per_hour]
        if not asking:
            return SKIPPED, "over_budget"
        return self._put_aside(upload, screened, asking)

    def _put_aside(self, upload: Upload, screened: Screened, asking: Sequence[Bank]) -> tuple[str, str]:
        plain = WaitingUpload(
            upload.context,
            upload.by,
            tuple(bank.id for bank in asking),
            screened.outcome.size_bytes,
            hashlib.sha256(upload.data or b"").digest(),
            screened.lumas,
            upload.request,
        ).to_bytes()
        name, sealed_key, key_id = self._spool.put(plain)
        try:
            with self._screener.database.write() as connection:
                left = deep_queue.take_budget(connection, [(bank.id, bank.deep_per_hour) for bank in asking])
                if left:
                    deep_queue.enqueue(
                        connection, spool=self._spool.id, name=name, sealed_key=sealed_key, key_id=key_id
                    )
        except RecordsError:
            self._spool.remove(name)
            raise
        if not left:
            self._spool.remove(name)
            return SKIPPED, "over_budget"
        return PENDING, ""
