"""Makes every decoder load, once, whatever it loads at its first use: a worker can open no file later."""

from __future__ import annotations

import contextlib
import encodings.ascii
import encodings.cp437
import encodings.latin_1
import encodings.utf_8
import encodings.utf_16  # noqa: F401  # texts inside files name their encoding
import gc
import io
import wave
from typing import Any

from PIL import Image, ImageCms, MpoImagePlugin  # noqa: F401

from holdfast.errors import NotMatchableError
from holdfast.media.image import decode_image
from holdfast.media.types import ImageLimits, VideoLimits

__all__ = ["warm_up"]

_WRITABLE = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000")
_FOREIGN_HEADS = (
    b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf",
    b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    b"\xff\x0a\x00\x00",
)


_VIDEOS = (("mpeg4", "mp4", "yuv420p"), ("ffv1", "matroska", "bgr0"), ("ffv1", "matroska", "yuv420p10le"))

_done: set[str] = set()


def warm_up(medium: str) -> None:
    """Load the decoders of a medium ("image", "video"), once; FFmpeg is not there before the first video."""
    if medium in _done:
        return
    _done.add(medium)
    if medium == "video":
        _warm_up_videos()
        _warm_up_sound()
    else:
        _warm_up_pictures()
    gc.collect()
    gc.freeze()


def _warm_up_pictures() -> None:
    """Decode one tiny picture of every kind, and one damaged file of the kinds that are slow to write."""
    limits = ImageLimits()
    picture = Image.radial_gradient("L").resize((40, 24)).convert("RGB")
    exif = Image.Exif()
    exif[274] = 6
    for name in _WRITABLE:
        stream = io.BytesIO()
        picture.save(stream, name, exif=exif)
        _try(stream.getvalue(), limits)
        _try(stream.getvalue()[: len(stream.getvalue()) // 2], limits)
    for mode in ("LAB", "P", "CMYK", "I;16", "RGBA"):
        stream = io.BytesIO()
        other = (
            picture.convert("L").convert(mode)
            if mode == "I;16"
            else picture.convert("RGB" if mode == "LAB" else mode)
        )
        if mode == "LAB":
            transform = ImageCms.buildTransform(
                ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
            )
            ImageCms.applyTransform(other, transform)
        other.save(stream, "TIFF", compression="tiff_lzw", save_all=True, append_images=[other])
        _try(stream.getvalue(), limits)
    for head in _FOREIGN_HEADS:
        _try(head, limits)


def _try(data: bytes, limits: ImageLimits) -> None:
    with contextlib.suppress(NotMatchableError):
        decode_image(data, limits)


def _warm_up_videos() -> None:
    """Decode a tiny video by each way that luma is made, whole and damaged."""
    from holdfast.media.video import VideoDecoder

    for codec, container, pixel_format in _VIDEOS:
        data = _tiny_video(codec, container, pixel_format)
        for part in (data, data[: len(data) // 2], data[:20]):
            with contextlib.suppress(NotMatchableError):
                decoder = VideoDecoder(part, VideoLimits())
                list(decoder.frames())
                decoder.outcome()


def _warm_up_sound() -> None:
    """Draw a tiny sound, whole and damaged."""
    from holdfast.media.sound import sketch_sound

    stream = io.BytesIO()
    with wave.open(stream, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(1600))
    for part in (stream.getvalue(), stream.getvalue()[:20]):
        with contextlib.suppress(NotMatchableError):
            sketch_sound(part, max_s=1.0)


def _tiny_video(codec: str, container: str, pixel_format: str) -> bytes:
    import av

    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        track: Any = output.add_stream(codec, rate=2)
        track.width, track.height, track.pix_fmt = 64, 48, pixel_format
        track.codec_context.thread_count = 1
        for _ in range(3):
            frame = av.VideoFrame(64, 48, pixel_format)
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return stream.getvalue()
