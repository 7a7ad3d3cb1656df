"""Numba's `njit` as Holdfast uses it: without the GIL, and compiled once for each machine.

Numba caches beside the source file or in a directory of its own choosing and raises where neither
can be written (a read-only container, a decode worker without a file system). Here the directory is
chosen once:

1. ``NUMBA_CACHE_DIR`` where it is set and can be written,
2. ``HOLDFAST_CACHE_DIR/numba``,
3. ``$XDG_CACHE_HOME/holdfast/numba`` (by default ``~/.cache/holdfast/numba``),
4. ``holdfast-numba-<uid>`` in the directory for temporary files,
5. otherwise none: kernels are compiled again in every process, and everything still works.

Cache files are loaded by unpickling, so 2 to 4 are used only when the directory belongs to us and
nobody else may write in it. Reasons and measurements: docs/decisions/0004-numba-kernels.md.
"""

from __future__ import annotations

import functools
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, overload

import numba

__all__ = ["cache_directory", "njit"]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


@overload
def njit(function: Kernel, /) -> Kernel: ...
@overload
def njit(signatures: str | list[str] | None = None, /, **options: Any) -> Callable[[Kernel], Kernel]: ...
def njit(function: Any = None, /, **options: Any) -> Any:
    """Numba's decorator with ``nogil=True`` and the cache on; any option can be given.

    Use it bare, with options, or with signatures as the first argument. A cached kernel is compiled
    again when its own file changes but not when another file does, so a kernel may only call
    kernels of its own file.
    """
    directory = cache_directory()
    settings = {"nogil": True, "cache": directory is not None} | options
    if directory is None:
        settings["cache"] = False

    def decorate(kernel: Kernel, signatures: Any = None) -> Kernel:
        with _numba_caches_in(directory):
            compiled: Kernel = numba.njit(signatures, **settings)(kernel)
        return compiled

    if callable(function) and hasattr(function, "__code__"):
        return decorate(function)
    return lambda kernel: decorate(kernel, function)


@functools.cache
def cache_directory() -> Path | None:
    """Directory for compiled kernels, made if need be; None where there is no safe writable one."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen and _is_writable(Path(chosen)):
        return Path(chosen)
    return next((path for path in _own_candidates() if _is_writable(path) and _is_private(path)), None)


def _own_candidates() -> list[Path]:
    paths = []
    if own := os.environ.get("HOLDFAST_CACHE_DIR"):
        paths.append(Path(own) / "numba")
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        paths.append(Path(xdg) / "holdfast" / "numba")
    with suppress(RuntimeError):  # no HOME and no entry in the password file
        paths.append(Path.home() / ".cache" / "holdfast" / "numba")
    with suppress(OSError):  # no usable directory for temporary files
        paths.append(Path(tempfile.gettempdir()) / f"holdfast-numba-{os.getuid()}")
    return paths


def _is_writable(path: Path) -> bool:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError:
        return False
    return True


def _is_private(path: Path) -> bool:
    """Whether the directory is ours and closed to other writers (it is not a link into somewhere else)."""
    status = path.lstat()
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not others_write


@contextmanager
def _numba_caches_in(directory: Path | None) -> Iterator[None]:
    """Points Numba at our directory while one kernel is declared, and not one moment longer.

    Numba picks a kernel's cache file when the decorator runs. Other users of Numba in this process
    keep their own setting.
    """
    config: Any = numba.config
    before = config.CACHE_DIR
    if directory is not None:
        config.CACHE_DIR = str(directory)
    try:
        yield
    finally:
        config.CACHE_DIR = before
