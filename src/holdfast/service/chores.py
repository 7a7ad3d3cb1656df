"""What an API process does beside answering: it writes down which keys were used, and follows reloads.

A reload reaches one process: by SIGHUP the supervisor, by `POST /v1/rules/reload` whichever process answered.
Each process that took in new rules tells the supervisor, which tells all.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from holdfast.errors import HoldfastError
from holdfast.records.worker import describe

if TYPE_CHECKING:
    from holdfast.service.line import Line
    from holdfast.service.runtime import Runtime

__all__ = ["Chores"]

EVERY_S = 0.5
LAST_USED_EVERY_S = 180.0
FORGET_EVERY_S = 60.0

log = structlog.get_logger(__name__)


class Chores:
    """A thread beside the server. `hear` takes the supervisor's messages."""

    def __init__(self, runtime: Runtime, line: Line) -> None:
        self._runtime = runtime
        self._line = line
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._seen = self._in_force()
        self._last_used_s = self._forgot_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and write down which keys were used where the records can still be reached."""
        self._ending.set()
        self._thread.join()
        with suppress(HoldfastError):
            self._write_last_used()

    def hear(self, message: dict[str, Any]) -> None:
        """Does what the supervisor asks for."""
        if message.get("reload"):
            with self._lock:
                read = (self._runtime.policy, self._runtime.rules)
                problems = [problem for what in read if (problem := what.reload()) is not None]
                for problem in problems:
                    log.error("not in force; what was before stays", error=str(problem))
                if not problems:
                    log.info("rules and policy were read again", rules=self._runtime.rules.current.version)
                self._seen = self._in_force()

    def _run(self) -> None:
        while not self._ending.wait(EVERY_S):
            try:
                self._once(time.monotonic())
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever the records do)
                log.warning("a chore was put off", error=describe(error))

    def _once(self, now_s: float) -> None:
        with self._lock:
            in_force = self._in_force()
            if any(one is not other for one, other in zip(in_force, self._seen, strict=True)):
                self._seen = in_force
                self._line.tell({"reloaded": True})
        if now_s - self._last_used_s >= LAST_USED_EVERY_S:
            self._last_used_s = now_s
            self._write_last_used()
        if now_s - self._forgot_s >= FORGET_EVERY_S:
            self._forgot_s = now_s
            self._runtime.probing.accounts_kept(now_s)
            self._runtime.spool.sweep()  # also where no worker runs on this home

    def _in_force(self) -> tuple[object, object]:
        return self._runtime.policy.current, self._runtime.rules.current

    def _write_last_used(self) -> None:
        with self._runtime.database.write() as connection:
            self._runtime.verifier.write_last_used(connection)
