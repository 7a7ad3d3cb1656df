"""The listed videos of a generation: two files, written by whoever builds it, and mapped by every process.

    index/frames-<id>.hfx          codes, qualities and times of all frames (`matching.video.stored`)
    index/frame-index-<id>.hfx     the exact index over them

Where no video is listed there are none, and nothing of `matching.video` is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from holdfast.banks.videos import active_size, active_videos

if TYPE_CHECKING:
    from holdfast.matching.video import VideoBank
    from holdfast.matching.video.stored import Video

__all__ = ["open_videos", "video_files", "write_videos"]


def write_videos(
    connection: sa.Connection, folder: Path, name: str, progress: Callable[[int], object]
) -> dict[str, int | str]:
    """Writes every active video; what the manifest says of it. ``progress`` hears of videos read."""
    count, frames = active_size(connection)
    if not count:
        return {"videos": 0}
    from holdfast.matching.video.stored import write_bank

    said: dict[str, int | str] = {
        "videos": count,
        "frames": f"frames-{name}.hfx",
        "frame_index": f"frame-index-{name}.hfx",
    }

    def read() -> Iterator[Video]:
        for number, (video_id, video) in enumerate(active_videos(connection), 1):
            yield video_id, video.codes, video.quality, video.time_s
            progress(number)

    write_bank(*video_files(folder, said), read(), count, frames)
    return said


def open_videos(folder: Path, manifest: Mapping[str, Any]) -> VideoBank | None:
    """The videos of a generation; None where it has none. Raises `IndexFileError`, and KeyError for a
    manifest that says nothing of videos.
    """
    if not manifest["videos"]:
        return None
    from holdfast.matching.video.stored import open_bank

    return open_bank(*video_files(folder, manifest))


def video_files(folder: Path, manifest: Mapping[str, Any]) -> tuple[Path, Path]:
    """Where frames and index lie. Raises KeyError."""
    return folder / str(manifest["frames"]), folder / str(manifest["frame_index"])
