"""Tiny videos for the media tests, encoded as they are needed from made-up pictures."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable, Sequence
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from PIL import Image

from holdfast.media.types import DecodedVideo, VideoFrame, VideoLimits
from holdfast.media.video import VideoDecoder
from tests.pictures import encoded, picture

__all__ = [
    "SCRIPTS",
    "alone",
    "clip",
    "frame_in",
    "jpegs",
    "nearest",
    "remuxed",
    "scene",
    "scene_luma",
    "sound",
    "stills",
    "turned",
]

WIDTH, HEIGHT, SCENES = 96, 80, 6

# What names other files and addresses, and is sent as if it were a video.
_PLACES = (
    "file:///etc/hostname",
    "/etc/hostname",
    "http://169.254.169.254/latest/",
    "concat:/etc/hostname|x",
)
SCRIPTS: dict[str, bytes] = {
    **{
        f"HLS to {place}": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{place}\n#EXT-X-ENDLIST\n".encode()
        for place in _PLACES
    },
    "HLS with a key": b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file:///etc/hostname"\n#EXTINF:1,\nx.ts\n',
    "HLS of playlists": b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://169.254.169.254/x.m3u8\n",
    "concat": b"ffconcat version 1.0\nfile '/etc/hostname'\n",
    "concat without its head": b"file '/etc/hostname'\nfile 'http://169.254.169.254/'\n",
    "DASH": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    b"<AdaptationSet><Representation><BaseURL>file:///etc/hostname</BaseURL></Representation>"
    b"</AdaptationSet></Period></MPD>",
    "SDP": b"v=0\ns=x\nc=IN IP4 169.254.169.254\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "ASX": b'<asx version="3.0"><entry><ref href="http://169.254.169.254/"/></entry></asx>',
    "RealMedia's metafile": b"rtsp://169.254.169.254/x.rm\nfile:///etc/hostname\n",
    "QuickTime's metafile": b'<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?>'
    b'<embed src="file:///etc/hostname"/>',
    "filter graph": b"movie=/etc/hostname",
    "name pattern": b"/etc/host%d",
    "Vapoursynth": b"import os; os.listdir('/')",
    "metadata": b";FFMETADATA1\ntitle=x\n",
}


@functools.cache
def scene(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """The picture that `clip` shows during its second number ``number``."""
    return picture(100 + number % SCENES, width, height)


@functools.cache
def scene_luma(number: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.float64]:
    rgb = np.asarray(scene(number, width, height), np.float64)
    luma: npt.NDArray[np.float64] = rgb @ (0.299, 0.587, 0.114)
    return luma


@functools.cache
def clip(
    codec: str = "libx264",
    container: str = "mp4",
    pixel_format: str = "yuv420p",
    *,
    seconds: int = 4,
    fps: int = 5,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    stamps: tuple[int, ...] | None = None,
    sound: bool = False,
    options: tuple[tuple[str, str], ...] = (),
    container_options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """A video that shows another `scene` every second, or, with ``stamps``, in every frame.

    ``stamps`` are the times of its frames in milliseconds.
    """
    stream = io.BytesIO()
    with av.open(stream, "w", format=container, options=dict(container_options)) as output:
        track: Any = output.add_stream(codec, rate=1000 if stamps else fps, options=dict(options))
        track.width, track.height, track.pix_fmt = *size, pixel_format
        track.codec_context.thread_count = 1
        voice: Any = output.add_stream("aac", rate=8000, layout="mono") if sound else None
        shown = [(stamp, n) for n, stamp in enumerate(stamps or ())]
        for pts, number in shown or [(n, n // fps) for n in range(seconds * fps)]:
            frame = frame_in(pixel_format, scene(number, *size))
            frame.pts = pts
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
        if voice is not None:
            _speak(output, voice, seconds)
    return stream.getvalue()


@functools.cache
def sound(container: str = "mp4") -> bytes:
    """A file of sound alone."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        _speak(output, output.add_stream("aac", rate=8000, layout="mono"), 1)
    return stream.getvalue()


def frame_in(pixel_format: str, image: Image.Image) -> Any:
    """A frame, as it comes from a decoder."""
    return av.VideoFrame.from_image(image).reformat(format=pixel_format)  # type: ignore[no-untyped-call]


