"""Lines of text from a file of any size and content, in flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from holdfast.banks.formats.row import BadLine, Line

__all__ = ["read_lines"]

MAX_LINE_BYTES = 64 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_lines(stream: BinaryIO, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line | BadLine]:
    """The lines of ``stream`` with their numbers from 1; empty ones are left out.

    A line that is not UTF-8 or longer than ``max_line_bytes`` is a bad line; the next one goes on.
    """
    number = 0
    while raw := stream.readline(max_line_bytes + 1):
        number += 1
        if number == 1:
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        if len(raw) > max_line_bytes and not raw.endswith(b"\n"):
            _skip_rest(stream)
            yield BadLine(number, f"longer than {max_line_bytes} bytes")
            continue
        try:
            text = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            yield BadLine(number, "not text in UTF-8")
            continue
        if text and not text.isspace():
            yield number, text


def _skip_rest(stream: BinaryIO) -> None:
    while (more := stream.readline(MAX_LINE_BYTES)) and not more.endswith(b"\n"):
        pass
