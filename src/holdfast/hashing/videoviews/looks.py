"""Where a view of a video looks, so that it can be looked at once more through the same view."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.hashing.border import Box
from holdfast.hashing.views.plan import Matrix

__all__ = ["Look"]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The part ``box`` of small lumas of ``shape`` (rows, columns), seen through ``matrix`` float64 (3, 3).

    ``family`` and ``words`` name it, in decisions' words and for people; ``is_fitted``: its matrix was fitted
    to what is listed.
    """

    box: Box
    matrix: Matrix
    shape: tuple[int, int]
    family: str
    words: str
    is_fitted: bool = False