def stills(
    *pictures: tuple[int, npt.NDArray[np.uint8]], fps: int = 10, options: tuple[tuple[str, str], ...] = ()
) -> bytes:
    """A lossless grey video: each plane (h, w) of it from its time stamp, in frames of ``fps``, on."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as output:
        track: Any = output.add_stream("libx264", rate=fps, options={"qp": "0", "bf": "0", **dict(options)})
        track.height, track.width = pictures[0][1].shape
        track.pix_fmt, track.codec_context.thread_count = "gray", 1
        for pts, luma in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), "gray")
            frame.pts = pts
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return stream.getvalue()


def jpegs(*pictures: Image.Image, orientation: int) -> bytes:
    """A video of one picture a second, each a JPEG with an EXIF orientation, as some cameras make them."""
    stream, exif = io.BytesIO(), Image.Exif()
    exif[274] = orientation
    with av.open(stream, "w", format="avi") as output:
        track: Any = output.add_stream("mjpeg", rate=1)
        (track.width, track.height), track.pix_fmt = pictures[0].size, "yuvj420p"
        track.codec_context.open()
        for number, picture in enumerate(pictures):
            packet: Any = av.Packet(encoded(picture, "JPEG", quality=95, exif=exif))
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = track, number, number, True
            output.mux(packet)
    return stream.getvalue()


def remuxed(
    data: bytes,
    container: str = "mp4",
    *,
    keep: Callable[[int, Any], bool] = lambda _number, _packet: True,
    beside: bytes | None = None,
    cover: Image.Image | None = None,
) -> bytes:
    """The video's own packets in a new file: those that ``keep`` (number, packet) wants.

    Another video's track goes in with ``beside``, a picture as a cover with ``cover``.
    """
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        sources: list[Any] = [av.open(io.BytesIO(each)) for each in (data, beside) if each is not None]
        tracks = [output.add_stream_from_template(source.streams.video[0]) for source in sources]
        picture: Any = output.add_stream("mjpeg", rate=1) if cover else None
        if cover:
            picture.width, picture.height = cover.size
            picture.pix_fmt, picture.disposition = "yuvj420p", Disposition.attached_pic
            frame = frame_in("yuvj420p", cover)
            frame.pts = 0
            output.mux([*picture.encode(frame), *picture.encode(None)])
        for source, track in zip(sources, tracks, strict=True):
            for number, packet in enumerate(source.demux(video=0)):
                if packet.size and (source is not sources[0] or keep(number, packet)):
                    packet.stream = track
                    output.mux(packet)
    return stream.getvalue()


def alone(data: bytes, limits: VideoLimits | None = None, **options: Any) -> DecodedVideo:
    """The decoded video with its frames, without a worker."""
    decoder = VideoDecoder(data, limits or VideoLimits(), **options)
    frames = tuple(frame for frame in decoder.frames() if frame is not None)
    end = decoder.outcome()
    return DecodedVideo(
        end.info, frames, end.duration_s, end.frames_decoded, end.incomplete, end.incomplete_detail, end.notes
    )


def nearest(frame: VideoFrame) -> int:
    """Which scene a frame shows: the one it correlates with best."""
    height, width = frame.luma.shape
    likeness = [
        np.corrcoef(frame.luma.ravel(), scene_luma(number, width, height).ravel())[0, 1]
        for number in range(SCENES)
    ]
    assert max(likeness) > 0.9
    return int(np.argmax(likeness))


def turned(data: bytes, matrix: Sequence[int]) -> bytes:
    """An MP4 whose track header asks to be shown by the matrix (a, b, c, d)."""
    a, b, c, d = (value * 0x10000 for value in matrix)
    plain = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    at = data.index(plain, data.index(b"tkhd"))
    return data[:at] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000) + data[at + 36 :]


def _speak(output: Any, voice: Any, seconds: int) -> None:
    samples = (np.sin(np.arange(8000 * seconds) / 9) * 9000).astype(np.int16)
    for start in range(0, len(samples) - 1023, 1024):
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, start : start + 1024], "s16", "mono")
        frame.sample_rate, frame.pts = 8000, start
        output.mux(voice.encode(frame))
    output.mux(voice.encode(None))
