"""Codes for the tests of the index: random, planted near others, crowded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import bit_order
from holdfast.matching.plan import Plan

Codes = npt.NDArray[np.uint8]


def random_codes(generator: np.random.Generator, count: int, *, even: bool = False) -> Codes:
    """Uniform codes uint8 (n, 32); with ``even`` each has an even number of ones, as real PDQ hashes have."""
    codes = generator.integers(0, 256, (count, 32), dtype=np.uint8)
    if even:
        codes[:, 31] ^= (np.bitwise_count(codes).sum(axis=1) & 1).astype(np.uint8)
    return codes


def flipped(code: Codes, stored_bits: npt.ArrayLike) -> Codes:
    """A code uint8 (32,) with some bits inverted, numbered in the order in which the index keeps them."""
    result = code.copy()
    for bit in bit_order()[np.asarray(stored_bits, np.int64)]:
        result[bit >> 3] ^= np.uint8(1 << (bit & 7))
    return result


def spread(plan: Plan, flips: list[int], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Stored bits, ``flips[i]`` of them in chunk i: an adversary's choice for this plan."""
    chosen = [
        first + generator.choice(width, number, replace=False)
        for first, width, number in zip(plan.firsts, plan.widths, flips, strict=True)
    ]
    return np.concatenate(chosen)


def clustered(generator: np.random.Generator, count: int, centres: int, most_flips: int) -> Codes:
    """Codes that lie within ``most_flips`` bits of a few centres: many pairs at every small distance."""
    bits = np.unpackbits(random_codes(generator, centres), axis=1)[generator.integers(0, centres, count)]
    flips = generator.integers(0, most_flips + 1, count)
    order = generator.random((count, 256)).argsort(axis=1)
    bits ^= (order < flips[:, None]).astype(np.uint8)
    return np.packbits(bits, axis=1)
