"""Which geometric changes are undone, in numbers and in words.

A change is a matrix (3, 3) in homogeneous coordinates. It takes a point of the original, its edges at
-1 and 1, to the point of the picture at hand that shows it, its own edges at -1 and 1. A cropped picture
shows only a part of its original, so the original's corners lie beyond the picture's edges.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from holdfast.hashing.orientation import Orientation

__all__ = [
    "FAST_WARPS",
    "REFERENCE_WARPS",
    "TILTS",
    "WARPS",
    "Matrix",
    "Warp",
    "describe",
    "orientation_matrix",
    "warp_descriptions",
    "warp_matrices",
]

Matrix = npt.NDArray[np.float64]
Warp = tuple[float, float, float, float, float]  # scale across and down, shift across and down, degrees

_SHOWN_DEGREES = 1.5  # smaller turns are not worth a word
_SHOWN_SHARE = 0.02  # nor are smaller crops
_SHOWN_SLANT = 0.03


def _mirrored(across: float, down: float, x: float, y: float, degrees: float = 0.0) -> Iterator[Warp]:
    """A warp and its mirror images, without repeats."""
    seen = dict.fromkeys((a * x + 0.0, b * y + 0.0, a * b * degrees + 0.0) for a in (1, -1) for b in (1, -1))
    for shift_x, shift_y, turn in seen:
        yield across, down, shift_x, shift_y, turn


def _warps(*families: Warp) -> tuple[Warp, ...]:
    return tuple(warp for family in families for warp in _mirrored(*family))


# In the order in which they find most that those before them miss, measured on photographs that are cropped,
# tilted and zoomed at random; symmetric, so that nothing depends on which side was cut.
WARPS: tuple[Warp, ...] = _warps(
    (1.10, 1.10, 0.00, 0.00, 0),
    (0.92, 0.92, 0.00, 0.00, 0),
    (1.16, 1.16, 0.00, 0.08, 0),
    (1.22, 1.22, 0.22, 0.22, 0),
    (1.50, 1.00, 0.00, 0.00, 0),
    (1.16, 1.16, 0.08, 0.00, 0),
    (1.00, 1.20, 0.00, 0.00, 0),
    (1.20, 1.00, 0.00, 0.00, 0),
    (0.92, 0.92, 0.00, 0.00, 5),
    (1.11, 1.00, 0.11, 0.00, 0),
    (1.00, 1.11, 0.00, 0.11, 0),
    (1.16, 1.16, 0.00, 0.16, 0),
    (1.28, 1.28, 0.19, 0.09, 0),
    (1.36, 1.36, 0.00, 0.09, 0),
    (1.16, 1.16, 0.08, 0.08, 0),
    (1.36, 1.36, 0.00, 0.27, 0),
    (1.00, 1.50, 0.00, 0.00, 0),
    (1.08, 1.08, 0.00, 0.00, 5),
    (1.36, 1.36, 0.18, 0.27, 0),
    (1.45, 1.45, 0.18, 0.00, 0),
    (1.45, 1.45, 0.36, 0.27, 0),
    (1.22, 1.22, 0.11, 0.22, 0),
    (1.28, 1.28, 0.19, 0.00, 0),
)

# Larger tilts than refining reaches from those: with the corners cut off, all there, and cut to a rectangle.
TILTS: tuple[Warp, ...] = _warps(
    (0.97, 0.97, 0.00, 0.00, 11),
    (0.86, 0.86, 0.00, 0.00, 11),
    (1.14, 1.14, 0.00, 0.00, 10),
)

# The few that bring a hash within the plain radius of 31 bits.
FAST_WARPS: tuple[Warp, ...] = _warps(
    (1.05, 1.05, 0.00, 0.00, 0),
    (1.00, 1.00, 0.00, 0.00, 5),
    (0.92, 0.92, 0.00, 0.00, 5),
    (1.05, 1.05, 0.00, 0.05, 0),
    (1.10, 1.10, 0.00, 0.00, 0),
    (1.05, 1.05, 0.05, 0.00, 0),
    (1.05, 1.05, 0.05, 0.05, 0),
    (0.96, 0.96, 0.00, 0.00, 0),
)

# Of an original, for its own list: what crops by 15 and 30 % show, and tilts.
REFERENCE_WARPS: tuple[Warp, ...] = _warps(
    *((0.85, 0.85, x, y, 0) for x in (0.0, 0.15) for y in (0.0, 0.15)),
    *((0.70, 0.70, x, y, 0) for x in (0.0, 0.30) for y in (0.0, 0.30)),
    (0.95, 0.95, 0.00, 0.00, 5),
)


def warp_matrices(warps: tuple[Warp, ...], aspect: float) -> Matrix:
    """The matrices of warps for a picture with this width over height: float64 (n, 3, 3)."""
    across, down, x, y, degrees = np.array(warps, float).reshape(-1, 5).T
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrices = np.zeros((len(warps), 3, 3))
    matrices[:, 0, 0], matrices[:, 0, 1] = across * cosine, -down * sine / aspect
    matrices[:, 1, 0], matrices[:, 1, 1] = across * sine * aspect, down * cosine
    matrices[:, 0, 2], matrices[:, 1, 2], matrices[:, 2, 2] = x, y, 1
    return matrices


@functools.cache
def warp_descriptions(warps: tuple[Warp, ...]) -> tuple[tuple[str, str], ...]:
    """What `describe` says of each warp, the same for pictures of every shape."""
    return tuple(describe(matrix, 1.0) for matrix in warp_matrices(warps, 1.0))


@functools.cache
def orientation_matrix(orientation: Orientation) -> Matrix:
    """Where a picture that was turned or mirrored this way shows the points of its original."""
    corners = np.stack(np.meshgrid([-1.0, 1.0], [-1.0, 1.0]), axis=-1)
    originals = orientation.apply(corners).reshape(4, 2)
    matrix = np.eye(3)
    matrix[:2, :2] = np.rint(np.linalg.lstsq(originals, corners.reshape(4, 2), rcond=None)[0].T)
    matrix.flags.writeable = False  # one for all callers
    return matrix


def describe(matrix: Matrix, aspect: float) -> tuple[str, str]:
    """(family, words) of what a matrix undoes: ("uncrop", "cropped about 20 % top left").

    ``aspect`` is width over height of the picture at hand. ("", "") where nothing is worth a word.
    """
    sides = np.array([[-1, 0, 1], [1, 0, 1], [0, -1, 1], [0, 1, 1]], float).T
    x, y, w = np.linalg.solve(matrix, sides)
    x, y = x / w, y / w
    cuts = (x[0] + 1) / 2, (1 - x[1]) / 2, (y[2] + 1) / 2, (1 - y[3]) / 2
    seen_x, seen_y = max(abs(x[1] - x[0]), 1e-6), max(abs(y[3] - y[2]), 1e-6)
    degrees = math.degrees(math.atan2((y[1] - y[0]) / seen_y, (x[1] - x[0]) * aspect / seen_x))
    slant = math.hypot(matrix[2, 0], matrix[2, 1])
    words, families = [], []
    if abs(degrees) >= _SHOWN_DEGREES:
        way = "clockwise" if degrees < 0 else "anticlockwise"
        words.append(f"rotated about {abs(degrees):.0f} degrees {way}")
        families.append("tilt")
    if slant >= _SHOWN_SLANT:
        words.append("seen at a slant")
        families.append("tilt")
    if (crop := _crop_words(*cuts)) is not None:
        words.append(crop)
        families.append("uncrop")
    elif max(-cuts[0] - cuts[1], -cuts[2] - cuts[3]) >= _SHOWN_SHARE:
        words.append("with a margin around it")
        families.append("zoom")
    return (families[0] if families else ""), ", ".join(words)


def _crop_words(left: float, right: float, top: float, bottom: float) -> str | None:
    """ "cropped about 20 % top left"; None where less than 2 % is gone."""
    across, down = max(left, 0) + max(right, 0), max(top, 0) + max(bottom, 0)
    if max(across, down) < _SHOWN_SHARE:
        return None
    places = [
        name
        for name, cut, other, total in (
            ("top", top, bottom, down),
            ("bottom", bottom, top, down),
            ("left", left, right, across),
            ("right", right, left, across),
        )
        if total >= _SHOWN_SHARE and cut > 2 * max(other, 0)
    ]
    share = round(100 * max(across, down))
    return f"cropped about {share} % {' '.join(places)}".rstrip()
