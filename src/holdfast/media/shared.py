"""Memory shared between the service and a decode worker: files in in, pixels out.

The service never maps it and never trusts its size: it copies with reads and writes that cannot
fault, and the memory is sealed against shrinking. Where the system has no memory files, an unlinked
temporary file takes their place.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import stat
import sys
import tempfile
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from holdfast.errors import UsageError
from holdfast.media.types import UInt8Array

__all__ = ["FileSource", "Output", "SharedBuffer", "map_input", "read_array", "size_of"]

_PROT_READ, _PROT_WRITE, _MAP_SHARED = 1, 2, 1
_STEP_BYTES = 1024 * 1024  # files grow in steps, not for every picture
_ALIGNMENT_BYTES = 64
_DTYPES: dict[str, np.dtype[Any]] = {
    "u1": np.dtype(np.uint8),
    "i2": np.dtype(np.int16),
    "f4": np.dtype(np.float32),
    "f8": np.dtype(np.float64),
}
_MOST_DIMENSIONS = 3


class SharedBuffer:
    """The service's side: owns one descriptor."""

    def __init__(self, name: str) -> None:
        self._size = 0
        if sys.platform.startswith("linux"):
            self.descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        else:
            with tempfile.TemporaryFile(prefix=name) as file:
                self.descriptor = os.dup(file.fileno())

    def write(self, data: bytes | memoryview) -> None:
        """Put ``data`` at the start, growing as needed."""
        if len(data) > self._size:
            self._size = _round_up(len(data), _STEP_BYTES)
            os.ftruncate(self.descriptor, self._size)
        view, offset = memoryview(data), 0
        while offset < len(view):
            offset += os.pwrite(self.descriptor, view[offset:], offset)

    def size(self) -> int:
        """Size now, in bytes; the worker may have grown it."""
        return os.fstat(self.descriptor).st_size

    def close(self) -> None:
        os.close(self.descriptor)


class FileSource:
    """An open regular file as the input of one worker, which maps it: nothing is copied, however large it is.

    Owns a descriptor of its own. The worker can read the file and no other; it ends if the file shrinks.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Raises `UsageError` for what is not a regular file opened for reading alone."""
        self._size = size_of(file)
        self.descriptor = os.dup(file.fileno())

    def size(self) -> int:
        """Size in bytes when it was handed over."""
        return self._size

    def close(self) -> None:
        os.close(self.descriptor)


def size_of(file: BinaryIO) -> int:
    """Bytes of a regular file that is open for reading alone. Raises `UsageError` for anything else."""
    descriptor = file.fileno()
    mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    if not stat.S_ISREG(os.fstat(descriptor).st_mode) or mode != os.O_RDONLY:
        raise UsageError(
            "A video is read from bytes, or from a regular file that is open for reading alone. "
            "Nothing was decoded."
        )
    return os.fstat(descriptor).st_size


def read_array(buffer: SharedBuffer, place: object, most_bytes: int) -> npt.NDArray[Any]:
    """A copy of the array that a worker says it put at ``place``: [offset, dtype, shape].

    Raises ValueError for a place that is not within the buffer or holds over ``most_bytes``.
    """
    offset, dtype, shape = _place(place)
    size = dtype.itemsize
    for side in shape:
        if not 1 <= side <= most_bytes:
            raise ValueError("a worker's array has an impossible shape")
        size *= side
    if offset < 0 or size > most_bytes or offset + size > buffer.size():
        raise ValueError("a worker's array lies outside its memory")
    array: npt.NDArray[Any] = np.empty(shape, dtype)
    target = array.reshape(-1).view(np.uint8).data
    done = 0
    while done < size:
        count = os.preadv(buffer.descriptor, [target[done:]], offset + done)
        if count == 0:
            raise ValueError("a worker's array ends early")
        done += count
    return array


def _place(place: object) -> tuple[int, np.dtype[Any], list[int]]:
    if not isinstance(place, list) or len(place) != 3 or not isinstance(place[2], list):
        raise ValueError("a worker's array is not described properly")
    offset, code, shape = place
    whole = all(type(number) is int for number in (offset, *shape))
    if (
        not whole
        or not isinstance(code, str)
        or code not in _DTYPES
        or not 1 <= len(shape) <= _MOST_DIMENSIONS
    ):
        raise ValueError("a worker's array is not described properly")
    return offset, _DTYPES[code], shape


def map_input(descriptor: int, most_bytes: int) -> memoryview:
    """The worker's side of the input: read-only memory of ``most_bytes``, of which each request uses a part.

    Mapped once, before the sandbox closes, and beyond the end of the file: only the part that the
    service has written may be touched.
    """
    return memoryview(_map(descriptor, most_bytes, _PROT_READ)).cast("B").toreadonly()


class Output:
    """The worker's side of the output: arrays, one after the other, from the start for each request."""

    def __init__(self, descriptor: int, most_bytes: int) -> None:
        self._descriptor, self._most = descriptor, most_bytes
        self._memory: UInt8Array = np.frombuffer(
            _map(descriptor, most_bytes, _PROT_READ | _PROT_WRITE), np.uint8
        )
        self._size = self._used = 0
        self.places: list[list[Any]] = []

    def restart(self) -> None:
        self._used = 0
        self.places = []

    def empty(self, height: int, width: int) -> UInt8Array:
        """An array of the output itself to decode into, uint8 (height, width); to be handed to `add` then.

        Raises MemoryError beyond the limit.
        """
        return self._take(height * width).reshape(height, width)

    def add(self, array: npt.NDArray[Any]) -> int:
        """Hand ``array`` over, copied unless it is from `empty`; returns its number in the answer.

        Raises MemoryError beyond the limit.
        """
        code = next(name for name, dtype in _DTYPES.items() if dtype == array.dtype)
        offset = array.ctypes.data - self._memory.ctypes.data
        if not 0 <= offset < self._used:
            offset = self._used
            np.copyto(self._take(array.nbytes).view(array.dtype).reshape(array.shape), array)
        self.places.append([offset, code, list(array.shape)])
        return len(self.places) - 1

    def _take(self, size: int) -> UInt8Array:
        offset, end = self._used, self._used + size
        if end > self._most:
            raise MemoryError("the decoded content is larger than a worker may hand over")
        if end > self._size:
            self._size = min(_round_up(end, _STEP_BYTES), self._most)
            os.ftruncate(self._descriptor, self._size)
        self._used = _round_up(end, _ALIGNMENT_BYTES)
        return self._memory[offset:end]


def _map(descriptor: int, size: int, protection: int) -> Any:
    """Shared memory as a ctypes array; plain `mmap` would refuse a size beyond the end of the file."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    )  # fmt: skip
    address = libc.mmap(None, size, protection, _MAP_SHARED, descriptor, 0)
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "the shared memory of a decode worker could not be mapped")
    return (ctypes.c_ubyte * size).from_address(address)


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step
