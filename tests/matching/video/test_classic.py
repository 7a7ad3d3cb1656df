"""vPDQ's percentages against its own pseudocode, and where its tools part ways."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching.video.classic import classic_match
from tests.matching.video.videos import changed, random_codes


def test_against_the_pseudocode() -> None:
    rng = np.random.default_rng(3)
    listed = random_codes(rng, 20)
    asked = np.concatenate([changed(rng, listed[:12], 28), random_codes(rng, 8)])
    quality, listed_quality = rng.integers(30, 100, 20), rng.integers(30, 100, 20)
    kept = [code for code, score in zip(asked, quality, strict=True) if score >= 50]
    others = [code for code, score in zip(listed, listed_quality, strict=True) if score >= 50]
    near = [any(np.bitwise_count(a ^ b).sum() <= 31 for b in others) for a in kept]
    back = [any(np.bitwise_count(a ^ b).sum() <= 31 for a in kept) for b in others]
    found = classic_match(asked, quality, listed, listed_quality)
    assert found.query_percent == pytest.approx(100 * sum(near) / len(near))
    assert found.reference_percent == pytest.approx(100 * sum(back) / len(back))


def test_an_excerpt_and_a_compilation() -> None:
    rng = np.random.default_rng(4)
    listed, more = random_codes(rng, 20), random_codes(rng, 40)
    good = np.full(20, 90)
    excerpt = classic_match(listed[:5], good[:5], listed, good)
    assert (excerpt.query_percent, excerpt.reference_percent) == (100.0, 25.0)
    assert excerpt.by_hma and not excerpt.by_readme
    inside = classic_match(np.concatenate([listed, more]), np.full(60, 90), listed, good)
    assert inside.by_readme and not inside.by_hma


def test_exactly_31_bits_is_near_but_not_for_the_cpp_program() -> None:
    rng = np.random.default_rng(5)
    one = rng.integers(0, 256, (1, 32), dtype=np.uint8)
    other = one.copy()
    other[0, :4] ^= np.array([255, 255, 255, 127], np.uint8)
    assert classic_match(one, [90], other, [90]).query_percent == 100
    assert classic_match(one, [90], other, [90], inclusive=False).query_percent == 0


def test_repeats_count_once_and_poor_frames_not_at_all() -> None:
    rng = np.random.default_rng(6)
    codes = random_codes(rng, 2)
    asked = np.concatenate([np.repeat(codes[:1], 9, axis=0), codes[1:]])
    assert classic_match(asked, np.full(10, 90), codes[:1], [90]).query_percent == 50
    assert classic_match(codes, [90, 49], codes, [49, 90]).query_percent == 0
    assert classic_match(codes[:0], [], codes, [90, 90]).reference_percent == 0


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="qualities"):
        classic_match(np.zeros((2, 32), np.uint8), [90], np.zeros((2, 32), np.uint8), [90, 90])
