"""A query at a few of its views alone: what a candidate of a large bank is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.evidence import FrameCodes
from holdfast.matching.video.query import Fitted, VideoQuery

__all__ = ["narrowed"]


def narrowed(query: VideoQuery, views: Sequence[int]) -> VideoQuery:
    """The same frames at some views, the frames as they are (view 0) always among them, in their order."""
    chosen = sorted({0, *views})
    if len(chosen) == len(query.families):
        return query
    frames, whole, look = query.frames, query.fit, query.look

    def fit(view: int, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.uint8]) -> Fitted | None:
        return None if whole is None else whole(chosen[view], rows, codes)

    return replace(
        query,
        codes=query.codes[chosen],
        quality=query.quality[chosen],
        families=tuple(query.families[view] for view in chosen),
        words=tuple(query.words[view] for view in chosen),
        frames=FrameCodes(frames.words[chosen], frames.kind[chosen], frames.weight[chosen]),
        state=query.state[chosen],
        fit=None if whole is None else fit,
        look=None if look is None else lambda view: look(chosen[view]),
    )
