"""What is guessed beyond a picture's edges, against slow plain loops."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.views import warp_kernels

Float32Array = npt.NDArray[np.float32]


def reflected(place: int, size: int) -> int:
    """The place inside that a place up to ``size`` outside mirrors."""
    return -place - 1 if place < 0 else 2 * size - 1 - place if place >= size else place


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 24), st.integers(4, 24), st.integers(0, 3), st.integers(0, 999))
def test_a_blur_is_a_mean_along_rows_with_reflected_ends(
    height: int, width: int, reach: int, seed: int
) -> None:
    face = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    turned = np.empty((width, height), np.float32)
    warp_kernels.blur_into(face, reach, turned)
    for i in range(height):
        for j in range(width):
            values = [face[i, reflected(j + k, width)] for k in range(-reach, reach + 1)]
            assert abs(turned[j, i] - np.mean(values)) < 0.01


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([8, 12, 16]), st.integers(0, 999))
def test_beyond_the_edge_lies_the_reflection_softer_and_fainter(side: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    face, soft = (random.uniform(0, 255, (side, side)).astype(np.float32) for _ in range(2))
    canvas = np.empty((2 * side, 2 * side), np.float32)
    mean = np.float32(100)
    warp_kernels.canvas_into(face, soft, mean, canvas)
    half = side // 2
    np.testing.assert_allclose(canvas[half : half + side, half : half + side], face, atol=1e-3)
    for y in range(2 * side):
        for x in range(2 * side):
            v, u = y - half, x - half
            off = max(0, -v, v - side + 1, -u, u - side + 1)
            inside = reflected(v, side), reflected(u, side)
            softness = min(1.0, off / half / 0.1)
            value = (1 - softness) * face[inside] + softness * soft[inside]
            expected = 100 + math.exp(-off / half / 0.4) * (value - 100)
            assert abs(canvas[y, x] - expected) < 0.02


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-9, 9, width=32), min_size=6, max_size=6))
def test_no_matrix_reads_outside_the_canvas(numbers: list[float]) -> None:
    canvas = np.random.default_rng(1).uniform(10, 20, (32, 32)).astype(np.float32)
    matrix = np.array([[*numbers[:3]], [*numbers[3:]], [0.3, -0.3, 1.0]], np.float32)
    blocks = np.full((1, 64, 64), np.nan, np.float32)
    warp_kernels.warp_into(canvas, matrix[np.newaxis], blocks)
    assert (blocks >= 9.99).all()
    assert (blocks <= 20.01).all()
