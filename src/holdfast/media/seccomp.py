"""A system call filter for decode workers, assembled by hand.

An allowlist: memory without execution, the files already open, clocks, threads of its own, leaving.
Everything else answers "not permitted". Linux on x86-64 and arm64.
Source: Linux, Documentation/userspace-api/seccomp_filter.rst; include/uapi/linux/{seccomp,filter,audit}.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

__all__ = ["restrict_system_calls"]

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_PROT_EXEC = 4
_CLONE_THREAD = 0x00010000

# One row a machine: the audit number of its system call convention, then call numbers.
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_FREE = {
    "x86_64": {
        "read": 0, "write": 1, "close": 3, "poll": 7, "lseek": 8, "munmap": 11, "brk": 12,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "readv": 19, "writev": 20,
        "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "getitimer": 36, "setitimer": 38,
        "getpid": 39, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47, "exit": 60,
        "ftruncate": 77, "gettimeofday": 96, "getrusage": 98, "sigaltstack": 131, "gettid": 186,
        "futex": 202, "sched_getaffinity": 204, "restart_syscall": 219, "clock_gettime": 228,
        "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "ppoll": 271,
        "set_robust_list": 273, "getrandom": 318, "rseq": 334,
    },
    "aarch64": {
        "read": 63, "write": 64, "close": 57, "lseek": 62, "munmap": 215, "brk": 214,
        "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "readv": 65, "writev": 66,
        "sched_yield": 124, "mremap": 216, "madvise": 233, "nanosleep": 101, "getitimer": 102,
        "setitimer": 103, "getpid": 172, "sendto": 206, "recvfrom": 207, "sendmsg": 211, "recvmsg": 212,
        "exit": 93, "ftruncate": 46, "gettimeofday": 169, "getrusage": 165, "sigaltstack": 132,
        "gettid": 178, "futex": 98, "sched_getaffinity": 123, "restart_syscall": 128,
        "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "exit_group": 94, "ppoll": 73,
        "set_robust_list": 99, "getrandom": 278, "rseq": 293,
    },
}  # fmt: skip
_GUARDED = {
    "x86_64": {"mmap": 9, "mprotect": 10, "clone": 56, "tgkill": 234, "prlimit64": 302, "clone3": 435},
    "aarch64": {"mmap": 222, "mprotect": 226, "clone": 220, "tgkill": 131, "prlimit64": 261, "clone3": 435},
}

_Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def restrict_system_calls() -> str:
    """Filter this process's system calls for good; returns "" or why that was not possible here.

    The process must have set no-new-privileges before. Its threads to come inherit the filter.
    """
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _MACHINES or sys.maxsize < 2**32:
        return f"no system call filter for {sys.platform} on {machine}"
    code = b"".join(struct.pack("=HBBI", *step) for step in _assemble(machine, os.getpid()))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        return f"the kernel refused the system call filter ({os.strerror(ctypes.get_errno())})"
    return ""


def _assemble(machine: str, pid: int) -> list[_Instruction]:
    guarded = _GUARDED[machine]
    steps: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for name, number in guarded.items():
        guard = _guard(name, pid)
        steps += [(_EQUAL, 0, len(guard), number), *guard]
    for number in _FREE[machine].values():
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    steps.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    return steps


def _guard(name: str, pid: int) -> list[_Instruction]:
    """Instructions that decide one call by its arguments; each path ends in a return."""
    allow, refuse = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    if name in ("mmap", "mprotect"):  # no memory that can be executed
        return [_argument(2), (_ANY_BIT, 0, 1, _PROT_EXEC), refuse, allow]
    if name == "clone":  # threads, no processes
        return [_argument(0), (_ANY_BIT, 0, 1, _CLONE_THREAD), allow, refuse]
    if name == "tgkill":  # abort() signals itself; nobody else may be signalled
        return [_argument(0), (_EQUAL, 0, 1, pid), allow, refuse]
    if name == "prlimit64":  # reading limits only: the pointer to new ones must be null
        return [_argument(2), (_EQUAL, 0, 3, 0), _argument(2, 4), (_EQUAL, 0, 1, 0), allow, refuse]
    # clone3 passes its flags in memory that a filter cannot see; "no such call" makes libc use clone
    return [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]


def _argument(number: int, part: int = 0) -> _Instruction:
    """Load half of an argument: the low 32 bits, or with ``part`` 4 the high ones (little-endian)."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * number + part)
