"""Pictures on a page of one colour are found by what they hold, whatever their edges are like."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from holdfast.hashing.border import Box
from holdfast.hashing.views.looks import BOX, parts
from holdfast.hashing.views.paper import pictures_on_paper
from holdfast.hashing.views.paper_kernels import filled_cells, joined_cells
from holdfast.hashing.views.small import SmallLuma
from tests.pictures import picture


def page(paper: int, picture_: npt.NDArray[np.uint8], top: int, left: int) -> npt.NDArray[np.uint8]:
    """An upright screen with a picture, a title and lines of text."""
    shown = Image.new("L", (360, 640), paper)
    shown.paste(Image.fromarray(picture_), (left, top))
    draw = ImageDraw.Draw(shown)
    ink = 235 if paper < 128 else 30
    draw.text((20, 60), "somebody said", ink, font_size=16)
    for line in range(11):
        draw.text((20, 420 + 19 * line), "words and more words about it", ink, font_size=13)
    return np.asarray(shown)


def near(one: Box, other: Box, pixels: int = 2) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= pixels


@pytest.mark.parametrize(("top", "left"), [(141, 33), (140, 0), (143, 60)])
@pytest.mark.parametrize("paper", [255, 238, 20, 0])
def test_a_picture_is_found_and_its_text_is_not(paper: int, top: int, left: int) -> None:
    shown = np.asarray(picture(3, 300, 220).convert("L"))
    found = pictures_on_paper(page(paper, shown, top, left))
    assert len(found) == 1 and found[0].filled > 0.8
    assert near(found[0].box, Box(top, top + 220, left, left + 300))


def test_a_picture_nearly_as_dark_as_its_page_is_found() -> None:
    """Its edges are steps of a few grey levels, smaller than those within it."""
    noise = np.random.default_rng(5).integers(24, 60, (220, 300), dtype=np.uint8)
    pixels = page(18, noise, 141, 30)
    assert near(pictures_on_paper(pixels)[0].box, Box(141, 361, 30, 330))
    looked = parts(SmallLuma(pixels, 360, 640), 9)
    first = next(part for part in looked if part.family == BOX)
    assert near(first.box, Box(141, 361, 30, 330))


def test_a_picture_with_a_hole_as_bright_as_the_page_is_found() -> None:
    shown = np.asarray(picture(3, 300, 220).convert("L")).copy()
    shown[60:140, 100:200] = 255
    (found,) = pictures_on_paper(page(255, shown, 141, 30))
    assert near(found.box, Box(141, 361, 30, 330)) and 0.5 < found.filled < 0.95


@pytest.mark.parametrize("shape", [(1, 1), (8, 3000), (64, 64), (500, 500)])
def test_plain_and_tiny_pages_hold_no_picture(shape: tuple[int, int]) -> None:
    assert pictures_on_paper(np.full(shape, 90, np.uint8)) == []


def test_a_photograph_has_no_paper_and_a_page_of_text_no_picture() -> None:
    assert pictures_on_paper(np.asarray(picture(3, 640, 480).convert("L"))) == []
    text = page(255, np.full((4, 4), 255, np.uint8), 0, 0)
    assert pictures_on_paper(text) == []


def test_cells_are_joined_over_their_sides_only() -> None:
    cells = np.zeros((12, 12), np.uint8)
    cells[0:4, 0:4] = cells[4:9, 4:10] = cells[10:12, 0:2] = 1
    found = np.zeros((4, 5), np.int64)
    assert joined_cells(cells, 3, 3, found) == 2
    assert sorted(found[:2].tolist()) == [[16, 0, 4, 0, 4], [30, 4, 9, 4, 10]]
    assert not cells.any()


def test_more_parts_than_there_is_room_for_are_left_out() -> None:
    luma = np.full((80, 80), 255, np.uint8)
    for row in range(0, 80, 16):
        luma[row : row + 8, :] = 7
    cells = np.empty((20, 20), np.uint8)
    filled_cells(luma, 252, 255, cells)
    assert cells.sum() == 5 * 2 * 20
    assert joined_cells(cells, 1, 1, np.zeros((3, 5), np.int64)) == 3
