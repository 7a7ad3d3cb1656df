"""A PDQ hash as a value: 256 bits, a quality, and the way of computing that made it."""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from holdfast.errors import BadEntryError

__all__ = ["MIN_QUALITY", "Convention", "PdqHash", "distance_bits"]

UInt8Array = npt.NDArray[np.uint8]

MIN_QUALITY = 50  # below it a picture is featureless: the authors' own advice is not to match it
CODE_BYTES = 32


class Convention(StrEnum):
    """Which of the two pipelines in use made a hash. On photographs they differ by some 8 bits."""

    FULL = "full"  # from every pixel, as the Python library does: *the* PDQ hash
    NEAREST_512 = "nearest-512"  # a side over 512: first 512 x 512 by nearest neighbour, as the C++ program
    UNKNOWN = "unknown"  # lists seldom say: query with both


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PdqHash:
    """One PDQ hash.

    ``bits`` is uint8 (32,), in the order in which the reference tools print hex. ``quality`` is
    0..100; under `MIN_QUALITY` the picture is featureless and must not be matched by PDQ.
    """

    bits: UInt8Array
    quality: int
    convention: Convention = Convention.FULL

    @property
    def hex(self) -> str:
        """64 lower-case hexadecimal digits, as the reference tools print them."""
        return self.bits.tobytes().hex()

    @property
    def featureless(self) -> bool:
        """Whether the picture is too plain for this hash to mean anything."""
        return self.quality < MIN_QUALITY

    @classmethod
    def from_hex(cls, text: str, quality: int = 100, convention: Convention = Convention.UNKNOWN) -> PdqHash:
        """The hash with these 64 hexadecimal digits (either case).

        Raises BadEntryError for anything else; its message does not repeat the value.
        """
        if len(text) != 2 * CODE_BYTES or not set(text) <= set(string.hexdigits):
            raise BadEntryError(
                f"not a PDQ hash: {len(text)} characters where 64 hexadecimal digits are needed; "
                "the value was not used"
            )
        return cls(np.frombuffer(bytes.fromhex(text), np.uint8), quality, convention)

    def distance(self, other: PdqHash) -> int:
        """How many of the 256 bits differ."""
        return distance_bits(self.bits, other.bits)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PdqHash):
            return NotImplemented
        mine = (self.bits.tobytes(), self.quality, self.convention)
        return mine == (other.bits.tobytes(), other.quality, other.convention)

    def __hash__(self) -> int:
        return hash((self.bits.tobytes(), self.quality, self.convention))

    def __repr__(self) -> str:
        # Hash values are secret, and representations end up in logs.
        return f"PdqHash(<256 bits>, quality={self.quality}, convention={self.convention.value!r})"


def distance_bits(one: UInt8Array, other: UInt8Array) -> int:
    """How many bits differ between two codes, uint8 (32,)."""
    return int(np.bitwise_count(np.bitwise_xor(one, other)).sum())
