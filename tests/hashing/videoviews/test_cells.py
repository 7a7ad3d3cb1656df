"""What each part of a picture adds to its coefficients."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.videoviews.cells import CELLS, cell_coefficients, normal_equations, textured, windows
from holdfast.hashing.views.faces import cosine_matrix
from holdfast.hashing.views.refine import code_signs
from tests.hashing.videoviews.films import blocks_of, codes_of, film


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_coefficients_of_the_cells_are_those_of_each_cell_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    block = rng.uniform(0, 255, (1, 64, 64)).astype(np.float32)
    cells = cell_coefficients(block)[0]
    window, cosines = windows(), cosine_matrix()
    across, down = rng.integers(0, CELLS, 2)
    alone = (block[0] - block.mean()) * np.outer(window[down], window[across])
    wanted = (cosines @ alone @ cosines.T).ravel()
    assert np.allclose(cells[down * CELLS + across], wanted, atol=0.05)
    whole = (cosines @ (block[0] - block.mean()) @ cosines.T).ravel()
    assert np.allclose(cells.sum(axis=0), whole, atol=0.2)


def test_flat_parts_of_a_page_have_no_say() -> None:
    lumas = [np.full((160, 240), 60, np.uint8) for _ in range(4)]
    for luma, front in zip(lumas, film(81, 4), strict=True):
        luma[:80, :120] = front[:80, :120]
    found = textured(blocks_of(lumas)).reshape(CELLS, CELLS)
    assert found[:4, :4].all() and not found[5:].any() and not found[:, 5:].any()


def test_a_regular_picture_among_them_does_not_outweigh_the_rest() -> None:
    """All its coefficients are nothing, but not those of its cells."""
    stripes = np.tile(np.where(np.arange(240) // 12 % 2, 200, 40).astype(np.uint8), (160, 1))
    blocks = blocks_of([stripes, *film(84, 4)])
    signs = code_signs(codes_of(blocks))
    with_it, without = (np.trace(normal_equations(blocks[n:], signs[n:])[0]) for n in (0, 1))
    assert with_it < 3 * without
