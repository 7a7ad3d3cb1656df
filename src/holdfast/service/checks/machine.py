"""Python, kernels, decode workers, core dumps: the same for every home of this machine."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Iterator

from holdfast.service.checks.finding import Finding, State
from holdfast.settings import MediaSettings

__all__ = ["core_dumps", "kernels", "python", "workers"]


def python() -> Iterator[Finding]:
    """Which Holdfast on which Python and machine."""
    from holdfast import __version__

    where = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Finding("holdfast", "ok", f"{__version__} on Python {platform.python_version()}, {where}")
    if sys.platform != "linux":
        yield Finding("platform", "warning", "decode workers are fully shut in only on Linux")


def kernels() -> Iterator[Finding]:
    """Whether compiled code is kept, and gives the same answers as the plain search."""
    import numpy as np

    from holdfast._numba import cache_directory
    from holdfast.hashing.pdq import pdq
    from holdfast.matching import oracle
    from holdfast.matching.hamming import HammingIndex

    folder = cache_directory()
    if folder is None:
        yield Finding("kernel cache", "warning", "no writable folder: set HOLDFAST_CACHE_DIR to start faster")
    else:
        yield Finding("kernel cache", "ok", str(folder))
    random = np.random.default_rng(1)
    codes = random.integers(0, 256, (2000, 32), dtype=np.uint8)
    mine = HammingIndex.from_codes(codes).range_search(codes[:5], 31)
    plain = oracle.range_search(codes, np.arange(2000), codes[:5], 31)
    right = all(np.array_equal(one, other) for one, other in zip(mine, plain, strict=True))
    pdq(random.integers(0, 256, (128, 128), dtype=np.uint8))
    state: State = "ok" if right else "problem"
    yield Finding(
        "kernels", state, "compiled, and the same answers as the plain search" if right else "WRONG ANSWERS"
    )


def workers(settings: MediaSettings) -> Iterator[Finding]:
    """Whether decode workers start, and what shuts them in."""
    from holdfast.media.pool import DecodePool

    with DecodePool(settings.image_limits(), workers=1) as pool:
        status = pool.sandbox_status()
    held = [
        f"Landlock {status.landlock}" if status.landlock else "",
        "seccomp" if status.seccomp else "",
        "no new privileges" if status.no_new_privileges else "",
        "resource limits" if status.resource_limits else "",
    ]
    yield Finding("decode workers", "ok", "shut in by " + ", ".join(filter(None, held)))
    for line in status.missing:
        yield Finding("decode workers", "warning", line)


def core_dumps() -> Iterator[Finding]:
    """The service switches them off for itself; other commands leave the shell's limit as it is."""
    if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
        yield Finding(
            "core dumps",
            "warning",
            "on in this shell: a crashed command could write hash lists to disk (ulimit -c 0); "
            "`holdfast serve` and `worker` switch them off for themselves",
        )
