"""The upload's own views: few, named, exact where a picture can be cut out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from holdfast.decisions.vocabulary import VIEWS
from holdfast.hashing.image import query_hashes
from holdfast.hashing.orientation import Orientation
from holdfast.hashing.pdq import block64, pdq, pdq_from_blocks
from holdfast.hashing.views.fast import MAX_BOXES, FastView, fast_views
from holdfast.hashing.views.looks import BOX, parts
from holdfast.hashing.views.plan import FAST_WARPS
from holdfast.hashing.views.small import SmallLuma, small_luma
from holdfast.media.types import DecodedImage, LumaFrame
from tests.pictures import picture

UInt8Array = npt.NDArray[np.uint8]


def small(page: Image.Image | UInt8Array) -> SmallLuma:
    luma = np.asarray(page.convert("L")) if isinstance(page, Image.Image) else page
    made = small_luma(np.ascontiguousarray(luma))
    assert made is not None
    return made


def screenshot(seed: int) -> Image.Image:
    page = Image.new("RGB", (360, 640), "white")
    page.paste(picture(seed, 300, 220), (30, 140))
    draw = ImageDraw.Draw(page)
    for line in range(12):
        draw.text((20, 400 + 18 * line), "words and more words about it", (60, 60, 60))
    return page


def nearest(views: list[FastView], code: UInt8Array) -> tuple[int, FastView]:
    """The least distance of any view in its orientations, and the view."""
    best = (257, views[0])
    for view in views:
        codes, _ = pdq_from_blocks(view.block[np.newaxis], orientations=True)
        wanted = [one in view.orientations for one in Orientation]
        distance = int(np.bitwise_count(codes[0, wanted] ^ code).sum(axis=1).min())
        best = min(best, (distance, view), key=lambda pair: pair[0])
    return best


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_picture_in_a_screenshot_is_within_the_plain_radius(seed: int) -> None:
    original = pdq(np.asarray(picture(seed, 300, 220).convert("L"))).bits
    distance, view = nearest(fast_views(small(screenshot(seed))), original)
    assert distance <= 31
    assert (view.family, view.words) == (BOX, "inside a screenshot, collage or frame")


def test_a_mirrored_screenshot_too() -> None:
    original = pdq(np.asarray(picture(4, 300, 220).convert("L"))).bits
    mirrored = screenshot(4).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert nearest(fast_views(small(mirrored)), original)[0] <= 31


def test_a_bar_is_called_a_bar() -> None:
    page = Image.new("RGB", (400, 360), "white")
    page.paste(picture(5, 400, 300), (0, 60))
    ImageDraw.Draw(page).text((20, 20), "what a day that was, everybody said so afterwards", (0, 0, 0))
    original = pdq(np.asarray(picture(5, 400, 300).convert("L"))).bits
    distance, view = nearest(fast_views(small(page)), original)
    assert distance <= 31
    assert view.words == "bar removed"


def test_a_small_crop_is_brought_within_the_plain_radius() -> None:
    original = np.asarray(picture(6, 640, 480).convert("L"))
    code = pdq(original).bits
    cropped = original[12:-12, 16:-16]
    distance, view = nearest(fast_views(small(cropped)), code)
    assert distance <= 31 < np.bitwise_count(pdq(cropped).bits ^ code).sum() + 12
    assert view.family == "uncrop"


def test_boxes_are_hashed_exactly() -> None:
    page = small(screenshot(7))
    boxes = [part for part in parts(page, MAX_BOXES) if part.family == BOX]
    views = [view for view in fast_views(page) if view.family == BOX]
    assert len(boxes) == len(views) > 0
    for part, view in zip(boxes, views, strict=True):
        block = block64(np.ascontiguousarray(part.box.of(page.pixels)))
        assert block is not None
        assert (view.block == block).all()


def test_small_changes_are_undone_inside_a_border() -> None:
    original = np.asarray(picture(8, 400, 300).convert("L"))
    framed = np.pad(original[8:-8, 10:-10], 40)
    distance, view = nearest(fast_views(small(framed)), pdq(original).bits)
    assert distance <= 31
    assert view.words.startswith("border removed, cropped")


@pytest.mark.parametrize("seed", range(3))
def test_there_are_few_enough_and_each_has_a_name(seed: int) -> None:
    views = fast_views(small(screenshot(seed)))
    assert len(views) <= MAX_BOXES + len(FAST_WARPS)
    assert sum(len(view.orientations) for view in views) <= 80
    assert {view.family for view in views} <= set(VIEWS)
    assert all(view.words for view in views)
    assert all(view.block.shape == (64, 64) and np.isfinite(view.block).all() for view in views)


def test_without_views_only_the_picture_itself_is_hashed() -> None:
    luma = np.asarray(screenshot(9).convert("L"))
    decoded = DecodedImage("PNG", "L", (LumaFrame(luma, luma.shape[1], luma.shape[0]),))
    plain, all_of_it = query_hashes(decoded, views=False), query_hashes(decoded)
    assert len(plain) in (8, 16)
    assert len(plain) < len(all_of_it)
    assert (all_of_it.codes[: len(plain)] == plain.codes).all()
    assert {plain.view(row).family for row in range(len(plain))} <= {"as_is", "orientation", "border"}
