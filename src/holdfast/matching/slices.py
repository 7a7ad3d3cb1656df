"""Distances of one query to 256 codes at once, by bit slices: logic instead of bit counts.

A *plane* is 256 bits, one for each of 256 codes. Take three bits of a code at a time, 85 groups and one bit
left over. How many of a group's bits differ from a query's is a number of two bits: 0 to 3. Its low bit
depends on the query's three bits only by their parity (2 planes), its high bit by all three (8 planes). These
planes are made once for 256 codes and serve every query, which picks two of each group. Full adders then add
the 85 numbers, the odd bit and 255 - limit; a code is too far where the sum reaches 256. The pieces fit
without a gap: at each weight an odd number of planes arrives, and 170 adders leave one.

That is some 3 operations a code on registers of 256 bits (1.5 where the processor has AVX-512's logic of
three inputs) and needs no bit count at all. Source of adding this way: Harley and Seal, in Warren, "Hacker's
Delight", chapter 5; of tables shared by all queries: the four Russians' method.

Numba's cache does not watch this file: after a change here, touch `flat_kernels.py` too.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = [
    "BIAS_PICKS",
    "CONSTANT",
    "FIRST_GROUP",
    "GROUPS",
    "ODD_BIT",
    "PICKS",
    "PLANES",
    "PLANES_OF_GROUP",
    "SLICED_CODES",
    "WORDS",
    "far_codes",
]

SLICED_CODES = 256
WORDS = SLICED_CODES // 64  # uint64 of one plane
GROUPS = 85
PLANES_OF_GROUP = 10  # low bit for even and odd parity, high bit for the patterns 0..7
ODD_BIT = GROUPS * PLANES_OF_GROUP  # two planes: the bit as it is, for a query's 0, and inverted
CONSTANT = ODD_BIT + 2  # two planes: all 0, all 1
PLANES = CONSTANT + 2
BIAS_PICKS = 8  # the first picks: bits of 255 - limit
FIRST_GROUP = BIAS_PICKS + 1
PICKS = FIRST_GROUP + 2 * GROUPS
_WEIGHTS = 9

_I64 = ir.IntType(64)
_PLANE = ir.VectorType(_I64, WORDS)


class _Adders:
    """Planes waiting to be added, by weight; three of a kind become one, and a carry."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder
        self._waiting: list[list[Any]] = [[] for _ in range(_WEIGHTS)]

    def add(self, weight: int, plane: Any) -> None:
        waiting, build = self._waiting[weight], self._builder
        waiting.append(plane)
        if len(waiting) == 3:
            first, second, third = waiting
            either = build.xor(first, second)
            self._waiting[weight] = [build.xor(either, third)]
            self.add(weight + 1, build.or_(build.and_(first, second), build.and_(either, third)))

    def result(self) -> Any:
        """The plane of weight 256; every lower weight must have come to one plane."""
        if any(len(waiting) != 1 for waiting in self._waiting):
            raise AssertionError("the planes do not fit the adders")
        return self._waiting[-1][0]


@intrinsic  # type: ignore[untyped-decorator]
def far_codes(_typing: Any, planes: Any, picks: Any, _first: Any, far: Any) -> Any:
    """Sets bit k of ``far`` uint64 (4,) where code k is farther from the query than its limit.

    ``planes`` is uint64 (PLANES * 4,); the query's picks, places in it, begin at ``first`` of ``picks``
    uint16.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def data(number: int) -> Any:
            array_type = signature.args[number]
            return context.make_array(array_type)(context, builder, value=arguments[number]).data

        all_planes, all_picks = data(0), data(1)

        def picked(number: int) -> Any:
            place = builder.load(builder.gep(all_picks, [builder.add(arguments[2], _I64(number))]))
            address = builder.gep(all_planes, [builder.zext(place, _I64)])
            return builder.load(builder.bitcast(address, _PLANE.as_pointer()), align=8)

        adders = _Adders(builder)
        for weight in range(BIAS_PICKS):
            adders.add(weight, picked(weight))
        adders.add(0, picked(BIAS_PICKS))
        for group in range(GROUPS):
            adders.add(0, picked(FIRST_GROUP + 2 * group))
            adders.add(1, picked(FIRST_GROUP + 2 * group + 1))
        builder.store(adders.result(), builder.bitcast(data(3), _PLANE.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(planes, picks, types.int64, far), generate
