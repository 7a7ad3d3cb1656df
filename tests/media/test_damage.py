"""Bad files: each gets its own clear answer, and no other exception ever."""

from __future__ import annotations

import dataclasses
import struct
import time
import tracemalloc
import zlib

import pytest
from PIL import Image

from holdfast.errors import NotMatchableError
from holdfast.media.image import decode_image
from holdfast.media.types import ImageLimits, Reason
from tests.media.samples import FORMATS, likeness, scene, stored
from tests.pictures import encoded, picture

LIMITS = ImageLimits()
PARTIAL = ("JPEG", "PNG", "GIF", "TIFF", "BMP")


def refusal(data: bytes, limits: ImageLimits = LIMITS) -> NotMatchableError:
    with pytest.raises(NotMatchableError) as caught:
        decode_image(data, limits)
    assert str(caught.value).startswith("Not matchable: ")
    assert "\n" not in str(caught.value)
    return caught.value


def png_bomb(side: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_an_empty_file() -> None:
    assert refusal(b"").reason == Reason.EMPTY


@pytest.mark.parametrize("data", [b"hello, I am a text named .jpg\n" * 9, b"%PDF-1.7 ...", b"\0" * 500, b"x"])
def test_other_files_are_no_image(data: bytes) -> None:
    assert refusal(data).reason == Reason.NOT_MEDIA


def test_formats_outside_the_closed_list_are_no_image() -> None:
    for name in ("PPM", "TGA", "ICO", "PCX", "SGI"):
        assert refusal(encoded(scene(), name)).reason == Reason.NOT_MEDIA


def test_too_many_bytes() -> None:
    limits = dataclasses.replace(LIMITS, max_bytes=1000)
    error = refusal(stored("PNG"), limits)
    assert error.reason == Reason.TOO_LARGE
    assert "media.max_bytes" in str(error)


def test_a_bomb_is_refused_at_once_and_in_little_memory() -> None:
    data = png_bomb(30_000)
    refusal(png_bomb(20_000))  # loads what there is to load
    tracemalloc.start()
    took_s = []
    for _ in range(5):  # of which a busy machine spoils some
        start = time.process_time()
        assert refusal(data).reason == Reason.TOO_LARGE
        took_s.append(time.process_time() - start)
    assert min(took_s) < 0.05
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("name", FORMATS)
def test_the_pixel_limit_holds_for_every_format(name: str) -> None:
    pixels = scene().width * scene().height
    decode_image(stored(name), dataclasses.replace(LIMITS, max_pixels=pixels))
    error = refusal(stored(name), dataclasses.replace(LIMITS, max_pixels=pixels - 1))
    assert error.reason == Reason.TOO_LARGE


def test_a_gif_frame_may_not_outgrow_the_limit() -> None:
    data = bytearray(encoded(scene().convert("L"), "GIF"))
    descriptor = data.index(b",", 13 + 768)
    data[descriptor + 5 : descriptor + 9] = struct.pack("<HH", 60_000, 60_000)
    assert refusal(bytes(data)).reason == Reason.TOO_LARGE


@pytest.mark.parametrize("name", PARTIAL)
def test_half_a_file_gives_half_a_picture(name: str) -> None:
    data = stored(name)
    decoded = decode_image(data[: len(data) * 6 // 10], LIMITS)
    assert decoded.incomplete is Reason.TRUNCATED
    assert "%" in decoded.incomplete_detail
    (frame,) = decoded.frames
    height, part = scene().height, scene().height * 2 // 5
    rows = slice(height - part, None) if name == "BMP" else slice(0, part)
    box = (0, height - part, 300, height) if name == "BMP" else (0, 0, 300, part)
    assert likeness(frame.luma[rows], scene().crop(box)) > (
        0.85 if name == "GIF" else 0.95
    )  # GIF comes in interlaced passes


def test_a_large_jpeg_cut_off() -> None:
    data = encoded(picture(4, 1300, 1100), "JPEG")
    decoded = decode_image(data[: len(data) // 2], LIMITS)
    assert decoded.incomplete is Reason.TRUNCATED
    assert decoded.frames[0].scale == 2
    share = int(decoded.incomplete_detail.split("about ")[1].split(" %")[0])
    assert 25 < share < 75


def test_a_progressive_jpeg_cut_off() -> None:
    data = encoded(scene(), "JPEG", progressive=True)
    decoded = decode_image(data[: len(data) * 7 // 10], LIMITS)
    assert decoded.incomplete is Reason.TRUNCATED
    assert likeness(decoded.frames[0].luma, scene()) > 0.9


def test_only_a_missing_end_mark_is_no_loss() -> None:
    assert decode_image(stored("JPEG")[:-2], LIMITS).incomplete is None


@pytest.mark.parametrize("name", FORMATS)
def test_a_head_alone_is_damaged(name: str) -> None:
    assert refusal(stored(name)[:24]).reason == Reason.DAMAGED


@pytest.mark.parametrize("name", ["WEBP", "AVIF", "HEIF", "JXL", "JPEG2000"])
def test_formats_that_cannot_be_decoded_in_part(name: str) -> None:
    data = stored(name)
    assert refusal(data[: len(data) // 2]).reason in (Reason.DAMAGED, Reason.TRUNCATED)


def test_a_damaged_png_is_decoded_as_far_as_it_goes() -> None:
    data = bytearray(stored("PNG"))
    middle = len(data) * 7 // 10
    data[middle : middle + 40] = bytes(40)
    decoded = decode_image(bytes(data), LIMITS)
    assert decoded.incomplete is Reason.TRUNCATED


def test_a_twelve_bit_jpeg_is_an_answer() -> None:
    data = bytearray(stored("JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    assert refusal(bytes(data)).reason == Reason.DAMAGED


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_tiny_pictures_are_decoded(size: tuple[int, int]) -> None:
    for name in ("JPEG", "PNG", "GIF"):
        (frame,) = decode_image(encoded(Image.new("RGB", size, "teal"), name), LIMITS).frames
        assert (frame.width, frame.height) == size


def test_a_flat_picture_is_decoded() -> None:
    (frame,) = decode_image(encoded(Image.new("L", (2500, 2000), 128), "JPEG"), LIMITS).frames
    assert frame.luma.min() == frame.luma.max() == 128
