"""vPDQ hashes of videos, as ThreatExchange's tools write them.

    frame,quality,hash,timestamp               the C++ program: a line a frame, the whole list is one video
    ["hash,quality,timestamp", ...]            the Python extension and HMA: one video a line
    {"frame": {"hash", "quality", ...}, ...}   the same, before 2023

Written is the second form, which HMA takes as it is. It numbers no frames: `csv` and `jsonl` keep all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from holdfast.banks.formats.row import BadLine, Format, Line, Options, Row, make_row
from holdfast.banks.models import VPDQ
from holdfast.errors import BadEntryError

__all__ = ["FORMAT", "recognises"]

_FRAME_LINE = re.compile(r"\d{1,15},\d{1,3},[0-9A-Fa-f]{64},[0-9.e+-]{1,24}$")
_ITEM = re.compile(r'\[\s*"[0-9A-Fa-f]{64},')


def recognises(line: str) -> bool:
    return _FRAME_LINE.match(line) is not None or _ITEM.match(line) is not None


def read(lines: Iterable[Line | BadLine], options: Options) -> Iterator[Row | BadLine]:
    """A row for each video. A list with a line that is no frame gives none: a video with gaps is another."""
    frames: list[str] = []
    first = 0
    for item in lines:
        if isinstance(item, BadLine):
            yield item
            continue
        number, text = item
        text = text.strip()
        if not frames and text.startswith(("[", "{")):
            yield _row(number, text, options)
            continue
        if not _FRAME_LINE.match(text):
            yield BadLine(number, "not a frame of a vPDQ hash; the video was left out")
            return
        first = first or number
        frames.append(text)
    if frames:
        yield _row(first, "\n".join(frames) + "\n", options)


def write(rows: Iterable[Row]) -> Iterator[str]:
    """One video a line."""
    from holdfast.hashing.videoblob import unpack
    from holdfast.hashing.videotext import to_json

    for row in rows:
        yield to_json(unpack(row.value))


def _row(number: int, text: str, options: Options) -> Row | BadLine:
    try:
        return make_row(number, {"algorithm": VPDQ, "value": text, "medium": "video"}, options)
    except BadEntryError as error:
        return BadLine(number, str(error))


FORMAT = Format("vpdq", read, write, keeps_all=False, only=VPDQ, max_line_bytes=16 * 1024**2)
