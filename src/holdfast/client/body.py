"""What is sent as a request's body: bytes, a file by path, or an open file, streamed."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

__all__ = ["Body", "Source"]

Source = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO
OCTETS = "application/octet-stream"
PIECE_BYTES = 256 * 1024


class Body:
    """Content that can be read more than once, where its source allows it.

    ``source`` is content (bytes), a path (text or path-like), or an open binary file, which is read from
    where it stands and stays the caller's to close. ``size_bytes`` is None where it cannot be known
    beforehand. Raises OSError for a path that cannot be opened, TypeError for anything else.
    """

    def __init__(self, source: Source, media_type: str = OCTETS) -> None:
        self.media_type = media_type
        self.size_bytes: int | None = None
        self.can_repeat = True
        self.is_in_memory = isinstance(source, bytes | bytearray | memoryview)
        self._path: Path | None = None
        self._start = 0
        if isinstance(source, str | os.PathLike):
            self._path = Path(source)
        elif isinstance(source, bytes | bytearray | memoryview):
            self._file: BinaryIO = io.BytesIO(source)
        elif hasattr(source, "read"):
            self._file = source
        else:
            raise TypeError(f"content is bytes, a path or an open binary file, not {type(source).__name__}")
        self._measure()

    def _measure(self) -> None:
        """Notes size and start. A file that cannot seek, such as a pipe, is sent once, in chunks."""
        with self._opened() as file:
            if not isinstance(file.read(0), bytes):
                raise TypeError("the open file gives text, not bytes. Open it in binary mode ('rb').")
            try:
                self._start = file.tell()
                self.size_bytes = file.seek(0, io.SEEK_END) - self._start
                file.seek(self._start)
            except (OSError, AttributeError):
                self.can_repeat = False

    def pieces(self) -> Iterator[bytes]:
        """The content from its start, in pieces."""
        with self._opened() as file:
            if self.can_repeat:
                file.seek(self._start)
            while piece := file.read(PIECE_BYTES):
                yield piece

    def _opened(self) -> nullcontext[BinaryIO] | BinaryIO:
        return nullcontext(self._file) if self._path is None else self._path.open("rb")
