"""The stand-in as a whole: in a thread of this process, or on its own (`python -m standins.cybertipline`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Any

from standins.cybertipline.desk import Desk, StoredReport
from standins.cybertipline.faults import Faults
from standins.cybertipline.handler import Handler

__all__ = ["StandIn"]

ACCOUNT = ("usr123", "pswd123")


class StandIn:
    """A server on a free port of loopback, running while used as a context manager.

    ``accounts``: user -> password. `advance` moves its clock. ``desk`` and ``faults`` may be used directly.
    """

    def __init__(self, *, port: int = 0, accounts: Mapping[str, str] | None = None) -> None:
        self.accounts = dict(accounts or [ACCOUNT])
        self.faults = Faults()
        self._advanced_s = 0.0
        self.desk = Desk(lambda: time.time() + self._advanced_s)
        self._http = _Server(("127.0.0.1", port), Handler)
        self._http.stand_in = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), name="stand-in", daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL, as production's ends in /ispws."""
        return f"http://127.0.0.1:{self._http.server_port}/ispws"

    def advance(self, seconds: float) -> None:
        """Let time pass here, and nowhere else."""
        self._advanced_s += seconds

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve(self) -> None:
        """Serve in this thread until interrupted."""
        self._http.serve_forever()

    def control(self, wish: str, given: Mapping[str, Any]) -> object:
        """What the control routes do; None for an unknown one."""
        if wish == "reports":
            return [_told(report) for report in self.desk.reports()]
        if wish == "faults":
            self.faults.add(**given)
        elif wish == "chance":
            self.faults.at_random(**given)
        elif wish == "calm":
            self.faults.clear()
        elif wish == "clock":
            self.advance(float(given["advance_s"]))
        elif wish == "forget":
            self.desk.forget()
        else:
            return None
        return {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stand_in: StandIn

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


def _told(report: StoredReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "state": report.state,
        "xml": report.xml.decode("utf-8", "replace"),
        "files": [
            {
                "id": file.id,
                "name": file.name,
                "md5": file.md5,
                "sha256": file.sha256,
                "size_bytes": file.size_bytes,
                "details": None if file.details is None else file.details.decode("utf-8", "replace"),
            }
            for file in report.files.values()
        ],
    }
