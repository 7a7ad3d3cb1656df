"""Index files: sections of plain numbers behind a header, made to be memory-mapped.

    bytes 0..7     magic b"HOLDFIDX"
    bytes 8..11    format version, uint32
    bytes 12..15   length of the header text in bytes, uint32
    bytes 16..19   CRC-32 of the header text, uint32
    from byte 20   header text: JSON, the segment's properties and a table of sections
    then           the sections, each at the start of a page, little-endian

The header's checksum is verified on opening, the sections' (CRC-32 each) by `verify_file`: reading a gigabyte
to open it would cost a second. A file is written under another name, synchronised, then renamed: it
is whole or it is not there.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import struct
import uuid
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from holdfast.errors import IndexFileError

__all__ = ["SectionWriter", "read_sections", "verify_file"]

MAGIC = b"HOLDFIDX"
VERSION = 1
_PREAMBLE = struct.Struct("<8sIII")
_HEADER_ROOM = 16 * 1024
_CHECK_BYTES = 1 << 24
_PARTIAL = ".partial"
_KINDS = {kind: kind for kind in ("<u8", "<u4", "<u2", "|u1", "<i8")}

Sections = dict[str, npt.NDArray[Any]]


class SectionWriter:
    """Writes one index file. Sections are mapped, so that they can be filled in any order and exceed memory.

    Use: `section` for each array, fill them, then `commit`; or `abandon`. Until the commit the file
    does not exist under its name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _clear_partial(path)
        self._partial, self._file = _open_partial(path)
        self._sections: dict[str, tuple[npt.NDArray[Any], dict[str, Any]]] = {}
        self._end = _HEADER_ROOM
        self._maps: list[mmap.mmap] = []

    def section(self, name: str, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """A new section, zeros until it is filled."""
        start = -(-self._end // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self._end = start + size
        self._file.truncate(self._end)
        array: npt.NDArray[Any]
        if size:
            mapped = mmap.mmap(self._file.fileno(), size, offset=start)
            self._maps.append(mapped)
            array = np.frombuffer(mapped, dtype).reshape(shape)
        else:
            array = np.zeros(shape, dtype)
        facts = {"dtype": _KINDS[dtype], "shape": list(shape), "offset": start}
        self._sections[name] = (array, facts)
        return array

    def commit(self, properties: Mapping[str, Any]) -> None:
        """Writes the header, synchronises file and folder, and gives the file its name."""
        table = {
            name: {**facts, "crc32": _checksum(array)} for name, (array, facts) in self._sections.items()
        }
        text = json.dumps({"properties": dict(properties), "sections": table}).encode()
        if _PREAMBLE.size + len(text) > _HEADER_ROOM:
            raise IndexFileError(f"{self._path}: the header is too long. Nothing was written.")
        for mapped in self._maps:
            mapped.flush()
        self._file.seek(0)
        self._file.write(_PREAMBLE.pack(MAGIC, VERSION, len(text), zlib.crc32(text)) + text)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def abandon(self) -> None:
        """Gives up; the unfinished file is removed. Harmless after `commit`."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def _open_partial(path: Path) -> tuple[Path, BinaryIO]:
    """A new file beside ``path``, locked: while the lock is held, nobody clears it away."""
    while True:
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}{_PARTIAL}")
        file = partial.open("x+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return partial, file
        file.close()  # cleared away before it was locked


def _clear_partial(path: Path) -> None:
    """Removes what writers of this file left behind that were killed: their locks are gone."""
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.name.endswith(_PARTIAL):
            with suppress(OSError), left.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()


def _checksum(array: npt.NDArray[Any]) -> int:
    """CRC-32 of an array's bytes, in pieces so that a mapped file need not be in memory at once."""
    view = array.data.cast("B") if array.size else memoryview(b"")
    value = 0
    for start in range(0, len(view), _CHECK_BYTES):
        value = zlib.crc32(view[start : start + _CHECK_BYTES], value)
    return value


def _damaged(path: Path, what: str) -> IndexFileError:
    return IndexFileError(
        f"{path}: {what}. It was not used. An index is a cache: remove it, and it is built again."
    )


def read_sections(path: Path) -> tuple[dict[str, Any], Sections]:
    """The properties and the sections (memory-mapped, read-only) of an index file.

    Raises `IndexFileError` for a file that is missing, foreign, cut short, of another version, or
    whose header is damaged.
    """
    header = _read_header(path)
    size = path.stat().st_size
    sections: Sections = {}
    try:
        for name, facts in header["sections"].items():
            dtype, shape = np.dtype(_KINDS[facts["dtype"]]), tuple(int(n) for n in facts["shape"])
            length = int(np.prod(shape)) * dtype.itemsize
            if facts["offset"] < 0 or min(shape) < 0 or facts["offset"] + length > size:
                raise _damaged(path, f"its section {name} reaches past its end: it was cut short")
            if length == 0:
                sections[name] = np.zeros(shape, dtype)
            else:
                sections[name] = np.memmap(path, dtype, "r", facts["offset"], shape).view(np.ndarray)
        properties: dict[str, Any] = header["properties"]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, "its header does not say what it should") from error
    return properties, sections


def _read_header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER_ROOM)
    except OSError as error:
        raise IndexFileError(f"{path}: cannot be opened: {error.strerror}. Nothing was read.") from error
    if len(start) < _PREAMBLE.size or start[:8] != MAGIC:
        raise _damaged(path, "this is no Holdfast index")
    _, version, length, checksum = _PREAMBLE.unpack_from(start)
    if version != VERSION:
        raise _damaged(path, f"it has format version {version}, and this Holdfast reads {VERSION}")
    text = start[_PREAMBLE.size : _PREAMBLE.size + length]
    if len(text) != length or zlib.crc32(text) != checksum:
        raise _damaged(path, "its header is damaged")
    header: dict[str, Any] = json.loads(text)
    return header


def verify_file(path: Path) -> None:
    """Reads all of an index file. Raises `IndexFileError` where a checksum does not hold."""
    _, sections = read_sections(path)
    for name, facts in _read_header(path)["sections"].items():
        if _checksum(sections[name]) != facts["crc32"]:
            raise _damaged(path, f"its section {name} is damaged")
