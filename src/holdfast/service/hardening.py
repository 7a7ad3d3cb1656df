"""What every process of the service does first."""

from __future__ import annotations

import ctypes
import resource
import sys

__all__ = ["no_core_dumps"]

_PR_SET_DUMPABLE = 4


def no_core_dumps() -> None:
    """A crash of this process writes no memory to disk, and no other process of the user reads it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # The limit alone does not hold where core dumps go to a program (core(5)).
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)
