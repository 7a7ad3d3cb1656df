"""One image file to luma, under limits. Runs inside a decode worker: see `holdfast.media.pool`."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from holdfast.errors import NotMatchableError
from holdfast.media.formats import jxl_size, sniff
from holdfast.media.frames import Frames, check_pixels, collect
from holdfast.media.jpeg import Allocate, decode_jpeg, new_luma
from holdfast.media.types import DecodedImage, ImageLimits, Reason, UInt8Array

__all__ = ["answer_of", "decode_image", "pillow_limits"]

_LONGEST_MESSAGE = 120  # characters

# One thread each: the workers are the parallelism, and limits on memory stay predictable.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
try:  # optional: its licence (GPL) is not everybody's, see docs/decisions/0003-image-codecs.md
    from pillow_jxl import JpegXLImagePlugin
except ImportError:
    _JXL = False
else:
    _JXL = True
    JpegXLImagePlugin.DECODE_THREADS = 0


def decode_image(
    data: bytes | memoryview,
    limits: ImageLimits,
    *,
    min_side_after_scale: int = 480,
    exact: bool = False,
    allocate: Allocate = new_luma,
) -> DecodedImage:
    """The distinct pictures in ``data`` as luma, turned as EXIF says.

    A JPEG whose sides allow it is decoded at 1/2, 1/4 or 1/8 size, never under
    ``min_side_after_scale`` pixels on either side, unless ``exact``; into an array of ``allocate``.
    Raises `NotMatchableError`, and
    nothing else, for bytes that give no picture within ``limits``.
    """
    if len(data) == 0:
        raise NotMatchableError(Reason.EMPTY, "Not matchable: the file is empty.")
    if len(data) > limits.max_bytes:
        raise NotMatchableError(
            Reason.TOO_LARGE,
            f"Not matchable: {len(data):,} bytes, the limit is {limits.max_bytes:,}. Nothing was decoded. "
            "Raise media.max_bytes to look at it.",
        )
    name = sniff(data)
    if name is None:
        raise NotMatchableError(
            Reason.NOT_MEDIA, "Not matchable: the bytes are of no format of images or videos known here."
        )
    if name == "JXL" and not _JXL:
        raise NotMatchableError(
            Reason.NOT_MEDIA,
            "Not matchable: JPEG XL needs the package pillow-jxl-plugin, which is not installed.",
        )
    try:
        with pillow_limits(limits):
            return _decode(data, name, limits, None if exact else min_side_after_scale, allocate)
    except NotMatchableError:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # decoders raise anything, Rust ones even panics
        raise answer_of(error, name) from error


def _decode(
    data: bytes | memoryview, name: str, limits: ImageLimits, min_side: int | None, allocate: Allocate
) -> DecodedImage:
    if name == "JXL" and (size := jxl_size(data)) is not None:
        check_pixels(*size, limits)  # its plugin decodes when it opens
    stream = io.BytesIO(data)
    image = _open(stream, name)
    check_pixels(*image.size, limits)
    mode = image.mode
    frames = None
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        frames = decode_jpeg(data, image, min_side, allocate)
    if frames is None:
        frames = _collect(image, name, limits, stream)
    return DecodedImage(
        format=name,
        mode=mode,
        frames=tuple(frames.kept),
        frames_total=frames.total,
        incomplete=frames.incomplete,
        incomplete_detail=frames.detail,
        notes=_notes(image),
    )


def _open(stream: io.BytesIO, name: str) -> ImageFile.ImageFile:
    stream.seek(0)
    if name == "JPEG":  # not through Image.open, which would make several pictures of an MPO file
        return JpegImagePlugin.JpegImageFile(stream)
    return Image.open(stream, formats=(name,))


def _collect(image: ImageFile.ImageFile, name: str, limits: ImageLimits, stream: io.BytesIO) -> Frames:
    """All frames; if the first one is damaged, once more with whatever of it can be decoded."""
    try:
        return collect(image, limits, stream)
    except (NotMatchableError, MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:  # noqa: BLE001  # decoders raise anything on damaged data
        problem = _words(error)
    with _lenient():
        frames = collect(_open(stream, name), limits, stream)
    share = max((_share_decoded(frame.luma) for frame in frames.kept), default=0.0)
    if share == 0.0:
        raise NotMatchableError(
            Reason.DAMAGED, f"Not matchable: no part of this {name} could be decoded ({problem})."
        )
    frames.stop(
        Reason.TRUNCATED, f"damaged or cut off ({problem}): about {share:.0%} of the picture is there"
    )
    return frames


def _share_decoded(luma: UInt8Array) -> float:
    """Share of the picture that is no uniform rest at its end, or at its start (BMP is upside down)."""
    touched = [luma != luma[corner, corner] for corner in (0, -1)]
    return float(min(min(t.any(axis=1).mean(), t.any(axis=0).mean()) for t in touched))


def _notes(image: ImageFile.ImageFile) -> tuple[str, ...]:
    if "mp" in image.info:
        return ("a file of several pictures (MPO): only the first, which viewers show, was looked at",)
    return ()


def answer_of(error: BaseException, name: str) -> NotMatchableError:
    """What a decoder's error says about the file: ``name`` is its format."""
    text = _words(error)
    if isinstance(error, Image.DecompressionBombError):
        return NotMatchableError(
            Reason.TOO_LARGE,
            f"Not matchable: {text}. Nothing was decoded. Raise media.max_pixels to look at it.",
        )
    if isinstance(error, MemoryError) or "memory" in text.lower():
        return NotMatchableError(
            Reason.OUT_OF_MEMORY,
            f"Not matchable: decoding this {name} needs more memory than a worker may take. "
            "Raise media.max_memory_bytes to look at it.",
        )
    return NotMatchableError(Reason.DAMAGED, f"Not matchable: this {name} cannot be decoded ({text}).")


def _words(error: BaseException) -> str:
    """A decoder's message, short and on one line."""
    if isinstance(error, UnidentifiedImageError):
        return "its header is damaged"
    return " ".join((str(error) or type(error).__name__).split())[:_LONGEST_MESSAGE]


@contextmanager
def pillow_limits(limits: ImageLimits) -> Iterator[None]:
    """Pillow's own check (it refuses twice its limit) set to ours, its warnings silenced."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = (limits.max_pixels + 1) // 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextmanager
def _lenient() -> Iterator[None]:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
