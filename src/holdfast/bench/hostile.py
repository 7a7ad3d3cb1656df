"""`holdfast bench hostile`: awkward and hostile files through `holdfast match`, each answer checked."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.bench.hostile_files import Case, hostile_cases, listed_film
from holdfast.bench.hostile_run import Ran, run_holdfast
from holdfast.errors import HoldfastError, UsageError

__all__ = ["MOST_BYTES", "HostileRow", "run_hostile"]

MOST_BYTES = 1024**3  # of memory, for any one process
_PREPARING_S = 300.0  # kernels may have to be compiled first
_BANK = "FILMS"


@dataclass(frozen=True, slots=True)
class HostileRow:
    """What came of one file. ``wrong`` says in words what is not as it has to be; empty: nothing."""

    name: str
    size_bytes: int
    outcome: str
    reason: str
    wall_s: float
    peak_bytes: int
    wrong: tuple[str, ...]

    header = ("file", "bytes", "answer", "s", "MB", "as expected")

    def cells(self) -> list[str]:
        """For the table; MB are powers of ten."""
        answer = self.outcome.replace("_", " ") + (f": {self.reason}" if self.reason else "")
        numbers = f"{self.size_bytes:,}", answer, f"{self.wall_s:.1f}", f"{self.peak_bytes / 1e6:,.0f}"
        return [self.name, *numbers, "WRONG: " + "; ".join(self.wrong) if self.wrong else "yes"]

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "file": self.name,
            "size_bytes": self.size_bytes,
            "outcome": self.outcome,
            "reason": self.reason,
            "wall_s": round(self.wall_s, 2),
            "peak_bytes": self.peak_bytes,
            "wrong": list(self.wrong),
        }


def run_hostile(
    folder: Path,
    only: Sequence[str] = (),
    *,
    on_case: Callable[[int, int, str], object] = lambda done, total, name: None,
    on_row: Callable[[HostileRow], object] = lambda row: None,
) -> list[HostileRow]:
    """Makes the files and a home in ``folder``, and asks about one file after the other.

    ``only`` limits it to cases with one of these texts in their names. ``on_case`` hears before each how many
    are done, of how many, and its name. Raises UsageError where it leaves none, HoldfastError where the home
    cannot be made.
    """
    with _listener() as (waiting, address):
        cases = [
            case for case in hostile_cases(address) if not only or any(text in case.name for text in only)
        ]
        if not cases:
            raise UsageError("No file has any of these texts in its name. Nothing was measured.")
        home, rows = _made_home(folder), []
        for number, case in enumerate(cases):
            on_case(number, len(cases), case.name)
            row = _asked(case, folder, home, waiting)
            on_row(row)
            rows.append(row)
    return rows


def _made_home(folder: Path) -> Path:
    """A home whose one bank lists the film; it has answered once, so that its index and kernels are there."""
    home, listed = folder / "home", folder / "listed.mp4"
    listed.write_bytes(listed_film())
    for command in (("bank", "create", _BANK), ("bank", "add", _BANK, str(listed)), ("match", str(listed))):
        ran = run_holdfast(*command, home=home, most_s=_PREPARING_S)
        if ran.status != 0:
            raise HoldfastError(
                f"`holdfast {' '.join(command[:2])}` failed ({_last_line(ran.errors)}). Nothing was measured."
            )
    return home


def _asked(case: Case, folder: Path, home: Path, waiting: socket.socket) -> HostileRow:
    path = folder / case.file_name
    path.write_bytes(case.make())
    ran = run_holdfast("match", "--json", str(path), home=home, most_s=case.most_s)
    size_bytes = path.stat().st_size
    path.unlink()
    answer = _answer(ran.output)
    outcome, reason = (str(answer.get(key, "")) for key in ("outcome", "reason"))
    wrong = [*_wrong_answer(case, ran, outcome, reason), *_wrong_cost(case, ran), *_wrong_calls(waiting)]
    return HostileRow(
        case.name, size_bytes, outcome or "none", reason, ran.wall_s, ran.peak_bytes, tuple(wrong)
    )


def _wrong_answer(case: Case, ran: Ran, outcome: str, reason: str) -> Iterator[str]:
    if outcome != case.outcome or reason not in case.reasons:
        yield f"expected {' or '.join(f'{case.outcome} {one}'.strip() for one in case.reasons)}"
    if ran.status not in (0, None):
        yield f"exit status {ran.status}"
    if ran.errors:
        yield f"said on standard error: {_last_line(ran.errors)}"


def _wrong_cost(case: Case, ran: Ran) -> Iterator[str]:
    if ran.status is None or ran.wall_s > case.most_s:
        yield f"took over {case.most_s:g} s"
    if ran.peak_bytes > MOST_BYTES:
        yield "took over 1 GiB"
    if not ran.peak_bytes:
        yield "its memory could not be read"


def _wrong_calls(waiting: socket.socket) -> Iterator[str]:
    """Whether anybody has called since the last file, whether or not the caller is still there."""
    try:
        waiting.accept()[0].close()
    except BlockingIOError:
        return
    yield "an address in it was called"


@contextmanager
def _listener() -> Iterator[tuple[socket.socket, str]]:
    """A socket of this machine alone to which nobody may connect, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.setblocking(False)
        yield waiting, f"http://127.0.0.1:{waiting.getsockname()[1]}"


def _answer(output: str) -> dict[str, Any]:
    """The one object that was printed; empty where it was anything else."""
    try:
        answer = json.loads(output)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _last_line(errors: str) -> str:
    return next(iter(errors.strip().splitlines()[-1:]), "nothing on standard error")
