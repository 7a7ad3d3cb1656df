"""Renditions: what is left of a picture before it is revealed, and who may have which."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from holdfast.errors import NotAllowedError, UsageError
from holdfast.review.fidelity import Rendition, bands, rendered, require_allowed
from holdfast.review.rules import ReviewRules
from holdfast.review.wellness import Comfort
from holdfast.service.png import to_png
from tests.pictures import picture

RULES = ReviewRules()
PHOTO = np.asarray(picture(3))
ALL = [
    Rendition(blur, grey, small, sheet)
    for blur in range(7)
    for grey in (True, False)
    for small in (True, False)
    for sheet in (True, False)
]


def detail(pixels: np.ndarray) -> float:
    """How much neighbours differ."""
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


def test_stronger_blur_leaves_less_and_the_strongest_next_to_nothing() -> None:
    left = [detail(rendered(PHOTO, Rendition(blur))) for blur in range(7)]
    assert left == sorted(left, reverse=True)
    assert left[6] < left[0] / 4
    seen = rendered(PHOTO, Rendition(6)).astype(float)
    few = np.asarray(Image.fromarray(rendered(PHOTO, Rendition(0))).resize((6, 4), Image.Resampling.BOX))
    back = np.asarray(Image.fromarray(few).resize(seen.shape[::-1], Image.Resampling.BILINEAR)).astype(float)
    assert np.abs(seen - back).mean() < 4  # as few cells give as much: nothing else is in it


def test_size_and_colour_are_as_asked() -> None:
    assert rendered(PHOTO, Rendition(0, False, False)).shape == PHOTO.shape
    assert rendered(PHOTO, Rendition(0, False, True)).shape == (180, 240, 3)
    assert rendered(PHOTO, Rendition(3, True, True)).shape == (180, 240)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(ALL))
def test_every_size_has_every_rendition(height: int, width: int, wanted: Rendition) -> None:
    pixels = np.full((height, width, 3), 77, np.uint8)
    assert np.abs(rendered(pixels, wanted).astype(int) - 77).max() <= 1


def test_names_are_read_as_they_are_written() -> None:
    assert [Rendition.parse(one.name) for one in ALL] == ALL
    for wrong in ("", "blur7", "blur-grey", "original", "blur3-small-grey"):
        with pytest.raises(UsageError):
            Rendition.parse(wrong)


def test_nothing_above_the_floor_is_shown_without_a_reveal() -> None:
    for wanted in ALL:
        is_fine = wanted.blur >= RULES.floor_blur and wanted.greyscale and wanted.small
        if is_fine:
            require_allowed(wanted, RULES)
        else:
            with pytest.raises(NotAllowedError):
                require_allowed(wanted, RULES)
    require_allowed(Rendition.of(Comfort(0, False, False), RULES), RULES)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1)])
def test_a_png_holds_the_pixels(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(to_png(pixels)))), pixels)
    for wrong in (pixels.astype(float), np.zeros((2, 2, 4), np.uint8), np.zeros((0, 2), np.uint8)):
        with pytest.raises(ValueError, match="PNG"):
            to_png(wrong)


@pytest.mark.parametrize("columns", [1, 30, 239, 240, 1024])
def test_a_spectrogram_is_coarse_before_a_reveal(columns: int) -> None:
    drawn = np.random.default_rng(1).integers(0, 256, (128, columns), np.uint8)
    coarse, name = bands(drawn, is_revealed=False)
    assert name == "spectrogram-coarse" and coarse.shape[0] == 128 and 120 <= coarse.shape[1] <= 240
    assert (coarse.reshape(32, 4, -1) == coarse[::4, None, :]).all()
    whole, name = bands(drawn, is_revealed=True)
    assert name == "spectrogram" and whole.shape[1] >= max(columns, 120)
