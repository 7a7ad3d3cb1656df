"""The deep worker: takes what waits in this home's spool, many uploads a pass, and acts on what it finds.

    claim -> open files -> one pass over the lists -> rules, event, webhooks and the row's end in one
    transaction
          -> files destroyed

Killed at any point it loses nothing and does nothing twice: until that transaction the row is there and its
lease runs out, and after it only a file is left that nothing opens, which the sweep removes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import structlog

from holdfast.decisions.facts import Context
from holdfast.decisions.policy import SCAN
from holdfast.errors import HoldfastError, KeyUnavailableError, LeaseLostError, ObjectDamagedError
from holdfast.records import deep_queue
from holdfast.records.deep_queue import Waiting
from holdfast.records.idempotency import Request
from holdfast.records.worker import describe
from holdfast.screening.checked import Screened
from holdfast.screening.keeping import Upload
from holdfast.screening.outcome import OutcomeKind
from holdfast.screening.waiting import WaitingUpload
from holdfast.service.deep_copies import copy_at_platform
from holdfast.service.deep_lost import tell_lost

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["DeepWorker"]

LEASE_S = 60.0
POLL_S = 0.5
SWEEP_EVERY_S = 15.0
AFTER_TROUBLE_S = 5.0
WITHDRAWN: Final = "withdrawn"
NO_CONTEXTS: Final[Mapping[int, Context]] = MappingProxyType({})

log = structlog.get_logger(__name__)


class DeepWorker:
    """A thread that checks what waits. Several workers on one home share the work."""

    def __init__(self, runtime: Runtime, *, lease_s: float = LEASE_S, poll_s: float = POLL_S) -> None:
        self._runtime = runtime
        self._database = runtime.database
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deep-checks", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the pass under way."""
        self._ending.set()
        self._thread.join()

    def run_once(self) -> int:
        """One pass over what waits now; how many uploads that were."""
        spool = self._runtime.spool
        with self._database.read() as connection:
            if not deep_queue.is_due(connection, spool.id):
                return 0
        limit = self._runtime.settings.deep.uploads_per_pass
        with self._database.write() as connection:
            claimed = deep_queue.claim(connection, spool.id, self._lease_s, limit)
        with self._held(claimed):
            self._check([(one, upload) for one in claimed if (upload := self._opened(one)) is not None])
        return len(claimed)

    def _check(self, waiting: Sequence[tuple[Waiting, WaitingUpload]]) -> None:
        """The uploads that may still be looked at, in one pass; and what follows for each."""
        screener = self._runtime.screener
        screener.refresh()
        asking = {bank.id for bank in screener.calibrated() if bank.asks_for_deep}
        looked, withdrawn, contexts = [], [], {}
        for one, upload in waiting:
            banks = asking.intersection(upload.banks)
            if banks and self._runtime.intake.choose(upload.context).action == SCAN:
                looked.append((one, upload, banks))
            else:
                withdrawn.append(one)  # banks or policy have changed since
                contexts[one.id] = upload.context
        self._end(withdrawn, WITHDRAWN, contexts)
        found = screener.check_deeply(
            [upload.lumas for _, upload, _ in looked], [banks for _, _, banks in looked]
        )
        near = [screened.outcome.outcome in (OutcomeKind.MATCH, OutcomeKind.POSSIBLE) for screened in found]
        rest = [one for (one, _, _), is_near in zip(looked, near, strict=True) if not is_near]
        self._end(rest, str(OutcomeKind.NO_MATCH))
        for (one, upload, _), screened, is_near in zip(looked, found, near, strict=True):
            if not is_near:
                continue
            try:
                self._conclude(one, upload, screened)
            except LeaseLostError:
                log.warning("a deep check was lost to another worker", check=one.id)
            except HoldfastError as error:  # the row is still there: it is tried again
                log.warning("a deep check could not be concluded", check=one.id, error=describe(error))

    def _conclude(self, waiting: Waiting, upload: WaitingUpload, screened: Screened) -> None:
        self._runtime.intake.decide_later(
            screened,
            Upload(None, upload.context, upload.by, _request(upload), is_deep=True),
            copy=lambda: copy_at_platform(self._runtime, upload),
            also=lambda connection: deep_queue.finish(connection, waiting),
        )
        self._done(waiting, str(screened.outcome.outcome))

    def _opened(self, waiting: Waiting) -> WaitingUpload | None:
        """What was put aside; None where it cannot be read for now, or any more: then its row is gone."""
        try:
            return WaitingUpload.from_bytes(self._runtime.spool.get(waiting))
        except KeyUnavailableError as error:
            log.warning("a deep check waits for its key", error=str(error))
        except ObjectDamagedError:
            self._end([waiting], "unreadable")
            self._runtime.counters.add("deep.lost", reason="unreadable")
        return None

    def _end(
        self, waiting: Sequence[Waiting], outcome: str, contexts: Mapping[int, Context] = NO_CONTEXTS
    ) -> None:
        """Nothing came of them: their rows go, then their files. ``contexts`` are of those not looked at."""
        if not waiting:
            return
        with self._database.write() as connection:
            ended = deep_queue.finish_all(connection, waiting)
            tell_lost(connection, ended, contexts, outcome)
        for one in ended:
            self._done(one, outcome)

    def _done(self, waiting: Waiting, outcome: str) -> None:
        self._runtime.spool.remove(waiting.object)
        self._runtime.counters.add("deep.checked", outcome=outcome)

    @contextmanager
    def _held(self, claimed: Sequence[Waiting]) -> Iterator[None]:
        """Keeps the leases while the block runs."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(self._lease_s / 3):
                try:
                    with self._database.write() as connection:
                        deep_queue.renew(connection, claimed, self._lease_s)
                except Exception as error:  # noqa: BLE001  (the next one may get through)
                    log.warning("a lease could not be renewed", error=describe(error))

        thread = threading.Thread(target=renew, name="deep-leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _run(self) -> None:
        pause_s, swept_s = 0.0, float("-inf")
        while not self._ending.wait(pause_s):
            try:
                if time.monotonic() - swept_s >= SWEEP_EVERY_S:
                    swept_s = time.monotonic()
                    self._runtime.spool.sweep()
                pause_s = 0.0 if self.run_once() else self._poll_s
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever records and lists do)
                log.warning("deep checks wait", error=describe(error))
                pause_s = AFTER_TROUBLE_S


def _request(upload: WaitingUpload) -> Request | None:
    """The upload's own idempotency key, for a write of its own: sent twice, it is acted on once."""
    if upload.request is None:
        return None
    key = sha256(f"deep {upload.request.key}".encode()).hexdigest()
    return Request(key, upload.request.principal_id, "deep check", upload.request.body)
