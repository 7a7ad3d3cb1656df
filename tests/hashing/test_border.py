"""Borders are found to the pixel, and photographs without one are left alone."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from holdfast.hashing.border import Box, inner_box
from holdfast.hashing.pdq import pdq
from tests.pictures import encoded, picture

UInt8Array = npt.NDArray[np.uint8]


def bordered(
    inner: Image.Image, sides: tuple[int, int, int, int], colour: tuple[int, int, int]
) -> Image.Image:
    """``inner`` with so many pixels of colour at (top, bottom, left, right)."""
    top, bottom, left, right = sides
    outer = Image.new("RGB", (inner.width + left + right, inner.height + top + bottom), colour)
    outer.paste(inner, (left, top))
    return outer


def jpeg_luma(image: Image.Image, quality: int = 50) -> UInt8Array:
    return np.asarray(Image.open(io.BytesIO(encoded(image, quality=quality))).convert("L"))


SIDES = [
    (40, 40, 40, 40),
    (8, 8, 8, 8),  # 2 %
    (350, 350, 466, 466),  # 35 % on each side
    (50, 50, 0, 0),
    (0, 0, 77, 77),
    (0, 60, 0, 0),
    (33, 0, 0, 21),
]


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (200, 30, 40), (120, 130, 20)])
@pytest.mark.parametrize("sides", SIDES)
def test_borders_are_found_after_strong_compression(
    sides: tuple[int, int, int, int], colour: tuple[int, int, int]
) -> None:
    # Greys of 40..193: where a picture has the border's own colour, nobody can tell where it begins.
    inner = Image.eval(picture(1, 400, 300), lambda value: 40 + value * 3 // 5)
    luma = jpeg_luma(bordered(inner, sides, colour))
    box = inner_box(luma)
    assert box is not None
    top, bottom, left, right = sides
    expected = Box(top, luma.shape[0] - bottom, left, luma.shape[1] - right)
    assert max(abs(ours - true) for ours, true in zip(box, expected, strict=True)) <= 2
    assert pdq(box.of(luma)).distance(pdq(np.asarray(inner.convert("L")))) <= 16


def test_each_side_may_have_its_own_colour() -> None:
    image = bordered(
        bordered(picture(1, 400, 300), (0, 0, 30, 30), (0, 0, 0)), (25, 40, 0, 0), (255, 255, 255)
    )
    assert inner_box(jpeg_luma(image, 80)) == Box(25, 325, 30, 430)


@pytest.mark.parametrize("shape", [(500, 700), (20, 20), (1, 1), (64, 64), (900, 70)])
def test_one_colour_has_no_picture_inside(shape: tuple[int, int]) -> None:
    assert inner_box(np.full(shape, 90, np.uint8)) is None


def test_too_little_inside_is_no_picture() -> None:
    assert inner_box(jpeg_luma(bordered(picture(1, 60, 60), (100, 100, 100, 100), (0, 0, 0)))) is None
    assert inner_box(jpeg_luma(bordered(picture(1, 100, 100), (300, 300, 300, 300), (0, 0, 0)))) is None


def test_a_plain_background_is_no_border() -> None:
    y, x = np.ogrid[:400, :400]
    ball = np.where((y - 200) ** 2 + (x - 200) ** 2 < 110**2, 60 + x // 8, 250).astype(np.uint8)
    assert inner_box(ball) is None


def test_no_border_no_box() -> None:
    assert inner_box(np.asarray(picture(1).convert("L"))) is None


@pytest.mark.shared_data
def test_photographs_are_left_alone(shared_data: Path) -> None:
    paths = sorted((shared_data / "images/photos").iterdir())
    boxed = [path.name for path in paths if inner_box(np.asarray(Image.open(path).convert("L"))) is not None]
    # Several of these do have a printed frame or a letterbox.
    assert len(boxed) <= 0.07 * len(paths), boxed
