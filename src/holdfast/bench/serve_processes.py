"""What a service costs this machine: processor time and memory of a process and all below it, from /proc."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

__all__ = ["Tree"]

_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Tree:
    """A process and all that it started, as they are at the moment of the question. Linux."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended_s = 0.0
        self._seen: dict[int, float] = {}

    def processor_s(self) -> float:
        """User and system time of all of them so far; what has ended counts as far as it was seen."""
        now = {pid: seconds for pid in self._pids() if (seconds := _processor_s(pid)) is not None}
        self._ended_s += sum(seconds for pid, seconds in self._seen.items() if pid not in now)
        self._seen = now
        return self._ended_s + sum(now.values())

    def memory_bytes(self, mapped_below: Path | None = None) -> tuple[int, int]:
        """(memory, mapped files): proportional set size (PSS) of all of them, so shared pages count once.

        Pages of files below ``mapped_below`` are told apart: the index, which the system drops when it needs
        the room.
        """
        own = mapped = 0
        for pid in self._pids():
            for name, size in _mappings(pid):
                if mapped_below is not None and name.startswith(f"{mapped_below}/"):
                    mapped += size
                else:
                    own += size
        return own, mapped

    def peak_bytes(self) -> int:
        """The greatest memory that any one of those alive has ever had (VmHWM); 0 where none can be read."""
        return max(map(_peak_bytes, self._pids()), default=0)

    def _pids(self) -> list[int]:
        children = defaultdict(list)
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
                children[parent].append(int(entry.name))
        found = [self._pid]
        for pid in found:
            found += children[pid]
        return found


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, which may hold blanks."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return None


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else int(fields[1])


def _processor_s(pid: int) -> float | None:
    fields = _stat(pid)
    return None if fields is None else (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _peak_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _mappings(pid: int) -> list[tuple[str, int]]:
    """(file, PSS in bytes) of every mapping of one process."""
    found: list[tuple[str, int]] = []
    try:
        lines = Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return found
    name = ""
    for line in lines:
        if line.startswith("Pss:"):
            found.append((name, int(line.split()[1]) * 1024))
        elif (start := _MAPPING.match(line)) is not None:
            name = start[1]
    return found
