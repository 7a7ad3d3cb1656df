"""Made-up films as frames: pictures that drift, and pages that they are put on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border import Box
from holdfast.hashing.pdq import pdq_from_blocks
from holdfast.hashing.videoviews.looks import Look
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.small import small_luma
from holdfast.media.types import VideoFrame
from tests.pictures import picture

__all__ = ["PLAIN_LOOK", "behind", "blocks_of", "codes_of", "film", "frames", "mean_bits", "on_page"]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
BOX = Box(0, 160, 0, 240)
PLAIN_LOOK = Look(BOX, np.eye(3), (160, 240), "as_is", "as is")


def film(seed: int, count: int, width: int = 240, height: int = 160) -> list[UInt8Array]:
    """Lumas uint8 (height, width): a camera that moves across one large scene."""
    scene = np.asarray(picture(seed, width + 8 * count, height + 4 * count).convert("L"))
    return [np.ascontiguousarray(scene[4 * n : 4 * n + height, 8 * n : 8 * n + width]) for n in range(count)]


def on_page(
    lumas: list[UInt8Array], page: Callable[[int], UInt8Array], top: int, left: int
) -> list[UInt8Array]:
    """Each frame pasted into the page of its number."""
    out = []
    for number, luma in enumerate(lumas):
        whole = page(number).copy()
        whole[top : top + luma.shape[0], left : left + luma.shape[1]] = luma
        out.append(whole)
    return out


def frames(lumas: list[UInt8Array]) -> list[VideoFrame]:
    """As a decoder gives them, half a second apart."""
    return [
        VideoFrame(n / 2, n, luma, luma.shape[1], luma.shape[0], full_range=True)
        for n, luma in enumerate(lumas)
    ]


def blocks_of(lumas: list[UInt8Array]) -> Float32Array:
    """What is hashed of frames of 240 x 160, as they are: float32 (f, 64, 64)."""
    small = [small_luma(one, width=240, height=160) for one in lumas]
    made = [Faces(one, (BOX,)) for one in small if one is not None]
    return np.concatenate([face.blocks(0, np.eye(3)[np.newaxis]) for face in made])


def codes_of(blocks: Float32Array) -> UInt8Array:
    return pdq_from_blocks(np.ascontiguousarray(blocks))[0]


def mean_bits(one: UInt8Array, other: UInt8Array) -> float:
    return float(np.bitwise_count(one ^ other).sum(axis=1).mean())


def behind(lumas: list[UInt8Array], figure: list[UInt8Array], top: int, left: int) -> list[UInt8Array]:
    """With a part of another film, 110 x 90, in front of each frame."""
    out = []
    for luma, front in zip(lumas, figure, strict=True):
        page = luma.copy()
        page[top : top + 110, left : left + 90] = front[:110, :90]
        out.append(page)
    return out
