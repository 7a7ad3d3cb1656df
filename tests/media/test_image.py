"""Every format, mode and orientation of one picture gives the same luma."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from holdfast.media.image import decode_image
from holdfast.media.jpeg import scale_for
from holdfast.media.luma import BACKDROPS
from holdfast.media.types import ImageLimits
from tests.media.samples import FORMATS, MODES, in_mode, likeness, luma_of, mean_difference, scene, stored
from tests.pictures import encoded, picture

LIMITS = ImageLimits()
TURNED = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF")


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_the_same_picture(name: str) -> None:
    decoded = decode_image(stored(name), LIMITS)
    assert decoded.format == name
    assert decoded.incomplete is None
    assert len(decoded.frames) == decoded.frames_total == 1
    (frame,) = decoded.frames
    assert frame.luma.dtype == np.uint8
    assert frame.luma.flags.c_contiguous
    assert frame.luma.shape == (frame.height, frame.width) == scene().size[::-1]
    assert (frame.scale, frame.index, frame.backdrop) == (1, 0, None)
    assert likeness(frame.luma, scene()) > 0.995


@pytest.mark.parametrize("name", MODES)
def test_every_mode_is_the_same_picture(name: str) -> None:
    decoded = decode_image(in_mode(name), LIMITS)
    (frame,) = decoded.frames
    assert frame.backdrop is None
    assert mean_difference(frame.luma, scene()) <= MODES[name][3]
    assert likeness(frame.luma, scene()) > 0.98


@pytest.mark.parametrize("name", TURNED)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_exactly_once(name: str, orientation: int) -> None:
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(scene(), "PNG", exif=exif(orientation)))))
    tags = exif(orientation)
    data = encoded(scene(), name, exif=tags if name == "TIFF" else tags.tobytes())
    (frame,) = decode_image(data, LIMITS).frames
    assert frame.luma.shape == (frame.height, frame.width) == upright.size[::-1]
    assert likeness(frame.luma, upright) > 0.99


def test_every_page_of_a_tiff_is_turned() -> None:
    tags = exif(6)
    pages = encoded(scene(), "TIFF", exif=tags, save_all=True, append_images=[scene(8)])
    frames = decode_image(pages, LIMITS).frames
    assert [frame.luma.shape for frame in frames] == [(300, 212), (300, 212)]


def test_jpeg_xl_ignores_exif_orientation_as_its_standard_says() -> None:
    (frame,) = decode_image(encoded(scene(), "JXL", exif=exif(6).tobytes()), LIMITS).frames
    assert likeness(frame.luma, scene()) > 0.99


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_transparency_shows_on_white_and_on_black(name: str) -> None:
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    options = {"lossless": True} if name in ("WEBP", "JXL") else {}
    frames = decode_image(encoded(image, name, **options), LIMITS).frames
    assert [frame.backdrop for frame in frames] == ["white", "black"]
    for frame, colour in zip(frames, BACKDROPS, strict=True):
        seen = Image.alpha_composite(Image.new("RGBA", image.size, colour), image)
        assert mean_difference(frame.luma, seen) < (2.5 if name in ("AVIF", "HEIF") else 0.6)


@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_a_transparent_palette_colour_shows_on_white_and_on_black(name: str) -> None:
    image = Image.new("P", (64, 48), 1)
    image.putpalette([200, 30, 30, 10, 200, 40])
    image.paste(0, (0, 0, 32, 48))
    frames = decode_image(encoded(image, name, transparency=0), LIMITS).frames
    assert [frame.backdrop for frame in frames] == ["white", "black"]
    assert [int(frame.luma[5, 5]) for frame in frames] == [255, 0]
    assert frames[0].luma[5, 50] == frames[1].luma[5, 50] == round(0.299 * 10 + 0.587 * 200 + 0.114 * 40)


def test_a_transparent_colour_of_an_rgb_png_is_seen() -> None:
    image = Image.new("RGB", (40, 40), (1, 2, 3))
    image.paste((200, 100, 50), (0, 0, 20, 40))
    frames = decode_image(encoded(image, "PNG", transparency=(1, 2, 3)), LIMITS).frames
    assert [int(frame.luma[0, 30]) for frame in frames] == [255, 0]


def test_luma_is_rounded_correctly_and_small_pictures_keep_it_unrounded() -> None:
    (frame,) = decode_image(stored("PNG"), LIMITS).frames
    true = luma_of(scene())
    assert np.abs(frame.luma - true).max() <= 0.501
    assert frame.fine is not None
    np.testing.assert_allclose(frame.fine, true, atol=1e-3)
    (big,) = decode_image(encoded(picture(3, 600, 500), "PNG"), LIMITS).frames
    assert big.fine is None


@pytest.mark.parametrize(
    ("side", "scale"), [(1023, 1), (1024, 2), (2047, 2), (2048, 4), (4096, 8), (9000, 8)]
)
def test_scale_leaves_512_pixels(side: int, scale: int) -> None:
    assert scale_for(side, 20_000, 512) == scale_for(20_000, side, 512) == scale


@pytest.mark.parametrize("orientation", [1, 6])
def test_large_jpegs_are_decoded_at_a_reduced_size(orientation: int) -> None:
    image = picture(5, 2051, 1025)
    data = encoded(image, "JPEG", quality=90, exif=exif(orientation))
    (small,) = decode_image(data, LIMITS).frames
    (full,) = decode_image(data, LIMITS, exact=True).frames
    size = (1025, 2051) if orientation == 1 else (2051, 1025)
    assert (small.height, small.width, small.scale) == (*size, 2)
    assert small.luma.shape == (-(-size[0] // 2), -(-size[1] // 2))
    assert (full.scale, full.luma.shape) == (1, size)
    rows = full.luma[: size[0] // 2 * 2, : size[1] // 2 * 2].astype(float)
    blocks = rows.reshape(size[0] // 2, 2, size[1] // 2, 2).mean(axis=(1, 3))
    assert np.abs(small.luma[: blocks.shape[0], : blocks.shape[1]] - blocks).mean() < 2


def test_a_large_jpeg_goes_where_the_caller_says() -> None:
    given = []

    def allocate(height: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
        given.append(np.zeros((height, width), np.uint8))
        return given[-1]

    (frame,) = decode_image(encoded(picture(5, 900, 700), "JPEG"), LIMITS, allocate=allocate).frames
    assert frame.luma is given[0] or np.shares_memory(frame.luma, given[0])


def test_real_photographs_are_decoded(shared_data: Path) -> None:
    folder = shared_data / "images" / "pdq-reference" / "misc-images"
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".png", ".jpg", ".jpeg")]
    assert files
    for path in files[:12]:
        decoded = decode_image(path.read_bytes(), LIMITS)
        assert decoded.frames, path
        assert decoded.incomplete is None, path
