"""PDQ, the perceptual hash that the industry's photo lists are made of.

The published algorithm, in the paper's order: luma -> two box filters along each axis, sampled at
64 x 64 points (the *block*) -> quality from the block's gradients -> 16 x 16 coefficients of its
cosine transform, frequencies 1 to 16 -> 256 bits: which coefficients lie above their median.

All up to the median is linear, so it is computed as two banded matrix products (see `bands`) and
touches each pixel about once. Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
Algorithm" (Facebook, 2019) and its reference implementation in facebook/ThreatExchange.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.hashing import kernels
from holdfast.hashing.bands import BLOCK_SIDE, NEAREST_SIDE, Band, band
from holdfast.hashing.code import CODE_BYTES, Convention, PdqHash
from holdfast.hashing.orientation import Orientation

__all__ = ["MIN_SIDE", "block64", "pdq", "pdq_from_blocks", "pdq_orientations"]

MIN_SIDE = 5  # a picture with a shorter side has no hash: all bits zero, quality 0, as the reference answers
COEFFICIENT_SIDE = 16

LumaArray = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Float32Array = npt.NDArray[np.float32]
UInt8Array = npt.NDArray[np.uint8]

# Row of the result for each pattern of signs, as it stands and transposed (see `kernels`).
_ALL_SLOTS = np.array([[0, 6], [4, 1], [5, 3], [2, 7]])
_ONE_SLOT = np.array([[0, -1]])


def pdq(
    luma: LumaArray,
    *,
    scale: int = 1,
    width: int | None = None,
    height: int | None = None,
    convention: Convention = Convention.FULL,
) -> PdqHash:
    """The PDQ hash of one picture.

    ``luma`` is uint8 or float32 of shape (h, w), values 0..255 (0.299 R + 0.587 G + 0.114 B). Where it
    was decoded at a reduced size, ``scale`` says how many original pixels one pixel stands for along
    each axis, and ``width`` and ``height`` are the original ones. Raises ValueError for any other
    type, shape or value. A picture under 5 pixels high or wide gets zero bits and quality 0.
    """
    block = block64(luma, scale=scale, width=width, height=height, convention=convention)
    if block is None:
        return PdqHash(np.zeros(CODE_BYTES, np.uint8), 0, convention)
    codes, quality = _hash_block(block, _ONE_SLOT, 1)
    return PdqHash(codes[0], quality, convention)


def pdq_orientations(
    luma: LumaArray,
    *,
    scale: int = 1,
    width: int | None = None,
    height: int | None = None,
    convention: Convention = Convention.FULL,
) -> tuple[PdqHash, PdqHash, PdqHash, PdqHash, PdqHash, PdqHash, PdqHash, PdqHash]:
    """The eight hashes of one picture turned and mirrored, in the order of `Orientation`.

    Hash number o is that of ``o.undo(luma)``: if it is on a list, the picture at hand is the listed
    one changed by o. Arguments and errors are those of `pdq`. As in the reference, they come from one
    set of coefficients; hashing the turned picture itself samples other pixels and may differ in a
    few bits.
    """
    block = block64(luma, scale=scale, width=width, height=height, convention=convention)
    codes, quality = np.zeros((len(Orientation), CODE_BYTES), np.uint8), 0
    if block is not None:
        codes, quality = _hash_block(block, _ALL_SLOTS, len(Orientation))
    one, two, three, four, five, six, seven, eight = (PdqHash(code, quality, convention) for code in codes)
    return one, two, three, four, five, six, seven, eight


def block64(
    luma: LumaArray,
    *,
    scale: int = 1,
    width: int | None = None,
    height: int | None = None,
    convention: Convention = Convention.FULL,
) -> Float32Array | None:
    """The 64 x 64 block that PDQ transforms: float32, values 0..255; None under 5 pixels a side.

    Arguments and errors are those of `pdq`.
    """
    if convention is Convention.UNKNOWN:
        raise ValueError("a hash cannot be computed by an unknown convention; name full or nearest-512")
    luma = _checked(luma)
    height, width = _original_size(luma, scale, width, height)
    if min(height, width) < MIN_SIDE:
        return None
    nearest = convention is Convention.NEAREST_512 and max(height, width) > NEAREST_SIDE
    rows, columns = band(height, scale, nearest), band(width, scale, nearest)
    return _block(luma, rows, columns)


def pdq_from_blocks(
    blocks: Float32Array, *, orientations: bool = False
) -> tuple[UInt8Array, npt.NDArray[np.int32]]:
    """Hashes of many blocks: codes uint8 (n, 32) and qualities int32 (n,).

    ``blocks`` is float32 (n, 64, 64), as `block64` gives. With ``orientations`` the codes are
    (n, 8, 32), in the order of `Orientation`. Raises ValueError for any other type or shape.
    """
    if blocks.dtype != np.float32 or blocks.ndim != 3 or blocks.shape[1:] != (BLOCK_SIDE, BLOCK_SIDE):
        raise ValueError(f"blocks must be float32 of shape (n, 64, 64), not {blocks.dtype} {blocks.shape}")
    slots, per_block = (_ALL_SLOTS, len(Orientation)) if orientations else (_ONE_SLOT, 1)
    codes = np.empty((len(blocks), per_block, CODE_BYTES), np.uint8)
    qualities = np.empty(len(blocks), np.int32)
    kernels.hash_blocks(np.ascontiguousarray(blocks), *_dct(), slots, codes, qualities)
    return (codes if orientations else codes[:, 0]), qualities


def _hash_block(block: Float32Array, slots: npt.NDArray[np.int64], count: int) -> tuple[UInt8Array, int]:
    codes = np.empty((1, count, CODE_BYTES), np.uint8)
    qualities = np.empty(1, np.int32)
    kernels.hash_blocks(block[np.newaxis], *_dct(), slots, codes, qualities)
    return codes[0], int(qualities[0])


def _block(luma: npt.NDArray[Any], rows: Band, columns: Band) -> Float32Array:
    block = np.empty((BLOCK_SIDE, BLOCK_SIDE), np.float32)
    norm = np.float32(rows.norm * columns.norm)
    check = luma.dtype == np.float32
    if not kernels.block_into(
        luma, rows.index, rows.weight, rows.count, columns.start, columns.dense, norm, check, block
    ):
        raise ValueError("luma holds values outside 0..255 or NaN; scale it to 0..255 first")
    return block


@functools.cache
def _dct() -> tuple[Float32Array, Float32Array]:
    """Rows 1..16 of the 64-point cosine transform, float32 (16, 64), and the same transposed."""
    frequency = np.arange(1, COEFFICIENT_SIDE + 1)[:, np.newaxis]
    place = 2 * np.arange(BLOCK_SIDE) + 1
    scale = np.float64(np.float32(np.sqrt(2 / BLOCK_SIDE)))  # rounded where the reference rounds
    matrix = (scale * np.cos(np.pi / 2 / BLOCK_SIDE * frequency * place)).astype(np.float32)
    return matrix, np.ascontiguousarray(matrix.T)


def _checked(luma: Any) -> LumaArray:
    """The luma, C-contiguous; raises ValueError where type or shape are not those of one."""
    if not isinstance(luma, np.ndarray) or luma.dtype not in (np.uint8, np.float32):
        kind = luma.dtype if isinstance(luma, np.ndarray) else type(luma).__name__
        raise ValueError(f"luma must be a uint8 or float32 array with values 0..255, not {kind}")
    if luma.ndim != 2 or not luma.size:
        raise ValueError(f"luma must have the shape (height, width) and some pixels, not {luma.shape}")
    checked: LumaArray = np.ascontiguousarray(luma)
    return checked


def _original_size(luma: LumaArray, scale: int, width: int | None, height: int | None) -> tuple[int, int]:
    """Original (height, width); raises ValueError where they do not fit the luma at this scale."""
    if scale < 1:
        raise ValueError(f"scale must be a whole number from 1, not {scale}")
    if scale > 1 and (width is None or height is None):
        raise ValueError("a scaled luma needs the width and height of the original picture")
    height = luma.shape[0] if height is None else height
    width = luma.shape[1] if width is None else width
    if (-(-height // scale), -(-width // scale)) != luma.shape:
        raise ValueError(
            f"luma of shape {luma.shape} is not a {width} x {height} picture (width x height) "
            f"at scale 1/{scale}"
        )
    return height, width
