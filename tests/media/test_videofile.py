"""FFmpeg sees the bytes in memory and nothing else, whatever they ask it to open."""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import NotMatchableError
from holdfast.media import videofile
from holdfast.media.videofile import MemoryFile, open_container, streams_by_now, words
from holdfast.media.videoformats import DEMUXERS
from tests.media.videos import SCRIPTS, alone, clip, remuxed

MOST_PIXELS = 10**6


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that FFmpeg asks to open during the test."""
    names: list[str] = []
    refuse = videofile._refuse

    def record(url: str, flags: int, options: dict[str, Any]) -> None:
        names.append(url)
        refuse(url, flags, options)

    monkeypatch.setattr(videofile, "_refuse", record)
    return names


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("demuxer", DEMUXERS.values())
def test_no_demuxer_of_the_list_follows_a_script(demuxer: str, name: str, asked: list[str]) -> None:
    """Even where the first bytes had said that it is a video."""
    for data in (SCRIPTS[name], SCRIPTS[name] * 300):
        with suppress(NotMatchableError, av.FFmpegError):
            list(open_container(MemoryFile(data), demuxer, "test", MOST_PIXELS).demux())
    assert asked == []


def test_what_is_asked_for_is_refused() -> None:
    with pytest.raises(PermissionError):
        videofile._refuse("file:/etc/hostname", 1, {})


def test_an_external_file_of_a_quicktime_film_is_not_opened(tmp_path: Path, asked: list[str]) -> None:
    whole = clip(container="mov")
    outside = tmp_path / "outside.mov"
    outside.write_bytes(whole)
    lure = with_alias(without_media(whole), outside)
    (tmp_path / "lure.mov").write_bytes(lure)
    options = {"enable_drefs": "1", "use_absolute_path": "1"}
    with av.open(tmp_path / "lure.mov", options=options) as container:
        assert len(list(container.decode(video=0))) == 20  # so it is a real lure
    with pytest.raises(NotMatchableError, match="no frame"):
        alone(lure)
    assert asked == []


@pytest.mark.parametrize("scheme", ["http", "tcp", "rtmp", "concat:http", "hls+http"])
def test_nobody_is_called(scheme: str, listener: socket.socket, asked: list[str]) -> None:
    address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/x.ts"
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n".encode()
    for demuxer in ("hls", "concat", "dash", *DEMUXERS.values()):
        with suppress(NotMatchableError, av.FFmpegError):
            list(open_container(MemoryFile(playlist), demuxer, "test", MOST_PIXELS).demux())
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert set(asked) <= {address}  # of demuxers that are not on the list; refused, as nobody was called


@pytest.mark.parametrize("demuxer", ["hls", "concat", "dash", "lavfi", "concatf"])
def test_a_playlist_does_not_open_even_by_its_own_demuxer(demuxer: str, tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    film.write_bytes(clip(container="mpegts"))
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{film}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{film}'\n",
    ):
        with pytest.raises((NotMatchableError, av.FFmpegError)):
            open_container(MemoryFile(text.encode()), demuxer, "test", MOST_PIXELS)


def test_sound_is_demuxed_but_never_decoded() -> None:
    container = open_container(MemoryFile(clip(sound=True)), "mov", "MP4", MOST_PIXELS)
    (track,) = container.streams.audio
    assert track.codec_context.sample_rate == 8000
    assert any(packet.stream is track for packet in container.demux())


@given(
    data=st.binary(max_size=300), steps=st.lists(st.tuples(st.integers(-50, 350), st.sampled_from([0, 1, 2])))
)
def test_the_file_in_memory_reads_as_a_file_does(data: bytes, steps: list[tuple[int, int]]) -> None:
    ours, plain = MemoryFile(memoryview(data)), io.BytesIO(data)
    for number, whence in steps:
        start = (0, plain.tell(), len(data))[whence]
        place = min(max(start + number, 0), len(data))
        assert ours.seek(number, whence) == plain.seek(place) == ours.tell()
        assert ours.read(abs(number)) == plain.read(abs(number))


def test_messages_are_short_and_on_one_line() -> None:
    assert words(ValueError("two\nlines,  spaced")) == "two lines, spaced"
    assert len(words(ValueError("x" * 1000))) == 120
    assert words(OSError(5, "Input/output error")) == "Input/output error"
    assert words(ValueError()) == "ValueError"


def test_streams_are_counted_as_they_are_met() -> None:
    for data, count in ((clip(), 1), (remuxed(clip(), beside=clip("mpeg4")), 2), (clip(sound=True), 2)):
        assert streams_by_now(open_container(MemoryFile(data), "mov", "MP4", MOST_PIXELS)) == count


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and body of each box; source: ISO/IEC 14496-12, 4.2."""
    while data:
        size = int.from_bytes(data[:4], "big")
        yield data[4:8], data[8:size]
        data = data[size:]


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def without_media(data: bytes) -> bytes:
    """The film with its media blanked; places in it stay as they were."""
    return b"".join(box(kind, bytes(len(body)) if kind == b"mdat" else body) for kind, body in boxes(data))


def with_alias(data: bytes, target: Path) -> bytes:
    """The film whose media lie in another file. Source: Apple's alias records, as QuickTime stores them."""
    path = ("V" + str(target).replace("/", ":")).encode()
    path += b"\0" * (len(path) % 2)
    record = (
        bytes(10) + bytes([1]) + b"V".ljust(27, b"\0") + bytes(12)
        + bytes([len(target.name)]) + target.name.encode().ljust(63, b"\0") + bytes(16)
        + struct.pack(">hh", -1, -1) + bytes(16)
        + struct.pack(">hh", 2, len(path)) + path + struct.pack(">hh", -1, 0)
    )  # fmt: skip
    references = bytes(4) + struct.pack(">I", 1) + box(b"alis", bytes(4) + record)

    def rebuilt(part: bytes) -> bytes:
        out = b""
        for kind, body in boxes(part):
            inside = rebuilt(body) if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf") else body
            out += box(kind, references if kind == b"dref" else inside)
        return out

    return rebuilt(data)
