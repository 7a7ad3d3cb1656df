"""`holdfast bench filing`: reports filed to a stand-in while workers are killed and the wire misbehaves.

Every report is asked for, then workers file them. With kills a worker lives for some hundredths of a second;
with faults a share of all calls goes wrong on the wire, before or after it took effect. Pauses between tries
are cut short. In the end the stand-in is asked what it has: one finished report a case, with its own files,
and nothing else open that no alarm tells of.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from holdfast.bench.filing_check import Findings, look
from holdfast.bench.filing_home import CALM_TIMEOUT_S, FilingHome, StandInProcess, prepare
from holdfast.records.tables.base import now
from holdfast.records.tables.filings import filings

__all__ = ["FilingReport", "Trouble", "run_filing"]

SETTLE_WITHIN_S = 600.0
FAULTS = (
    "code:1000",
    "code:1110",
    "code:1300",
    "code_after:1000",
    "drop_before",
    "drop_after",
    "stall_before",
    "stall_after",
    "late",
    "cut_xml",
    "html",
    "wrong_md5",
    "wrong_report",
)
TROUBLED_TIMEOUT_S, STALL_S = 0.5, 0.8


@dataclass(frozen=True)
class Trouble:
    """How much goes wrong: processes killed, and the share of calls that meet a fault.

    ``claims_a_life`` bounds what a process takes up before its kill, however late that comes.
    """

    kills: int = 0
    fault_share: float = 0.0
    claims_a_life: int | None = None


@dataclass
class FilingReport:
    """What was done, and what was found. `findings` names every defect by its number."""

    reports: int
    kills: int = 0
    duration_s: float = 0.0
    memory_start_bytes: int = 0
    memory_end_bytes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: Findings = field(default_factory=Findings)

    @property
    def is_sound(self) -> bool:
        return not any(asdict(self.findings).values())

    def to_json(self) -> dict[str, Any]:
        """The object that the command prints."""
        body = asdict(self) | {"outcomes": dict(self.outcomes), "findings": asdict(self.findings)}
        body["duration_s"] = round(self.duration_s, 1)
        body["reports_per_s"] = round(self.reports / self.duration_s, 1) if self.duration_s else 0.0
        return body


def run_filing(
    folder: Path,
    reports: int,
    trouble: Trouble,
    *,
    database_url: str | None = None,
    seed: int = 1,
    on_progress: Callable[[int], object] = lambda _: None,
) -> FilingReport:
    """File ``reports`` reports on a home made in ``folder``; the report of it. Listens on loopback only."""
    report = FilingReport(reports)
    is_troubled = bool(trouble.kills or trouble.fault_share)
    timeout_s = TROUBLED_TIMEOUT_S if is_troubled else CALM_TIMEOUT_S
    with (
        StandInProcess() as stand_in,
        prepare(folder, stand_in.url, database_url, timeout_s=timeout_s) as home,
    ):
        cases = home.ask(reports, random.Random(seed))
        begun = time.monotonic()
        if trouble.fault_share:
            wish = {"share": trouble.fault_share, "faults": list(FAULTS), "seed": seed, "hold_s": STALL_S}
            stand_in.control("chance", wish)
        report.kills = _with_kills(home, trouble, random.Random(seed), on_progress)
        report.memory_start_bytes, report.memory_end_bytes = _to_the_end(home, on_progress)
        report.duration_s = time.monotonic() - begun
        report.outcomes, report.findings = look(home, stand_in.reports(), cases)
    return report


def _with_kills(
    home: FilingHome, trouble: Trouble, chance: random.Random, on_progress: Callable[[int], object]
) -> int:
    """Workers one after the other, each killed after a moment; the number of kills.

    It stops early when everything is filed.
    """
    for number in range(trouble.kills):
        _cut_pauses_short(home)
        if not home.left():
            return number
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ready)
            _work_until_killed(home, told, trouble.claims_a_life)
        os.close(told)
        os.read(ready, 1)
        os.close(ready)
        time.sleep(chance.uniform(0.0, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        on_progress(home.ended())
    return trouble.kills


def _work_until_killed(home: FilingHome, told: int, at_most: int | None) -> None:
    """In a child: file without end, or ``at_most`` so many times. Never comes back."""
    try:
        with home.worker() as filer:
            os.write(told, b"!")
            while True:
                done = filer.file_due(at_most=at_most)
                at_most = None if at_most is None else at_most - done
                time.sleep(0.01)
    finally:
        os._exit(1)


def _to_the_end(home: FilingHome, on_progress: Callable[[int], object]) -> tuple[int, int]:
    """One worker in this process until nothing is left; its memory after a tenth of that, and in the end."""
    deadline = time.monotonic() + SETTLE_WITHIN_S + home.left() * 2
    start_bytes, tenth = 0, home.ended() + home.left() // 10
    with home.worker() as filer:
        while home.left() and time.monotonic() < deadline:
            _cut_pauses_short(home)
            filer.file_due(at_most=50)
            if not start_bytes and home.ended() >= tenth:
                start_bytes = resident_bytes()
            on_progress(home.ended())
            if home.left():
                time.sleep(0.02)
    return start_bytes, resident_bytes()


def _cut_pauses_short(home: FilingHome) -> None:
    """Whatever waits is due. Leases stay: a killed worker's filing waits until its lease ends."""
    with home.database.write() as connection:
        connection.execute(
            sa.update(filings)
            .where(filings.c.finished_at.is_(None), filings.c.due_at > now())
            .values(due_at=now() - timedelta(seconds=1))
        )


def resident_bytes() -> int:
    """Memory of this process that is in use now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
