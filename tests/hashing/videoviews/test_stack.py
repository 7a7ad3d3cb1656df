"""Where the picture lies: each kind of surround is undone, to within two pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from holdfast.hashing.border import Box
from holdfast.hashing.videoviews.stack import BORDER, PAGE, recurring_borders, stack_boxes
from tests.hashing.videoviews.films import film, on_page

COUNT = 10


def _near(found: list[Box], wanted: Box, pixels: int = 2) -> bool:
    return any(max(abs(a - b) for a, b in zip(box, wanted, strict=True)) <= pixels for box in found)


def test_the_whole_frame_comes_first_and_is_all_there_is_of_a_plain_film() -> None:
    boxes = stack_boxes(film(1, COUNT), 6)
    assert boxes[0].kind == PAGE and boxes[0].box == Box(0, 160, 0, 240)
    assert not any(one.kind == BORDER for one in boxes)


@pytest.mark.parametrize(("across", "down"), [(40, 0), (0, 30), (24, 24)])
def test_borders(across: int, down: int) -> None:
    page = np.zeros((160 + 2 * down, 240 + 2 * across), np.uint8)
    boxes = stack_boxes(on_page(film(2, COUNT), lambda _: page, down, across), 6)
    assert _near(
        [one.box for one in boxes if one.kind == BORDER], Box(down, 160 + down, across, 240 + across)
    )


def test_a_border_that_only_some_frames_have() -> None:
    page = np.zeros((160, 320), np.uint8)
    plain = film(3, 12, 320, 160)
    mixed = plain[:5] + on_page(film(4, 5), lambda _: page, 0, 40) + plain[5:]
    assert _near([one.box for one in stack_boxes(mixed, 6)], Box(0, 160, 40, 280))


def test_a_bar_with_text() -> None:
    page = Image.new("L", (240, 200), 255)
    ImageDraw.Draw(page).text((20, 8), "when you see it\nall of us were there", 0)
    lumas = on_page(film(5, COUNT), lambda _: np.asarray(page), 40, 0)
    assert _near([one.box for one in stack_boxes(lumas, 6)], Box(40, 200, 0, 240))


def test_a_blurred_backdrop() -> None:
    def page(number: int) -> np.ndarray:
        back = Image.fromarray(film(6, COUNT, 180, 320)[number]).filter(ImageFilter.GaussianBlur(9))
        return np.asarray(back)

    inner = [np.asarray(Image.fromarray(luma).resize((180, 120))) for luma in film(6, COUNT)]
    assert _near([one.box for one in stack_boxes(on_page(inner, page, 100, 0), 6)], Box(100, 220, 0, 180), 4)


@pytest.mark.parametrize("sideways", [False, True])
def test_a_picture_in_front_of_its_blurred_copy_that_is_dark_in_between(sideways: bool) -> None:
    """Detail tells nothing of where such a picture ends: the pair of edges across the whole page does."""
    across = np.linspace(0, 1, 240)
    light = np.where(np.abs(across[:, np.newaxis] - [0.2, 0.5, 0.8]).min(axis=1) < 0.055, 1.0, 0.06)

    def shaded(number: int) -> np.ndarray:
        return np.asarray(film(6, COUNT)[number] * light).astype(np.uint8)

    def page(number: int) -> np.ndarray:
        back = Image.fromarray(shaded(number)).resize((480, 320)).crop((150, 0, 330, 320))
        return np.asarray(back.filter(ImageFilter.GaussianBlur(9)).point(lambda value: value * 0.8))

    inner = [np.asarray(Image.fromarray(shaded(number)).resize((180, 120))) for number in range(COUNT)]
    lumas, wanted = on_page(inner, page, 100, 0), Box(100, 220, 0, 180)
    if sideways:
        lumas, wanted = [np.ascontiguousarray(luma.T) for luma in lumas], Box(0, 180, 100, 220)
    assert _near([one.box for one in stack_boxes(lumas, 10)], wanted)


def test_inside_another_film() -> None:
    host = film(7, COUNT, 400, 300)
    lumas = on_page(film(8, COUNT, 200, 130), lambda number: host[number], 90, 120)
    assert _near([one.box for one in stack_boxes(lumas, 6)], Box(90, 220, 120, 320))


def test_on_a_still_page_of_its_own_grey() -> None:
    page = np.full((300, 400), 10, np.uint8)
    lumas = on_page([luma // 2 for luma in film(9, COUNT, 200, 130)], lambda _: page, 90, 120)
    assert _near([one.box for one in stack_boxes(lumas, 6)], Box(90, 220, 120, 320), 3)


def test_frames_too_small_and_too_few() -> None:
    assert len(stack_boxes([np.zeros((8, 8), np.uint8)], 6)) >= 1
    assert stack_boxes([np.full((40, 40), 9, np.uint8)], 6)[0].box == Box(0, 40, 0, 40)


def test_a_white_page_within_black_bars_ends_where_the_bars_do() -> None:
    """Its margins are uniform too, but of another grey, and something moves at their ends."""
    lumas = []
    for number in range(12):
        luma = np.full((90, 160), 255, np.uint8)
        luma[20 + number : 60, 30 + 3 * number : 90 + 3 * number] = film(3, 1, 60, 40 - number)[0]
        lumas.append(luma)
    page = np.zeros((160, 160), np.uint8)
    boxes = stack_boxes(on_page(lumas, lambda _: page, 35, 0), 9)
    assert boxes[1].kind == BORDER and boxes[1].box == Box(35, 125, 0, 160)


def test_a_border_counts_once_a_frame() -> None:
    page, plain = np.zeros((120, 160), np.uint8), film(4, 12, 160, 120)
    bordered = on_page(film(5, 3, 120, 90), lambda _: page, 15, 20)
    assert recurring_borders([*bordered, *plain], Box(0, 120, 0, 160), 2) == []  # three frames of it
