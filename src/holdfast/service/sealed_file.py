"""A text file that is encrypted while it is written: no plain byte of it touches a disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from holdfast.vault.files import replace_file
from holdfast.vault.sealing import Passphrase, Recipient, encrypt_stream

__all__ = ["sealed_text"]

READ_BYTES = 64 * 1024


@contextmanager
def sealed_text(path: Path, lock: Passphrase | Recipient) -> Iterator[TextIO]:
    """A stream to write text to. ``path`` is in place, mode 0600, when the block ends without an error.

    After an error nothing is there, or what was there before. Raises OSError when it cannot be written.
    """
    read_end, write_end = os.pipe()
    is_whole = threading.Event()

    def pieces(source: BinaryIO) -> Iterator[bytes]:
        while piece := source.read(READ_BYTES):
            yield piece
        if not is_whole.is_set():
            raise _CutShortError

    def seal() -> None:
        with os.fdopen(read_end, "rb") as source:  # closed whatever happens: else the writer would wait
            replace_file(path, encrypt_stream(pieces(source), lock))

    with ThreadPoolExecutor(1, "sealing") as threads:
        sealing = threads.submit(seal)
        try:
            with os.fdopen(write_end, "w", encoding="utf-8") as stream:
                yield stream
                stream.flush()
                is_whole.set()
        except BrokenPipeError:  # the other side failed first: its error is the one to tell
            sealing.result()
            raise
        sealing.result()


class _CutShortError(Exception):
    """Ends the writing of a file that did not get all of its text."""
