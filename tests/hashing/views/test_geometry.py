"""Shrinking, squeezing and warping against slow plain NumPy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from holdfast.hashing.border import Box
from holdfast.hashing.orientation import Orientation
from holdfast.hashing.pdq import pdq, pdq_orientations
from holdfast.hashing.views import warp_kernels
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.plan import WARPS, orientation_matrix, warp_matrices
from holdfast.hashing.views.small import SMALL_PIXELS, SmallLuma, small_luma
from holdfast.hashing.views.small_kernels import average_into
from tests.pictures import picture


def luma(seed: int, width: int = 640, height: int = 480) -> npt.NDArray[np.uint8]:
    return np.asarray(picture(seed, width, height).convert("L"))


def slow_average(
    pixels: npt.NDArray[np.uint8], box: tuple[float, float, float, float], shape: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Means of equal areas, by weighing every pixel along each axis."""
    top, left, height, width = box

    def weights(begin: float, length: float, parts: int, size: int) -> npt.NDArray[np.float64]:
        edges = begin + length * np.arange(parts + 1) / parts
        lines = np.arange(size)
        inside = np.minimum(edges[1:, None], lines + 1) - np.maximum(edges[:-1, None], lines)
        shares: npt.NDArray[np.float64] = np.clip(inside, 0, None) * parts / length
        return shares

    rows = weights(top, height, shape[0], pixels.shape[0])
    columns = weights(left, width, shape[1], pixels.shape[1])
    means: npt.NDArray[np.float64] = rows @ pixels.astype(np.float64) @ columns.T
    return means


@pytest.mark.parametrize(
    ("box", "shape"),
    [((0, 0, 48, 64), (16, 16)), ((3, 5, 20, 31), (128, 128)), ((0.25, 1.5, 40.5, 60.25), (7, 9))],
)
def test_averaging_weighs_pixels_by_their_share(
    box: tuple[float, float, float, float], shape: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (48, 64), dtype=np.uint8)
    small = np.empty(shape, np.float32)
    top, left, height, width = (float(value) for value in box)
    average_into(pixels, top, left, height, width, small)
    np.testing.assert_allclose(small, slow_average(pixels, box, shape), atol=1e-2)


@pytest.mark.parametrize("shape", [(1000, 1600), (2532, 1170), (480, 640), (547, 549)])
def test_a_small_luma_is_means_of_whole_pixels(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    small = small_luma(pixels)
    assert small is not None
    assert small.pixels.size <= SMALL_PIXELS
    factor = math.ceil(math.sqrt(pixels.size / SMALL_PIXELS))
    rows, columns = small.pixels.shape
    cells = pixels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    assert np.abs(small.pixels - cells.mean(axis=(1, 3))).max() <= 0.51
    assert (small.width, small.height) == (shape[1], shape[0])


def test_a_small_luma_survives_being_kept() -> None:
    small = small_luma(luma(3))
    assert small is not None
    again = SmallLuma.from_bytes(small.to_bytes())
    assert (again.pixels == small.pixels).all()
    assert (again.width, again.height) == (640, 480)
    for damaged in (b"", b"HFL1", small.to_bytes()[:-1], b"X" + small.to_bytes()[1:]):
        with pytest.raises(ValueError, match="nothing was read"):
            SmallLuma.from_bytes(damaged)


def slow_warp(canvas: npt.NDArray[np.float32], matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    side = len(canvas)
    block = np.zeros((64, 64))
    for i in range(64):
        for j in range(64):
            x, y, w = matrix @ np.array([(2 * j + 1) / 64 - 1, (2 * i + 1) / 64 - 1, 1.0])
            u = min(max((x / w + 2) * side / 4 - 0.5, 0), side - 1.01)
            v = min(max((y / w + 2) * side / 4 - 0.5, 0), side - 1.01)
            a, b = int(u), int(v)
            upper = canvas[b, a] * (1 - u + a) + canvas[b, a + 1] * (u - a)
            lower = canvas[b + 1, a] * (1 - u + a) + canvas[b + 1, a + 1] * (u - a)
            block[i, j] = upper * (1 - v + b) + lower * (v - b)
    return block


def test_warping_is_bilinear_sampling_through_the_matrix() -> None:
    canvas = np.random.default_rng(4).uniform(0, 255, (256, 256)).astype(np.float32)
    slanted = np.array([[1.1, 0.1, 0.05], [-0.2, 0.9, -0.1], [0.08, -0.05, 1.0]])
    matrices = np.stack([np.eye(3), slanted, *warp_matrices(WARPS[::9], 1.5)])
    blocks = np.empty((len(matrices), 64, 64), np.float32)
    warp_kernels.warp_into(canvas, matrices.astype(np.float32), blocks)
    for block, matrix in zip(blocks, matrices, strict=True):
        np.testing.assert_allclose(block, slow_warp(canvas, matrix), atol=0.2)


def test_gradients_are_those_of_numpy() -> None:
    blocks = np.random.default_rng(5).uniform(0, 255, (3, 64, 64)).astype(np.float32)
    across, down = np.empty_like(blocks), np.empty_like(blocks)
    warp_kernels.gradients_into(blocks, across, down)
    expected_down, expected_across = np.gradient(blocks, 1 / 32, axis=(1, 2))
    np.testing.assert_allclose(across, expected_across, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(down, expected_down, rtol=1e-4, atol=1e-2)


def test_a_face_seen_straight_is_the_picture() -> None:
    original = luma(6)
    small = small_luma(original)
    assert small is not None
    faces = Faces(small, (small.page, Box(100, 300, 200, 500)))
    assert faces.aspect(1) == pytest.approx(300 / 200)
    block = faces.blocks(0, np.eye(3)[np.newaxis])[0]
    assert np.abs(block - faces.exact_block(0)).mean() < 8
    assert pdq(original).distance(pdq(small.pixels)) <= 20


@pytest.mark.parametrize("orientation", Orientation)
def test_an_orientation_s_matrix_finds_the_original(orientation: Orientation) -> None:
    original = luma(7, 400, 400)
    turned = np.ascontiguousarray(orientation.apply(original))
    small = small_luma(turned)
    assert small is not None
    faces = Faces(small, (small.page,))
    upright = faces.blocks(0, orientation_matrix(orientation)[np.newaxis])[0]
    straight = Faces(SmallLuma(original, 400, 400), (Box(0, 400, 0, 400),)).blocks(0, np.eye(3)[np.newaxis])[
        0
    ]
    np.testing.assert_allclose(upright, straight, atol=0.5)
    assert pdq_orientations(turned)[list(Orientation).index(orientation)].distance(pdq(original)) <= 20
