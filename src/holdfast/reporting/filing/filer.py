"""The worker: takes filings that are due, one after the other, and looks at the clocks.

    filer = Filer(database, sealer, client, contents)
    filer.run()               # until `stop`, in a thread of its own or a process
    filer.file_due()          # everything that is due now, then back

Any number of processes may run one. A killed process's filing is taken up when its lease ends.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid

import structlog

from holdfast.errors import HoldfastError, LeaseLostError
from holdfast.records.database import Database
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.filing import alarms, rows
from holdfast.reporting.filing.contents import Contents
from holdfast.reporting.filing.held import Work
from holdfast.reporting.filing.models import Filing
from holdfast.reporting.filing.run import FilingRun
from holdfast.vault.secrets import KeySealer

__all__ = ["Filer"]

LEASE_MARGIN_S = 60.0
POLL_S = 1.0
SWEEP_EVERY_S = 60.0

log = structlog.get_logger(__name__)


class Filer:
    """Files what is due at one destination. ``limits``: when the clock alone raises an alarm.

    ``lease_s`` is how long a killed filer's work waits: by default, and at least, longer than two calls.
    """

    def __init__(
        self,
        database: Database,
        sealer: KeySealer,
        client: Client,
        contents: Contents,
        *,
        limits: alarms.Limits | None = None,
        lease_s: float | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        least_s = 2 * client.timeout_s
        self._work = Work(
            database, sealer, client, contents, max(lease_s or least_s + LEASE_MARGIN_S, least_s)
        )
        self._limits = limits or alarms.Limits()
        self._poll_s = poll_s
        self._worker_id = f"{socket.gethostname()[:50]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._stopping = threading.Event()
        self._swept_at: float | None = None

    def run(self) -> None:
        """File until `stop`. The filing in hand is then brought to where it can wait."""
        log.warning(
            "filer started", destination=self._destination, banner=self._work.client.destination.banner
        )
        while not self._stopping.is_set():
            try:
                worked = self._one() is not None
                self._sweep()
            except HoldfastError as error:
                log.warning("the filer waits: its records cannot be had", error=type(error).__name__)
                worked = False
            if not worked:
                self._stopping.wait(self._poll_s)

    def stop(self) -> None:
        """Begin nothing more. Safe from any thread and from a signal handler."""
        self._stopping.set()

    def file_due(self, *, at_most: int | None = None) -> int:
        """Work at what is due, ``at_most`` so many, and look at the clocks; the number of claims."""
        count = 0
        while (at_most is None or count < at_most) and self._one() is not None:
            count += 1
        self._swept_at = None
        self._sweep()
        return count

    @property
    def _destination(self) -> str:
        return self._work.client.destination.name

    def _one(self) -> int | None:
        """Work at one filing; its id, or None where none is due."""
        filing = self._claim()
        if filing is None:
            return None
        try:
            FilingRun(self._work, filing).run()
        except LeaseLostError:
            log.warning("a filing was taken over by another filer", filing=filing.id)
        except Exception as error:  # noqa: BLE001  (the lease ends by itself, and then it is taken up again)
            log.warning("a filing was broken off", filing=filing.id, error=type(error).__name__)
        return filing.id

    def _claim(self) -> Filing | None:
        with self._work.database.read() as connection:
            if not rows.due(connection, self._destination):
                return None
        with self._work.database.write() as connection:
            return rows.claim(connection, self._destination, self._worker_id, self._work.lease_s)

    def _sweep(self) -> None:
        if self._swept_at is not None and time.monotonic() - self._swept_at < SWEEP_EVERY_S:
            return
        with self._work.database.write() as connection:
            alarms.sweep(connection, self._destination, self._limits)
        self._swept_at = time.monotonic()
