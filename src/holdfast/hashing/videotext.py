"""vPDQ hashes as text, in the forms that ThreatExchange's tools write and read.

    frame,quality,hash,timestamp           the C++ programs: a line a frame, time with three decimals
    ["hash,quality,timestamp", ...]        the Python extension and HMA: a JSON list of text
    {"frame": {"hash", "quality", "timestamp"}, ...}    the same, before 2023: read, not written

What these tools wrote comes back byte for byte. The JSON form there keeps three digits of a time,
so that 1234 s becomes 1.23e+03; here a time that would change gets its three decimals instead,
which their reader takes as well. Source: vpdq/cpp/vpdq/cpp/io/vpdqio.cpp and
python-threatexchange/threatexchange/extensions/vpdq/vpdq_util.py of facebook/ThreatExchange.
"""

from __future__ import annotations

import json
import math
import re

import numpy as np

from holdfast.errors import BadEntryError
from holdfast.hashing.code import CODE_BYTES
from holdfast.hashing.video import VideoHash

__all__ = ["MAX_FRAMES", "from_json", "from_text", "to_json", "to_text"]

MAX_FRAMES = 1_000_000  # of one video: eleven days at one a second

_HASH = re.compile(r"[0-9A-Fa-f]{64}")
_WHOLE = re.compile(r"[0-9]{1,15}")
_TIME = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,2})?")

_Fields = tuple[int, int, bytes, float]  # frame, quality, code, time


def to_text(video: VideoHash) -> str:
    """Lines ``frame,quality,hash,timestamp``, each with its end."""
    return "".join(
        f"{frame},{quality},{code.tobytes().hex()},{time_s:.3f}\n"
        for frame, quality, code, time_s in zip(
            video.frame, video.quality, video.codes, video.time_s, strict=True
        )
    )


def from_text(text: str) -> VideoHash:
    """The hash that `to_text` or the C++ programs wrote.

    Raises `BadEntryError` for anything else, naming the line; its message repeats no value.
    """
    lines = text.split("\n", MAX_FRAMES + 1)
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise BadEntryError("not a vPDQ hash: there is no line in it; nothing was read")
    fields = []
    for number, line in enumerate(lines, 1):
        parts = line.removesuffix("\r").split(",")
        if len(parts) != 4:
            raise _bad(f"line {number}", f"{len(parts)} fields where frame,quality,hash,timestamp are needed")
        frame, quality, value, time_s = parts
        fields.append((_whole(frame, f"line {number}"), *_parsed(value, quality, time_s, f"line {number}")))
    return _video(fields)


def to_json(video: VideoHash) -> str:
    """A JSON list of ``"hash,quality,timestamp"``."""
    return json.dumps(
        [
            f"{code.tobytes().hex()},{quality},{_short_time(float(time_s))}"
            for code, quality, time_s in zip(video.codes, video.quality, video.time_s, strict=True)
        ]
    )


def from_json(text: str) -> VideoHash:
    """The hash that `to_json` or the Python extension wrote. Frames of a list are numbered as they come.

    Raises `BadEntryError` for anything else, naming the item; its message repeats no value.
    """
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, (list, dict)) or not items:
        raise BadEntryError("not a vPDQ hash: a JSON list of text with one frame or more is needed")
    if isinstance(items, dict):
        return _video([_object_fields(*item, f"item {n}") for n, item in enumerate(items.items(), 1)])
    fields = []
    for number, item in enumerate(items):
        place = f"item {number + 1}"
        parts = item.split(",") if isinstance(item, str) else []
        if len(parts) != 3:
            raise _bad(place, "no text hash,quality,timestamp")
        value, quality, time_s = parts
        fields.append((number, *_parsed(value, quality, time_s, place)))
    return _video(fields)


def _object_fields(frame: str, item: object, place: str) -> _Fields:
    """Of the older form. Raises `BadEntryError`."""
    if isinstance(item, dict):
        value, quality, time_s = (item.get(name) for name in ("hash", "quality", "timestamp"))
        if isinstance(value, str) and isinstance(quality, int) and isinstance(time_s, (int, float)):
            return (_whole(frame, place), *_parsed(value, str(quality), str(time_s), place))
    raise _bad(place, "no hash, quality and timestamp")


def _parsed(value: str, quality: str, time_s: str, place: str) -> tuple[int, bytes, float]:
    """Quality, code and time. Raises `BadEntryError`."""
    if not _HASH.fullmatch(value):
        raise _bad(place, f"{len(value)} characters where 64 hexadecimal digits are needed")
    score = _whole(quality, place)
    if score > 100:
        raise _bad(place, "a quality over 100")
    if not _TIME.fullmatch(time_s) or not math.isfinite(float(time_s)):
        raise _bad(place, "a time that is not a number of seconds from 0")
    return score, bytes.fromhex(value), float(time_s)


def _whole(text: str, place: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise _bad(place, "a frame or quality that is not a whole number from 0")
    return int(text)


def _bad(place: str, problem: str) -> BadEntryError:
    return BadEntryError(f"not a vPDQ hash: {place} has {problem}; nothing was read")


def _video(fields: list[_Fields]) -> VideoHash:
    if len(fields) > MAX_FRAMES:
        raise BadEntryError(f"a vPDQ hash of over {MAX_FRAMES:,} frames; nothing was read")
    frame, quality, code, time_s = zip(*fields, strict=True)
    return VideoHash(
        np.array(frame, np.int64),
        np.array(time_s, np.float64),
        np.array(quality, np.int32),
        np.frombuffer(b"".join(code), np.uint8).reshape(-1, CODE_BYTES),
    )


def _short_time(time_s: float) -> str:
    """Three digits, as the Python extension writes, where they tell the time to the millisecond."""
    short = f"{time_s:.3}"
    return short if float(short) == round(time_s, 3) else f"{time_s:.3f}"
