"""The closed list of containers and codings: what is told by first bytes, and that nothing else gets in."""

from __future__ import annotations

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.media.formats import FORMATS
from holdfast.media.videoformats import CODECS, DEMUXERS, VIDEO_FORMATS, medium_of, video_format
from tests.media.samples import stored
from tests.media.videos import SCRIPTS, clip, sound

# Demuxers that open what a file names, or run a script.
OPENERS = {
    "hls",
    "dash",
    "concat",
    "concatf",
    "sdp",
    "rtsp",
    "image2",
    "imf",
    "lavfi",
    "tee",
    "webm_dash_manifest",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_and_playlists_are_no_video(name: str) -> None:
    assert video_format(SCRIPTS[name]) is None
    assert medium_of(SCRIPTS[name]) is None


def test_every_demuxer_and_decoder_of_the_list_is_known_to_ffmpeg() -> None:
    for demuxer in DEMUXERS.values():
        assert demuxer in av.ContainerFormat(demuxer, "r").name.split(",")
    for name in CODECS:
        assert av.codec.Codec(name, "r").type == "video"


def test_no_demuxer_of_the_list_opens_anything_else() -> None:
    for demuxer in DEMUXERS.values():
        assert not OPENERS & set(av.ContainerFormat(demuxer, "r").name.split(","))


@pytest.mark.parametrize("name", FORMATS)
def test_pictures_are_no_video(name: str) -> None:
    assert video_format(stored(name)) is None
    assert medium_of(stored(name)) == "image"


def test_video_is_video_also_where_it_holds_sound_alone() -> None:
    for data in (clip(), sound(), clip(container="mpegts"), clip("rv20", "rm")):
        assert medium_of(data) == "video"
        assert medium_of(memoryview(data)) == "video"


@pytest.mark.parametrize("size", [188, 192, 204])
def test_transport_streams_are_told_by_their_packets(size: int) -> None:
    start = {188: b"", 192: bytes(4), 204: b""}[size]
    packet = b"\x47" + bytes(187) + bytes(size - 188)
    assert video_format((start + packet * 5)[:1024]) == "MPEG-TS"
    assert video_format(start + packet * 2) is None
    assert video_format(start + (b"\x46" + packet[1:]) * 5) is None


@given(data=st.binary(max_size=2000))
def test_random_bytes_are_always_an_answer(data: bytes) -> None:
    assert video_format(data) in (None, *VIDEO_FORMATS)
    assert medium_of(data) in (None, "image", "video")
