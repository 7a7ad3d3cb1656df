"""What a decode worker takes away from itself before it sees its first byte from outside.

Each layer is used where the platform has it; `SandboxStatus` says which, and why not. No layer
is needed for correct answers: they bound what a decoder that was taken over can reach.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holdfast.media.landlock import landlock_version, take_away_files
from holdfast.media.seccomp import restrict_system_calls

__all__ = ["SandboxStatus", "WorkerSetup", "enter_sandbox"]

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What one worker process is told when it starts.

    ``input_bytes`` is the most that it is handed, ``output_bytes`` the most that it may write;
    ``memory_bytes`` is address space beyond what the idle worker has; ``cpu_s`` is for its whole life
    (one task is bounded by a timer, see `holdfast.media.worker`). ``medium`` ("image", "video") says which
    decoders it must find loaded.
    """

    input_bytes: int
    output_bytes: int
    memory_bytes: int
    cpu_s: int
    medium: str = "image"


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """Which layers hold in the decode workers. ``missing`` says for each absent one why."""

    resource_limits: bool
    no_new_privileges: bool
    not_dumpable: bool
    dies_with_parent: bool
    landlock: int  # version of the kernel's Landlock that applies, 0 for none
    seccomp: bool
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True where every layer applies."""
        return not self.missing

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SandboxStatus:
        """The status as `to_json` wrote it. Raises ValueError or TypeError for anything else."""
        return cls(**{**value, "missing": tuple(str(line) for line in value["missing"])})


def enter_sandbox(setup: WorkerSetup, parent_pid: int, highest_descriptor: int) -> SandboxStatus:
    """Lock this process in for good. It must be single-threaded and have only its own descriptors open.

    ``parent_pid`` is the process whose end must end this one; ``highest_descriptor`` the highest
    open descriptor: no further one can be opened.
    """
    missing: list[str] = []

    def layer(problem: str) -> bool:
        if problem:
            missing.append(problem)
        return not problem

    dies = layer(_prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, "end with the parent"))
    if os.getppid() != parent_pid:  # it ended before the line above
        os._exit(0)
    dumpable = layer(_prctl(_PR_SET_DUMPABLE, 0, "be hidden from other processes"))
    privileges = layer(_prctl(_PR_SET_NO_NEW_PRIVS, 1, "give up new privileges"))
    idle_bytes = _address_space_bytes()
    files = layer(take_away_files() if privileges else "Landlock needs no-new-privileges")
    version = landlock_version() if files else 0
    rlimits = layer(_set_limits(setup, idle_bytes, highest_descriptor))  # Landlock needs a descriptor
    calls = layer(restrict_system_calls() if privileges else "seccomp needs no-new-privileges")
    return SandboxStatus(rlimits, privileges, dumpable, dies, version, calls, tuple(missing))


def _prctl(option: int, value: int, what: str) -> str:
    if not sys.platform.startswith("linux"):
        return f"a worker cannot {what} on {sys.platform}"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        return f"a worker cannot {what} ({os.strerror(ctypes.get_errno())})"
    return ""


def _set_limits(setup: WorkerSetup, idle_bytes: int, highest_descriptor: int) -> str:
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: setup.output_bytes,
        resource.RLIMIT_NOFILE: highest_descriptor + 1,
        resource.RLIMIT_CPU: setup.cpu_s,
        resource.RLIMIT_AS: idle_bytes + setup.memory_bytes,
    }
    problems = []
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(which, (bound, bound))
        except (ValueError, OSError) as error:
            problems.append(str(error))
    return f"resource limits are not all set ({'; '.join(problems)})" if problems else ""


def _address_space_bytes() -> int:
    """Address space in use now."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    return 512 * _MEBIBYTE
