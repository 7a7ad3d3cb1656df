"""Where several API processes put their measures together for Prometheus: a fresh, private folder."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["forget_process", "measures_folder"]


@contextlib.contextmanager
def measures_folder(processes: int) -> Iterator[str]:
    """The folder, gone at the end of the block; "" for one process, which keeps its measures in memory."""
    if processes == 1:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="holdfast-measures-") as folder:
        yield folder


def forget_process(folder: str, pid: int | None) -> None:
    """Takes away the gauges of a process that ended: its last list version would be the oldest for ever.

    Its counters stay: what was counted was counted.
    """
    if folder:
        for path in Path(folder).glob(f"gauge_*_{pid}.db"):
            path.unlink(missing_ok=True)
