"""Landlock: the kernel takes the file system and TCP away from this process, for good.

Source: Linux, Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

__all__ = ["landlock_version", "take_away_files"]

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same numbers on every machine
_VERSION_FLAG = 1
_FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))  # (version, rights on files known from it on)
_TCP_VERSION, _TCP_RIGHTS = 4, 0b11  # bind, connect
_SCOPE_VERSION, _SCOPES = 6, 0b11  # abstract sockets and signals outside the domain


def landlock_version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)), 0)


def take_away_files() -> str:
    """Deny opening any file and, where the kernel can, any TCP; returns "" or why that was not possible.

    What is open already stays usable. The process must have set no-new-privileges before.
    """
    version = landlock_version()
    if version == 0:
        return "this kernel has no Landlock"
    files = max(count for since, count in _FILE_RIGHTS if version >= since)
    attributes = struct.pack(
        "=QQQ",
        (1 << files) - 1,
        _TCP_RIGHTS if version >= _TCP_VERSION else 0,
        _SCOPES if version >= _SCOPE_VERSION else 0,
    )
    size = 24 if version >= _SCOPE_VERSION else 16 if version >= _TCP_VERSION else 8
    libc = ctypes.CDLL(None, use_errno=True)
    ruleset = int(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    if ruleset < 0:
        return f"the kernel refused a Landlock rule set ({os.strerror(ctypes.get_errno())})"
    try:
        if int(libc.syscall(_RESTRICT_SELF, ruleset, 0)) != 0:
            return f"the kernel refused to apply Landlock ({os.strerror(ctypes.get_errno())})"
    finally:
        os.close(ruleset)
    return ""
