"""Which small changes of geometry are undone for every frame, and in which order they are worth it."""

from __future__ import annotations

from holdfast.hashing.views.plan import Warp

__all__ = ["BOX_WARPS", "VIDEO_WARPS"]


def _corners(scale: float, shift: float) -> tuple[Warp, ...]:
    return tuple((scale, scale, a * shift, b * shift, 0.0) for a in (-1, 1) for b in (-1, 1))


def _sides(scale: float, shift: float) -> tuple[Warp, ...]:
    moves = ((-shift, 0.0), (shift, 0.0), (0.0, -shift), (0.0, shift))
    return tuple((scale, scale, x, y, 0.0) for x, y in moves)


# (scale across and down, shift across and down, degrees): see `holdfast.hashing.views.plan`. Fewer than for
# photographs, because many frames speak together and refining does the rest.
VIDEO_WARPS: tuple[Warp, ...] = (
    (1.11, 1.11, 0.0, 0.0, 0.0),
    (1.25, 1.25, 0.0, 0.0, 0.0),
    (0.92, 0.92, 0.0, 0.0, 0.0),
    *_corners(1.25, 0.25),
    (1.43, 1.43, 0.0, 0.0, 0.0),
    (0.95, 0.95, 0.0, 0.0, 5.0),
    (0.95, 0.95, 0.0, 0.0, -5.0),
    *_sides(1.14, 0.14),
    (1.2, 1.0, 0.0, 0.0, 0.0),
    (1.0, 1.2, 0.0, 0.0, 0.0),
    (1.1, 1.1, 0.0, 0.0, 5.0),
    (1.1, 1.1, 0.0, 0.0, -5.0),
    (0.82, 0.82, 0.0, 0.0, 0.0),
    *_corners(1.12, 0.12),
    *_corners(1.43, 0.43),
)
BOX_WARPS = VIDEO_WARPS[:8]  # of the likeliest box inside the frame
