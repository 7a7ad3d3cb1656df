"""The worker of reports: drafts of decided cases, what is due to its destination, packets, filing, alarms.

Everything it does is a row before it is an act: a killed worker loses nothing, and several share the work.
Where reports are not set up (no credentials) it drafts and raises alarms, and files nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from holdfast.errors import HoldfastError, RecordsUnavailableError
from holdfast.records.worker import describe
from holdfast.reporting.configured import find_credentials, open_client
from holdfast.reporting.drafts.approval import cancel
from holdfast.reporting.drafts.automatic import file_by_rule
from holdfast.reporting.drafts.enrichment import enrich_due
from holdfast.reporting.drafts.platform import Platform, open_platform
from holdfast.reporting.drafts.sending import raise_late, send_due
from holdfast.reporting.drafts.sources import (
    OVERTURNED,
    draft_case,
    latest_decision,
    undrafted,
    unwanted,
)
from holdfast.reporting.filing import alarms
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.packets.outbox import PacketWriter
from holdfast.reporting.packets.signer_file import open_signer
from holdfast.service.reach import webhook_reach

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["ReportWorker", "packet_writer"]

POLL_S = 1.0
RULE_EVERY_S = 15.0
ALL_EVERY_S = 60.0
RECENT = 1000  # decisions that every round looks at
LATE_EVERY_S = 60.0
AFTER_TROUBLE_S = 30.0
BY = "worker"

log = structlog.get_logger(__name__)


class ReportWorker:
    """Two threads: one brings drafts to their destination, one files. Safe beside others on one home."""

    def __init__(self, runtime: Runtime, *, poll_s: float = POLL_S) -> None:
        self._runtime = runtime
        self._database = runtime.database
        self._poll_s = poll_s
        self._ending = threading.Event()
        self._due: dict[str, float] = {}  # step -> when it comes round again
        self._platform: Platform | None = None
        self._platform_is_open = False
        self._filer: Filer | None = None
        self._threads = [
            threading.Thread(target=self._carry, name="reports", daemon=True),
            threading.Thread(target=self._file, name="filer", daemon=True),
        ]

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more; the filing in hand is brought to where it can wait."""
        self._ending.set()
        if self._filer is not None:
            self._filer.stop()
        for thread in self._threads:
            thread.join()

    def once(self) -> None:
        """One round of everything but filing. One step's trouble is no other's."""
        self._step("drafts", 0.0, self._draft)
        self._step("withdrawals", RULE_EVERY_S, self._withdraw)
        self._step("platform", 0.0, self._enrich)
        self._step("rule", RULE_EVERY_S, lambda: file_by_rule(self._database, self._runtime.desk))
        self._step("hand-over", 0.0, lambda: send_due(self._database, self._runtime.desk))
        self._step("packets", 0.0, self._write_packets)
        self._step("late", LATE_EVERY_S, self._raise_alarms)

    def _carry(self) -> None:
        while not self._ending.is_set():
            self.once()
            self._ending.wait(self._poll_s)

    def _step(self, name: str, every_s: float, work: Callable[[], object]) -> None:
        if self._ending.is_set() or time.monotonic() < self._due.get(name, 0.0):
            return
        self._due[name] = time.monotonic() + every_s
        try:
            work()
        except Exception as error:  # noqa: BLE001  (this thread must outlive whatever one step does)
            self._due[name] = time.monotonic() + AFTER_TROUBLE_S
            tell = log.warning if isinstance(error, RecordsUnavailableError) else log.error
            tell("reports wait", step=name, error=describe(error))

    def _draft(self) -> None:
        is_whole = time.monotonic() >= self._due.get("all decisions", 0.0)
        with self._database.read() as connection:
            latest = latest_decision(connection)
            cases = undrafted(connection, after=0 if is_whole else latest - RECENT)
        if is_whole:  # one that waited long for its second person
            self._due["all decisions"] = time.monotonic() + ALL_EVERY_S
        for case_id in cases:
            if self._ending.is_set():
                return
            try:
                draft_case(self._database, self._runtime.desk, self._runtime.contents, case_id, by=BY)
            except RecordsUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001  (one case's trouble is no other's)
                log.warning("a case waits for its report", case=case_id, error=describe(error))

    def _withdraw(self) -> None:
        """A report whose decision was taken back is not filed, as long as that can be helped."""
        with self._database.read() as connection:
            numbers = unwanted(connection)
        for number in numbers:
            try:
                with self._database.write() as connection:
                    cancel(connection, self._runtime.desk, number, by=BY, reason=OVERTURNED)
            except HoldfastError as error:
                log.warning("a report could not be withdrawn", report=number, error=type(error).__name__)

    def _enrich(self) -> None:
        if not self._platform_is_open:
            reporting, webhooks = self._runtime.settings.reporting, self._runtime.settings.webhooks
            self._platform = open_platform(reporting, self._runtime.home.path, webhook_reach(webhooks))
            self._platform_is_open = True
        if self._platform is not None:  # one a round: the next imminent report must not wait for answers
            enrich_due(self._database, self._runtime.desk, self._platform, at_most=1)

    def _write_packets(self) -> None:
        destinations = [one for one in self._runtime.desk.destinations.packets if one.is_set_up]
        if destinations:
            writer = packet_writer(self._runtime)
            for one in destinations:
                assert one.described.recipient is not None  # noqa: S101  (set up)
                writer.write_due(one.name, one.described.recipient)

    def _raise_alarms(self) -> None:
        with self._database.write() as connection:
            raise_late(connection)
            if self._filer is None:  # else it does
                for one in self._runtime.desk.destinations:
                    alarms.sweep(connection, one.name, alarms.Limits())

    def _file(self) -> None:
        """The filer, once there are credentials; without them it looks for them now and then."""
        while not self._ending.is_set():
            try:
                if self._has_credentials():
                    self._run_filer()
            except HoldfastError as error:
                log.error("reports are not filed", error=str(error))  # noqa: TRY400  (names no secret)
            self._ending.wait(AFTER_TROUBLE_S)

    def _has_credentials(self) -> bool:
        return find_credentials(self._runtime.settings.reporting, self._runtime.home.path) is not None

    def _run_filer(self) -> None:
        with ExitStack() as stack:
            client = stack.enter_context(
                open_client(self._runtime.settings.reporting, self._runtime.home.path)
            )
            self._filer = Filer(self._database, self._runtime.sealer, client, self._runtime.contents)
            if not self._ending.is_set():
                self._filer.run()


def packet_writer(runtime: Runtime) -> PacketWriter:
    """Writes packets for this home. Raises `SettingsError` without a key that signs them."""
    reporting, home = runtime.settings.reporting, runtime.home.path
    return PacketWriter(
        runtime.database,
        runtime.sealer,
        runtime.contents,
        reporting.packet_folder or home / "packets",
        open_signer(reporting, home),
        reporting.platform or reporting.reporter_email or "unnamed",
    )
