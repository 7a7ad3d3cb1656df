"""Refining against slow plain oracles: signs, agreement, slopes, and what is told of candidates."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.pdq import pdq, pdq_from_blocks
from holdfast.hashing.views import refine as refining
from holdfast.hashing.views.deep import centred_coefficients, deep_views
from holdfast.hashing.views.faces import Faces, cosine_matrix
from holdfast.hashing.views.refine import KEPT, REPORTED_BITS, agreement, code_signs, refine
from holdfast.hashing.views.small import SmallLuma, small_luma
from tests.pictures import picture

UInt8Array = npt.NDArray[np.uint8]
COSINES = cosine_matrix()


def luma(seed: int, width: int = 320, height: int = 240) -> UInt8Array:
    return np.ascontiguousarray(np.asarray(picture(seed, width, height).convert("L")))


def small(pixels: UInt8Array) -> SmallLuma:
    made = small_luma(pixels)
    assert made is not None
    return made


def test_signs_are_those_of_the_coefficients_that_a_code_was_made_of() -> None:
    blocks = np.random.default_rng(1).uniform(0, 255, (6, 64, 64)).astype(np.float32)
    codes, _ = pdq_from_blocks(blocks)
    assert ((centred_coefficients(blocks) > 0) == (code_signs(codes) > 0)).all()


def slow_repetition(field: npt.NDArray[np.float64], down: int, across: int) -> float:
    total, pairs = 0.0, 0
    for i in range(16):
        for j in range(16):
            if 0 <= i + down < 16 and 0 <= j + across < 16:
                total += field[i, j] * field[i + down, j + across]
                pairs += 1
    return float(total / pairs / (field**2).mean())


def slow_agreement(coefficients: npt.NDArray[np.float64], signs: npt.NDArray[np.float64]) -> float:
    decay = np.array([1 / math.hypot(i + 1, j + 1) for i in range(16) for j in range(16)])
    usual = decay * np.median(np.abs(coefficients) / decay)
    weights = np.clip(coefficients / usual, -1, 1)
    shared = 0.0
    for down, across in [(0, 1), (0, 2)] + [(d, a) for d in (1, 2) for a in range(-2, 3)]:
        shared += slow_repetition(weights.reshape(16, 16), down, across) * slow_repetition(
            signs.reshape(16, 16), down, across
        )
    return float((weights * signs).sum() / math.sqrt((weights**2).sum() * max(1.0, 1.0 + shared)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 9999))
def test_agreement_is_what_its_words_say(seed: int) -> None:
    random = np.random.default_rng(seed)
    coefficients = random.normal(0, 30, 256).astype(np.float32)
    signs = np.sign(coefficients + random.normal(0, 40, 256)).astype(np.float32)
    fast = agreement(coefficients[np.newaxis], signs[np.newaxis])[0]
    assert fast == pytest.approx(slow_agreement(coefficients.astype(float), signs.astype(float)), abs=1e-3)


def test_slopes_are_differences_of_coefficients() -> None:
    made = small(luma(2))
    faces = Faces(made, (made.page,))
    slopes = refining._slopes(faces.blocks(0, np.eye(3)[np.newaxis]))[0]
    places = [(0, 2), (1, 2), (0, 0), (1, 1), (0, 1), (1, 0), (2, 0), (2, 1)]
    for number, (row, column) in enumerate(places):
        step = 0.01 if row < 2 else -0.01  # a slant is divided by, so it moves points the other way
        ahead, behind = np.eye(3), np.eye(3)
        ahead[row, column] += step
        behind[row, column] -= step
        raw = [COSINES @ faces.blocks(0, one[np.newaxis])[0] @ COSINES.T for one in (ahead, behind)]
        expected = ((raw[0] - raw[1]) / 0.02).ravel()
        assert np.corrcoef(expected, slopes[number])[0, 1] > 0.95
        assert np.linalg.norm(slopes[number]) == pytest.approx(np.linalg.norm(expected), rel=0.15)


def test_each_listed_code_is_told_once_the_best_first() -> None:
    original = luma(3)
    views = deep_views(small(original[6:, 8:].copy()))
    own, other = pdq(original).bits, pdq(luma(4)).bits
    codes = np.stack([own, other] * 5)
    found = refine(views, np.arange(10), codes)
    assert len({codes[one.candidate].tobytes() for one in found}) == len(found)
    assert (codes[found[0].candidate] == own).all()
    scores = [one.score_bits for one in found]
    assert scores == sorted(scores)
    assert all(one.soft_distance_bits <= REPORTED_BITS for one in found)


def test_only_the_most_promising_are_refined() -> None:
    original = luma(5)
    views = deep_views(small(original))
    random = np.random.default_rng(6).integers(0, 256, (3 * KEPT, 32), dtype=np.uint8)
    codes = np.concatenate([random, pdq(original).bits[np.newaxis]])
    found = refine(views, np.zeros(len(codes), np.int64), codes)
    assert found[0].candidate == 3 * KEPT
    assert found[0].distance_bits <= 20


def test_nothing_to_refine_is_no_trouble() -> None:
    views = deep_views(small(luma(7)))
    assert refine(views, np.empty(0, np.int64), np.empty((0, 32), np.uint8)) == []
