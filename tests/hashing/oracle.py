"""PDQ as published, step by step, in float64 and without any cleverness: the tests' oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def box_filter(lines: FloatArray, window: int) -> FloatArray:
    """Of each line the mean over [i - (window - half), i + half), with half = (window + 2) // 2, clipped."""
    half, length = (window + 2) // 2, lines.shape[1]
    ends = [(max(0, i - (window - half)), min(length, i + half)) for i in range(length)]
    return np.stack([lines[:, first:end].mean(axis=1) for first, end in ends], axis=1)


def nearest_512(luma: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The C++ program's first step: 512 x 512 by nearest neighbour if either side is larger."""
    height, width = luma.shape
    if max(height, width) <= 512:
        return luma
    resized: npt.NDArray[Any] = luma[np.arange(512) * height // 512][:, np.arange(512) * width // 512]
    return resized


def block(luma: npt.NDArray[Any]) -> FloatArray:
    """Two box filters along each axis, then 64 x 64 samples at the centres of equal cells."""
    height, width = luma.shape
    filtered = luma.astype(np.float64)
    for _ in range(2):
        filtered = box_filter(filtered, (width + 127) // 128)
        filtered = box_filter(filtered.T, (height + 127) // 128).T
    rows = [int((k + 0.5) * height / 64) for k in range(64)]
    columns = [int((k + 0.5) * width / 64) for k in range(64)]
    return filtered[rows][:, columns]


def quality(samples: FloatArray) -> int:
    """Whole per cents of the full range by which neighbours differ, added up, over 90, at most 100."""
    steps = [np.trunc(np.diff(samples, axis=axis) * 100 / 255) for axis in (0, 1)]
    return min(100, int(sum(np.abs(step).sum() for step in steps)) // 90)


def coefficients(samples: FloatArray) -> FloatArray:
    """The 16 x 16 cosine coefficients of frequencies 1 to 16."""
    dct = np.array(
        [
            [np.sqrt(2 / 64) * np.cos(np.pi / 128 * frequency * (2 * place + 1)) for place in range(64)]
            for frequency in range(1, 17)
        ]
    )
    transformed: FloatArray = dct @ samples @ dct.T
    return transformed


def bits(values: FloatArray) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The 256 bits in hex order, and which of them are clear (not within rounding of the median)."""
    median = np.sort(values.ravel())[127]
    margin = (values - median).ravel()[::-1]
    return margin > 0, np.abs(margin) > 2e-3
