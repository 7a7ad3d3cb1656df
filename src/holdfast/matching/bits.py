"""The order in which the index keeps the 256 bits of a code.

Neighbouring bits of real PDQ hashes go together (they are neighbouring frequencies of one picture). Chunks of
neighbouring bits would then have few values and over-full buckets, so the bits are shuffled, always in
the same way: version 1 of the segment format means this order.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from holdfast.matching import table_kernels

__all__ = ["CODE_BYTES", "checked_codes", "shuffled"]

CODE_BYTES = 32
CODE_BITS = 256
_MULTIPLIER, _INCREMENT = 6364136223846793005, 1442695040888963407  # Knuth's MMIX generator


@functools.cache
def bit_order() -> npt.NDArray[np.int64]:
    """int64 (256,): the stored bit i is bit ``order[i]`` of the code, counted from byte 0, lowest bit first.

    A Fisher-Yates shuffle with a generator written out here, so that no library can change it.
    """
    order = np.arange(CODE_BITS)
    state = 0x486F6C6466617374
    for last in range(CODE_BITS - 1, 0, -1):
        state = (state * _MULTIPLIER + _INCREMENT) % 2**64
        other = (state >> 33) % (last + 1)
        order[last], order[other] = order[other], order[last]
    return order


@functools.cache
def _byte_table() -> npt.NDArray[np.uint64]:
    """uint64 (32, 256, 4): where the bits of each byte value go."""
    stored_at = np.argsort(bit_order())
    table = np.zeros((CODE_BYTES, 256, 4), np.uint64)
    for byte in range(CODE_BYTES):
        for bit in range(8):
            word, shift = divmod(int(stored_at[byte * 8 + bit]), 64)
            table[byte, np.arange(256) >> bit & 1 == 1, word] |= np.uint64(1 << shift)
    return table


def checked_codes(codes: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Codes as C-contiguous uint8 (n, 32). Raises ValueError for another type or shape."""
    array = np.asarray(codes)
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != CODE_BYTES:
        raise ValueError(f"codes must be uint8 of shape (n, 32); these are {array.dtype} {array.shape}")
    return np.ascontiguousarray(array)


def shuffled(
    codes: npt.NDArray[np.uint8], out: npt.NDArray[np.uint64] | None = None
) -> npt.NDArray[np.uint64]:
    """Codes uint8 (n, 32) in the order that the index keeps: uint64 (n, 4), in ``out`` where given."""
    if out is None:
        out = np.empty((len(codes), 4), np.uint64)
    table_kernels.permute(codes, _byte_table(), out)
    return out
