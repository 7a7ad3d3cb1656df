"""Pictures are found in pages to a pixel or two, and pages without one make no trouble."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from holdfast.hashing.border import Box
from holdfast.hashing.views.boxes import page_boxes
from tests.pictures import picture

LIMIT = 12


def found(pixels: npt.NDArray[np.uint8], box: Box) -> bool:
    """Whether one of the boxes is this one, within two pixels."""
    boxes = page_boxes(pixels, LIMIT)
    assert len(boxes) <= LIMIT
    assert [one.score for one in boxes] == sorted((one.score for one in boxes), reverse=True)
    return any(max(abs(a - b) for a, b in zip(one.box, box, strict=True)) <= 2 for one in boxes)


@pytest.mark.parametrize("paper", [(255, 255, 255), (18, 18, 20)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_picture_among_text_is_found(seed: int, paper: tuple[int, int, int]) -> None:
    page = Image.new("RGB", (360, 640), paper)
    page.paste(picture(seed, 300, 220), (30, 140))
    draw = ImageDraw.Draw(page)
    for line in range(12):
        draw.text((20, 400 + 18 * line), "words and more words about it", (128, 128, 128))
    assert found(np.asarray(page.convert("L")), Box(140, 360, 30, 330))


@pytest.mark.parametrize("gap", [0, 8])
def test_both_halves_of_a_collage_are_found(gap: int) -> None:
    page = Image.new("RGB", (600 + gap, 240), "white")
    page.paste(picture(4, 300, 240), (0, 0))
    page.paste(picture(5, 300, 240), (300 + gap, 0))
    pixels = np.asarray(page.convert("L"))
    assert found(pixels, Box(0, 240, 0, 300))
    assert found(pixels, Box(0, 240, 300 + gap, 600 + gap))


def test_all_quarters_of_a_collage_of_four_are_found() -> None:
    page = Image.new("RGB", (480, 400))
    for number in range(4):
        page.paste(picture(10 + number, 240, 200), (240 * (number % 2), 200 * (number // 2)))
    pixels = np.asarray(page.convert("L"))
    for top, left in ((0, 0), (0, 240), (200, 0), (200, 240)):
        assert found(pixels, Box(top, top + 200, left, left + 240))


@pytest.mark.parametrize("gap", [0, 8])
def test_a_picture_full_of_straight_lines_hides_no_seam(gap: int) -> None:
    """A board of squares has clearer edges than the seam of the collage that it is in."""
    board = np.full((240, 300), 40, np.uint8)
    for number in range(6):
        board[20 + 36 * number : 38 + 36 * number, 10:290] = 220
    other = np.asarray(picture(5, 300, 200).convert("L"))
    pixels = np.concatenate([board, np.full((gap, 300), 250, np.uint8), other])
    assert found(pixels, Box(0, 240, 0, 300))
    assert found(pixels, Box(240 + gap, 440 + gap, 0, 300))


@pytest.mark.parametrize("shape", [(1, 1), (40, 400), (64, 64), (500, 500), (8, 3000)])
def test_plain_and_tiny_pages_have_no_box(shape: tuple[int, int]) -> None:
    assert page_boxes(np.full(shape, 90, np.uint8), LIMIT) == []


def test_noise_makes_no_trouble() -> None:
    noise = np.random.default_rng(6).integers(0, 256, (300, 400), dtype=np.uint8)
    assert len(page_boxes(noise, LIMIT)) <= LIMIT
