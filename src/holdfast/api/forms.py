"""Multipart forms in memory. The usual parsers put files above a megabyte on disk, in plain: never here."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from holdfast.api.problems import Problem

__all__ = ["Part", "parse_form"]

MAX_PARTS = 32
MAX_HEADER_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. ``filename`` is None for a plain field."""

    name: str
    filename: str | None
    data: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The field as text; undecodable bytes become signs of their own."""
        return self.data.decode("utf-8", "replace")


class _Reader:
    """Collects what the parser finds, part by part."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._header_bytes = 0
        self._pieces: list[bytes] = []

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MAX_PARTS:
            raise _bad(f"The form has more than {MAX_PARTS} parts")
        self._headers, self._header_bytes = {}, 0
        self._name = self._value = b""
        self._pieces = []

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += self._counted(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data[start:end])

    def _counted(self, piece: bytes) -> bytes:
        self._header_bytes += len(piece)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise _bad("A part of the form has headers that are too long")
        return piece

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def _end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        filename = options.get(b"filename")
        self.parts.append(
            Part(
                options.get(b"name", b"").decode("utf-8", "replace"),
                None if filename is None else filename.decode("utf-8", "replace"),
                self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces),
            )
        )


def parse_form(body: bytes, content_type: str) -> list[Part]:
    """The parts of a multipart/form-data body. Raises `Problem` 415 or 400."""
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem(
            415,
            "http",
            "The body has another type",
            "This route takes multipart/form-data. Nothing was checked.",
        )
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]  # a TypedDict there
        parser.write(body)
        parser.finalize()
    except MultipartParseError:
        raise _bad("The form cannot be read") from None
    return reader.parts


def _bad(what: str) -> Problem:
    return Problem(400, "http", "The form cannot be read", f"{what}. Nothing was checked.")
