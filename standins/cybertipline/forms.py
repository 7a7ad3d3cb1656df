"""Bodies of forms, read as they come. Content is digested and thrown away: it is never kept or written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from python_multipart.multipart import MultipartParser, parse_options_header

__all__ = ["Form", "Part", "read_form"]

MAX_FIELD_BYTES = 1000
PIECE_BYTES = 256 * 1024


@dataclass
class Part:
    """A file that came: its name, digests and size."""

    name: str
    md5: str
    sha256: str
    size_bytes: int


@dataclass
class Form:
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, Part] = field(default_factory=dict)


def read_form(read: Callable[[int], bytes], size_bytes: int, content_type: str) -> Form:
    """The form of a body of ``size_bytes``. Raises ValueError for anything that is none."""
    kind, options = parse_options_header(content_type)
    if kind == b"application/x-www-form-urlencoded":
        pairs = parse_qs(read(min(size_bytes, 10_000)).decode("ascii"))
        return Form({name: values[0] for name, values in pairs.items()})
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise ValueError("the body is no form")
    reading = _Reading()
    parser = MultipartParser(boundary, reading.callbacks())  # type: ignore[arg-type]
    left = size_bytes
    while left:
        piece = read(min(left, PIECE_BYTES))
        if not piece:
            raise ValueError("the body is cut short")
        parser.write(piece)
        left -= len(piece)
    parser.finalize()
    if not reading.is_whole:
        raise ValueError("the form is cut short")
    return reading.form


class _Reading:
    def __init__(self) -> None:
        self.form = Form()
        self.is_whole = False
        self._header = [b"", b""]
        self._headers: dict[str, bytes] = {}
        self._begin()

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._add(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add(1, data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._digests = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        self._size = 0
        self._small = b""

    def _add(self, which: int, data: bytes) -> None:
        self._header[which] += data

    def _end_header(self) -> None:
        self._headers[self._header[0].decode("ascii", "replace").lower()] = self._header[1]
        self._header = [b"", b""]

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        for digest in self._digests:
            digest.update(piece)
        self._size += len(piece)
        self._small = (self._small + piece)[:MAX_FIELD_BYTES]

    def _end(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            filename = options[b"filename"].decode("utf-8", "replace")
            md5, sha256 = (digest.hexdigest() for digest in self._digests)
            self.form.files[name] = Part(filename, md5, sha256, self._size)
        else:
            self.form.fields[name] = self._small.decode("utf-8", "replace").strip()

    def _whole(self) -> None:
        self.is_whole = True
