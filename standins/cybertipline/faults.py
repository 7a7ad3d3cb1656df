"""What goes wrong: a script for each call, or chance.

code:N          answers with code N, nothing happens
code_after:N    it happens, and the answer is code N all the same
drop_before     the connection ends without an answer, nothing happens
drop_after      it happens, the connection ends without an answer
stall_before    no answer for a while, then the connection ends; nothing happens
stall_after     it happens; no answer for a while, then the connection ends
late            no answer for a while; it happens only at the end of that time
slow            it happens; the answer comes one byte after the other
cut_xml         it happens; the answer is cut short
html, html:N    a page of some proxy, HTTP status 502 or N; nothing happens
wrong_md5       it happens; the answer has another MD5 (upload)
wrong_report    it happens; the answer names another report
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CALLS", "KINDS", "Fault", "Faults"]

CALLS = ("status", "submit", "upload", "fileinfo", "finish", "retract")
KINDS = (
    "code",
    "code_after",
    "drop_before",
    "drop_after",
    "stall_before",
    "stall_after",
    "late",
    "slow",
    "cut_xml",
    "html",
    "wrong_md5",
    "wrong_report",
)


@dataclass(frozen=True)
class Fault:
    """One fault. ``hold_s``: how long a stalled, late or slow answer takes."""

    kind: str
    code: int = 0
    hold_s: float = 1.0

    @classmethod
    def parse(cls, text: str, hold_s: float = 1.0) -> Fault:
        """``kind`` or ``kind:CODE``. Raises ValueError."""
        kind, _, code = text.partition(":")
        takes_code, needs_code = kind in ("code", "code_after", "html"), kind in ("code", "code_after")
        if kind not in KINDS or (code and not takes_code) or (needs_code and not code):
            raise ValueError(f"{text!r} is no fault; they are {', '.join(KINDS)}, the first two with :CODE")
        return cls(kind, int(code or 0), hold_s)


class Faults:
    """The script: what the next calls meet. Safe in many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: dict[str, deque[Fault | None]] = {call: deque() for call in CALLS}
        self._chance: tuple[random.Random, float, Sequence[Fault]] | None = None

    def add(self, call: str, fault: str, *, times: int = 1, after: int = 0, hold_s: float = 1.0) -> None:
        """The next ``times`` calls meet this fault, when ``after`` more have gone well."""
        one = Fault.parse(fault, hold_s)
        with self._lock:
            self._scripts[call].extend([None] * after + [one] * times)

    def at_random(self, share: float, faults: Sequence[str], *, seed: int, hold_s: float = 1.0) -> None:
        """From now on this share of all calls meets one of these faults."""
        with self._lock:
            self._chance = random.Random(seed), share, [Fault.parse(text, hold_s) for text in faults]

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._chance = None
            for script in self._scripts.values():
                script.clear()

    def next(self, call: str) -> Fault | None:
        """What this call meets."""
        with self._lock:
            if self._scripts[call]:
                return self._scripts[call].popleft()
            if self._chance is not None:
                generator, share, faults = self._chance
                if generator.random() < share:
                    return generator.choice(faults)
        return None
