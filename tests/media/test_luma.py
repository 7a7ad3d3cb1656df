"""Modes that no file here can store, and the arithmetic of luma."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from holdfast.media.luma import orient, planes, weigh
from tests.media.samples import mean_difference, scene


@pytest.mark.parametrize(("by", "mode"), [("LA", "La"), ("RGBA", "RGBa"), ("RGB", "HSV"), ("RGB", "RGBX")])
def test_rare_modes(by: str, mode: str) -> None:
    ((backdrop, luma),) = planes(scene().convert(by).convert(mode))
    assert backdrop is None
    assert mean_difference(luma, scene()) < 2.5


@pytest.mark.parametrize(
    ("values", "luma"),
    [
        (np.array([[0, 65535, 32768]], np.uint16), [0, 255, 128]),
        (np.array([[0, 4095, 2048]], np.uint16), [0, 255, 128]),
        (np.array([[0, 200, 255]], np.int32), [0, 200, 255]),
        (np.array([[-100, 0, 100]], np.int32), [0, 128, 255]),
        (np.array([[0, 70_000, 140_000]], np.int32), [0, 128, 255]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 100.4, 255]], np.float32), [0, 100, 255]),
        (np.array([[-1, 0, 1]], np.float32), [0, 128, 255]),
        (np.array([[np.nan, 1, 0.5]], np.float32), [0, 255, 128]),
        (np.array([[7, 7, 7]], np.float32), [7, 7, 7]),
    ],
)
def test_deep_pictures_are_scaled_to_8_bits(values: np.ndarray[tuple[int, int]], luma: list[int]) -> None:
    ((_, plane),) = planes(Image.fromarray(values))
    np.testing.assert_allclose(plane, [luma], atol=1)


def test_white_is_255_and_weights_add_up() -> None:
    assert weigh(np.full((1, 1, 3), 255, np.uint8))[0, 0] == 255
    assert weigh(np.array([[[0, 255, 0]]], np.uint8))[0, 0] == pytest.approx(0.587 * 255)


def test_turning_twice_by_opposite_quarters_is_nothing() -> None:
    plane = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(orient(orient(plane, 6), 8), plane)
    np.testing.assert_array_equal(orient(plane, 6), np.rot90(plane, -1))
    np.testing.assert_array_equal(orient(plane, 2), plane[:, ::-1])
