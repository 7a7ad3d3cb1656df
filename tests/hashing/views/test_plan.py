"""What a change is called."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.decisions.vocabulary import VIEWS
from holdfast.hashing.views.plan import (
    FAST_WARPS,
    REFERENCE_WARPS,
    TILTS,
    WARPS,
    Warp,
    describe,
    warp_descriptions,
    warp_matrices,
)


@pytest.mark.parametrize(
    ("warp", "family", "words"),
    [
        ((1.0, 1.0, 0.0, 0.0, 0.0), "", ""),
        ((1.25, 1.25, 0.0, 0.0, 0.0), "uncrop", "cropped about 20 %"),
        ((1.25, 1.25, -0.25, -0.25, 0.0), "uncrop", "cropped about 20 % top left"),
        ((1.25, 1.25, 0.25, 0.0, 0.0), "uncrop", "cropped about 20 % right"),
        ((1.5, 1.0, 0.0, 0.0, 0.0), "uncrop", "cropped about 33 %"),
        ((0.9, 0.9, 0.0, 0.0, 0.0), "zoom", "with a margin around it"),
        ((1.0, 1.0, 0.0, 0.0, 5.0), "tilt", "rotated about 5 degrees clockwise"),
        ((1.0, 1.0, 0.0, 0.0, -5.0), "tilt", "rotated about 5 degrees anticlockwise"),
    ],
)
def test_changes_are_named(warp: tuple[float, float, float, float, float], family: str, words: str) -> None:
    found, said = describe(warp_matrices((warp,), 1.5)[0], 1.5)
    assert (found, said.split(",")[0]) == (family, words)


def test_a_slant_is_named() -> None:
    slanted = np.eye(3)
    slanted[2, 0] = 0.1
    assert describe(slanted, 1.0)[1].startswith("seen at a slant")


@pytest.mark.parametrize("warps", [WARPS + TILTS, FAST_WARPS, REFERENCE_WARPS])
def test_every_warp_is_there_once_with_its_mirror_images(
    warps: tuple[tuple[float, float, float, float, float], ...],
) -> None:
    assert len(set(warps)) == len(warps)
    assert {(a, b, -x + 0.0, y, -d + 0.0) for a, b, x, y, d in warps} == set(warps)
    families = {describe(matrix, 1.4)[0] for matrix in warp_matrices(warps, 1.4)}
    assert families <= set(VIEWS) | {""}


@pytest.mark.parametrize("aspect", [0.3, 0.75, 1.0, 1.78, 3.0])
@pytest.mark.parametrize("warps", [WARPS + TILTS, FAST_WARPS, REFERENCE_WARPS])
def test_a_warp_is_described_alike_for_every_shape(warps: tuple[Warp, ...], aspect: float) -> None:
    described = tuple(describe(matrix, aspect) for matrix in warp_matrices(warps, aspect))
    assert described == warp_descriptions(warps)
