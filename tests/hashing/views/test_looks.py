"""The parts of a picture: all of it, inside its border, boxes; none twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.border import Box
from holdfast.hashing.views.looks import BORDER, BOX, PAGE, Part, parts, view_family, view_words
from holdfast.hashing.views.small import SmallLuma
from tests.pictures import picture


def small(pixels: np.ndarray) -> SmallLuma:
    return SmallLuma(np.ascontiguousarray(pixels), pixels.shape[1], pixels.shape[0])


def test_the_page_comes_first_and_the_inside_of_a_border_second() -> None:
    inside = np.asarray(picture(1, 300, 200).convert("L"))
    found = parts(small(np.pad(inside, 30)), 5)
    assert [part.family for part in found[:2]] == [PAGE, BORDER]
    assert found[1].box == Box(30, 230, 30, 330)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.integers(0, 8))
def test_no_part_is_there_twice_and_no_more_boxes_than_asked_for(seed: int, limit: int) -> None:
    random = np.random.default_rng(seed)
    page = np.full((240, 320), 255, np.uint8)
    for _ in range(4):
        top, left = int(random.integers(0, 160)), int(random.integers(0, 220))
        page[top : top + 70, left : left + 90] = random.integers(0, 256)
    found = parts(small(page), limit)
    assert len({part.box for part in found}) == len(found)
    assert sum(part.family == BOX for part in found) <= limit
    assert all(part.box.bottom <= 240 and part.box.right <= 320 for part in found)


@pytest.mark.parametrize(
    ("part", "change", "turned", "family", "words"),
    [
        (Part(Box(0, 9, 0, 9), PAGE, ""), ("", ""), "", "as_is", "as is"),
        (Part(Box(0, 9, 0, 9), PAGE, ""), ("", ""), "mirrored", "orientation", "mirrored"),
        (
            Part(Box(0, 9, 0, 9), BORDER, "border removed"),
            ("", ""),
            "mirrored",
            "border",
            "border removed, mirrored",
        ),
        (Part(Box(0, 9, 0, 9), BOX, "inside"), ("tilt", "rotated"), "", "tilt", "inside, rotated"),
    ],
)
def test_families_and_words(
    part: Part, change: tuple[str, str], turned: str, family: str, words: str
) -> None:
    assert view_family(part, change[0], is_turned=bool(turned)) == family
    assert view_words(part, change[1], turned=turned) == words
