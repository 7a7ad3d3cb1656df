"""FFmpeg's view of a file in memory, and of nothing else."""

from __future__ import annotations

import io
import re
from typing import Any, NoReturn

import av
import av.logging
from av.container import InputContainer

from holdfast.errors import NotMatchableError
from holdfast.media.types import Reason
from holdfast.media.videoformats import CODECS

__all__ = ["MemoryFile", "open_container", "streams_by_now", "words"]

_READ_BYTES = 256 * 1024  # FFmpeg reads this much at a time
_LONGEST_MESSAGE = 120  # characters
_MOST_STREAMS = 64
_GENERATE_TIMES = 1  # AVFMT_FLAG_GENPTS
_STREAM_LINE = re.compile(r"^ *Stream #0:\d+", re.MULTILINE)

av.logging.set_level(av.logging.PANIC)  # what decoders print about foreign bytes is no log of ours


class MemoryFile:
    """Read-only bytes with the methods that FFmpeg's own input has; only what is read is copied."""

    name = ""  # FFmpeg takes it for an address to build others from

    def __init__(self, data: bytes | memoryview) -> None:
        self._data, self._place = memoryview(data), 0

    def read(self, size: int) -> bytes:
        part = bytes(self._data[self._place : self._place + size])
        self._place += len(part)
        return part

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}[whence]
        self._place = min(max(start + offset, 0), len(self._data))
        return self._place

    def tell(self) -> int:
        return self._place


def open_container(
    file: MemoryFile, demuxer: str, name: str, max_pixels: int, codecs: frozenset[str] = CODECS
) -> InputContainer:
    """The container in ``file``, read by ``demuxer`` alone. Raises `NotMatchableError`, and MemoryError.

    Three locks on one door: the demuxer is not guessed, every protocol is off its list, and the
    function that would open something else refuses.
    """
    options = {
        "format_whitelist": demuxer,
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(sorted(codecs)),  # so no other decoder ever runs, of subtitles for one
        "max_streams": str(_MOST_STREAMS),
    }
    if demuxer == "mov":
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    if demuxer == "mpegts":
        options |= {"merge_pmt_versions": "1"}  # a track goes on where its program is described anew
    try:
        container: InputContainer = av.open(
            file,
            "r",
            format=demuxer,
            buffer_size=_READ_BYTES,
            options={"max_pixels": str(max_pixels)},  # to the decoders that look at first frames for the head
            container_options=options,
            io_open=_refuse,
            metadata_errors="replace",
        )
        container.flags &= ~_GENERATE_TIMES  # which are wrong where frames are stored out of order
        return container  # noqa: TRY300
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise NotMatchableError(
            Reason.DAMAGED, f"Not matchable: this {name} file cannot be opened ({words(error)})."
        ) from error


def streams_by_now(container: Any) -> int:
    """How many streams FFmpeg has met so far: formats without a table of them may bring more on the way.

    PyAV's own list stays as it was when the file was opened; what comes later is not handed over.
    """
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)  # else the description is empty
    try:
        described = container.dumps_format()
    finally:
        av.logging.set_level(level)
    return len(_STREAM_LINE.findall(described))


def words(error: BaseException) -> str:
    """A decoder's message, short and on one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:_LONGEST_MESSAGE]


def _refuse(url: str, flags: int, options: dict[str, Any]) -> NoReturn:
    raise PermissionError("a video may not open anything else")
