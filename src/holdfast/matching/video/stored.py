"""Banks of videos as files: built once on a host, and mapped by every process.

Two index files (`holdfast.matching.segments`) belong together, and name each other by a mark:

    frames   codes, quality, time_ms: of every frame; firsts, ids: of every video (see `shelves`)
    index    a segment over the frames with features enough; its ids are numbers of frames
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.errors import IndexFileError
from holdfast.matching.hamming import HammingIndex
from holdfast.matching.segments import SectionWriter, read_sections
from holdfast.matching.stored import write_segment
from holdfast.matching.video.bank import VideoBank, rows_of
from holdfast.matching.video.evidence import NO_QUALITY
from holdfast.matching.video.shelves import BuiltShelf, Rows

__all__ = ["Video", "open_bank", "write_bank"]

BLOCK_ROWS = 1 << 20  # frames that are filtered at a time
_KINDS = {"codes": "|u1", "quality": "|u1", "time_ms": "<u4", "firsts": "<i8", "ids": "<i8"}

# id, codes uint8 (m, 32), quality (m,), time in seconds (m,)
Video = tuple[int, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]


def write_bank(frames: Path, index: Path, videos: Iterable[Video], count: int, frame_count: int) -> None:
    """Writes ``count`` videos of ``frame_count`` frames in all, by rising ids, read once.

    They go straight into the files: little is held in memory, whatever their number. Each file is whole or
    not there. Raises ValueError where they are more or fewer than was said, or their ids do not rise.
    """
    mark = uuid.uuid4().hex
    writer = SectionWriter(frames)
    try:
        shelf = BuiltShelf(
            Rows(
                writer.section("codes", _KINDS["codes"], (frame_count, 32)),
                writer.section("quality", _KINDS["quality"], (frame_count,)),
                writer.section("time_ms", _KINDS["time_ms"], (frame_count,)),
            ),
            writer.section("firsts", _KINDS["firsts"], (count + 1,)),
            writer.section("ids", _KINDS["ids"], (count,)),
        )
        _fill(shelf, videos)
        writer.commit({"mark": mark})
    finally:
        writer.abandon()
    findable = int(np.count_nonzero(shelf.rows.quality > NO_QUALITY))
    write_segment(index, lambda: _findable(shelf), findable, frame_count, {"mark": mark})


def open_bank(frames: Path, index: Path) -> VideoBank:
    """The bank over two files of `write_bank`, mapped. Raises `IndexFileError` as `HammingIndex.open`."""
    properties, sections = read_sections(frames)
    opened = HammingIndex.open(index)
    shelf = _shelf(sections)
    mark = properties.get("mark")
    if shelf is None or mark is None or opened.properties.get("mark") != mark:
        raise IndexFileError(
            f"{frames} and {index.name} do not hold what they should, or do not belong together. They were "
            "not used. An index is a cache: remove them, and they are built again."
        )
    return VideoBank(shelf, opened)


def _fill(shelf: BuiltShelf, videos: Iterable[Video]) -> None:
    end, last = 0, -1
    number = -1
    for number, (video_id, *frames) in enumerate(videos):
        new = rows_of(*frames)
        start, end = end, end + len(new.quality)
        if number >= len(shelf.ids) or end > shelf.frames or video_id <= last:
            raise ValueError(f"video {video_id} comes after {last}, and is one too many or out of its order")
        shelf.rows.fill(start, new)
        shelf.ids[number], shelf.firsts[number + 1] = video_id, end
        last = video_id
    if number + 1 != len(shelf.ids) or end != shelf.frames:
        raise ValueError(f"{number + 1} videos of {end} frames came; there were to be more")


def _findable(shelf: BuiltShelf) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Codes and numbers of frames with features enough."""
    for start in range(0, shelf.frames, BLOCK_ROWS):
        part = shelf.rows.part(start, min(start + BLOCK_ROWS, shelf.frames))
        rows = np.flatnonzero(part.quality > NO_QUALITY)
        yield part.codes[rows], start + rows


def _shelf(sections: dict[str, npt.NDArray[Any]]) -> BuiltShelf | None:
    """None where the sections do not fit together."""
    if {name: array.dtype.str for name, array in sections.items()} != _KINDS:
        return None
    codes, quality, time_ms, firsts, ids = (sections[name] for name in _KINDS)
    count = len(quality)
    fits = (
        codes.shape == (count, 32)
        and quality.shape == time_ms.shape == (count,)
        and firsts.shape == (len(ids) + 1,)
        and ids.shape == (len(ids),)
        and firsts[0] == 0
        and firsts[-1] == count
        and bool((np.diff(firsts) >= 0).all())
        and bool((np.diff(ids) > 0).all())
    )
    return BuiltShelf(Rows(codes, quality, time_ms), firsts, ids) if fits else None
