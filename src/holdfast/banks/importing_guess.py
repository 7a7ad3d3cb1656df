"""Are the bare values of 64 digits of a list PDQ hashes, or SHA-256 digests? Few lists say it.

PDQ sets a bit for each of 256 coefficients above their median: 128 bits of every picture with enough detail
(all of 500 hashes of photographs and their edits had 128), one more or less where coefficients are equal. Of
random values, as digests are, 14.8 % have 127 to 129 bits set. Digests taken for PDQ hashes would be listed
without an error and match nothing.
"""

from __future__ import annotations

from holdfast.errors import BadEntryError

__all__ = ["EVEN_ONES", "Guess"]

EVEN_ONES = range(127, 130)
# Three quarters of four or more: one list of digests in 460 at most (of five values), one in a million of 13.
LEAST, SHARE = 4, 0.75


class Guess:
    """Counts what speaks for PDQ in the values of one list whose algorithm nobody said."""

    def __init__(self) -> None:
        self.values = self.even = 0

    def note(self, ones: int) -> None:
        """One more value, with so many of its 256 bits set."""
        self.values += 1
        self.even += ones in EVEN_ONES

    def require_pdq(self) -> None:
        """Raises `BadEntryError` where the values may as well be digests. Without any nothing was guessed."""
        if self.values and (self.even < LEAST or self.even < SHARE * self.values):
            raise BadEntryError(
                "The list does not say whether its values of 64 digits are PDQ hashes or SHA-256 digests, "
                f"and they do not tell: {self.even:,} of {self.values:,} are as even as PDQ hashes are, and "
                f"of at least {LEAST} values {SHARE:.0%} would have to be. Nothing was imported. Say which "
                "they are: --algorithm pdq or --algorithm sha256 (over HTTP: algorithm=), or a name with "
                "each value."
            )
