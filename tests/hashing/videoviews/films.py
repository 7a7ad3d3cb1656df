"""Made-up films as frames: pictures that drift, and pages that they are put on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from holdfast.media.types import VideoFrame
from tests.pictures import picture

__all__ = ["film", "frames", "on_page"]

UInt8Array = npt.NDArray[np.uint8]


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
