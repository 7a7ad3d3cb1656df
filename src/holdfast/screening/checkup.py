"""What `holdfast doctor` looks at, one small check each. A check that fails says what to do."""

from __future__ import annotations

import os
import platform
import resource
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from holdfast.errors import HoldfastError

__all__ = ["Finding", "checkup"]

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    detail: str


def checkup(home: Path, *, full: bool) -> list[Finding]:
    """Runs all checks on a home. ``full`` reads all of every index file. Never raises HoldfastError."""
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", _python),
        ("kernels", _kernels),
        ("decode workers", lambda: _workers(home)),
        ("home", lambda: _home(home)),
        ("records", lambda: _records(home)),
        ("index", lambda: _index(home, full)),
    ]
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings.extend(check())
        except HoldfastError as error:
            findings.append(Finding(name, "problem", str(error)))
    return findings


def _python() -> Iterator[Finding]:
    from holdfast import __version__

    where = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Finding("holdfast", "ok", f"{__version__} on Python {platform.python_version()}, {where}")
    if sys.platform != "linux":
        yield Finding("platform", "warning", "decode workers are fully shut in only on Linux")


def _kernels() -> Iterator[Finding]:
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


def _workers(home: Path) -> Iterator[Finding]:
    from holdfast.media.pool import DecodePool
    from holdfast.settings import load_settings

    settings = load_settings(home).media
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


def _home(home: Path) -> Iterator[Finding]:
    if not home.exists():
        yield Finding("home", "ok", f"{home} does not exist yet; the first command that needs it makes it")
        return
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        yield Finding("home", "problem", f"{home} is open to other users (mode {mode:o}): chmod 700 {home}")
    else:
        yield Finding("home", "ok", f"{home}, mode {mode:o}")
    free = os.statvfs(home)
    free_bytes = free.f_bavail * free.f_frsize
    if free_bytes < 1_000_000_000:
        yield Finding("disk", "warning", f"only {free_bytes / 1e6:,.0f} MB free where the home lies")
    if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
        yield Finding("core dumps", "warning", "on: a crash could write hash lists to disk (ulimit -c 0)")


def _records(home: Path) -> Iterator[Finding]:
    if not home.exists():
        return
    from holdfast.banks.service import bank_counts, list_banks
    from holdfast.records.home import Home
    from holdfast.settings import load_settings

    settings = load_settings(home)
    with Home(home, database_url=settings.database_url).database() as database, database.read() as connection:
        banks = list_banks(connection)
        total = sum(bank_counts(connection, bank.id).active for bank in banks)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    yield Finding("records", "ok", f"{kind}, {len(banks)} banks, {total:,} active hashes")
    if not banks:
        yield Finding("banks", "warning", "none yet: `holdfast bank create NAME`, then `holdfast bank add`")


def _index(home: Path, full: bool) -> Iterator[Finding]:
    path = home / "index" / "pdq" / "index.hfx"
    if not path.exists():
        return
    from holdfast.matching.hamming import HammingIndex

    index = HammingIndex.open(path)
    if full:
        index.verify()
    checked = "all checksums hold" if full else "header holds; --full reads all of it"
    yield Finding("index", "ok", f"{len(index):,} hashes, {path.stat().st_size / 1e6:,.1f} MB, {checked}")
