"""What is looked up of a video: its frames through many views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.evidence import FrameCodes, frame_codes
from holdfast.matching.video.kernels import states_into

__all__ = ["STATE_BITS", "Close", "Fit", "Fitted", "LookOf", "VideoQuery"]

STATE_BITS = 48  # frames this near show the same picture: as in `holdfast.hashing.videostates`


class Fitted(Protocol):
    """A view that was fitted to listed frames: `holdfast.hashing.videoviews.fitting.FittedView`.

    ``codes`` uint8 (f, 32) and ``quality`` (f,) are of frames at ``time_s`` float64 (f,), seconds: those of
    the query and those between. ``values`` float32 (f, 256) are what the bits of its codes are the signs of,
    in the order of the bits, in units of the usual one of its frame. ``is_changed``: it is not the view any
    more that it was made of.
    """

    @property
    def codes(self) -> npt.NDArray[np.uint8]: ...
    @property
    def quality(self) -> npt.NDArray[np.integer]: ...
    @property
    def values(self) -> npt.NDArray[np.float32]: ...
    @property
    def time_s(self) -> npt.NDArray[np.float64]: ...
    @property
    def is_changed(self) -> bool: ...
    @property
    def family(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def look(self) -> object: ...

    def agreeing(self, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.uint8]) -> float:
        """The share of the picture that agrees with listed codes uint8 (k, 32) of frames ``rows``, 0..1."""
        ...


class Close(Fitted, Protocol):
    """A view of a stretch frame by frame, which can be seen without what covers it."""

    def uncovered(self, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.uint8]) -> Fitted | None:
        """By listed codes uint8 (k, 32) of frames ``rows``, rising; None where too little is told."""


# (view, numbers of frames, listed codes uint8 (k, 32), one for each): what `VideoViews.fitted` does.
Fit = Callable[[int, npt.NDArray[np.int64], npt.NDArray[np.uint8]], Fitted | None]
# Where a view looks, in the terms of who made it: handed back for a closer look. `VideoViews.look` does so.
LookOf = Callable[[int], object]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VideoQuery:
    """Frames of a video at v views. The likeliest views come first; the first is the frames as they are.

    ``codes`` uint8 (v, f, 32); ``quality`` (v, f), 0..100, -1 where a view has no code of a frame;
    ``time_s`` float64 (f,), rising. ``step_s`` is the time for which a frame stands. ``families`` and
    ``words`` name each view, in decisions' words and for people. ``fit``, where there is one, brings a view
    nearer to listed frames: it needs the frames themselves, which a query does not hold. ``values`` float32
    (f, 256) of the only view, and ``is_fitted``, are as `Fitted` says. ``given_away`` are decades that it has
    to give away because it is looked at once more. ``look`` tells where a view looks. ``of_s``: it is every
    frame, or nearly, of a stretch of a query of so many seconds (see `closer`). ``is_uncovered``: parts of
    the picture were left out, as listed frames told (`Close.uncovered`).
    """

    codes: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.integer]
    time_s: npt.NDArray[np.float64]
    step_s: float
    families: tuple[str, ...]
    words: tuple[str, ...]
    frames: FrameCodes
    state: npt.NDArray[np.int32]
    fit: Fit | None = None
    values: npt.NDArray[np.float32] | None = None
    is_fitted: bool = False
    given_away: float = 0.0
    look: LookOf | None = None
    of_s: float | None = None
    is_uncovered: bool = False

    @classmethod
    def of(
        cls,
        codes: npt.NDArray[np.uint8],
        quality: npt.NDArray[np.integer],
        time_s: npt.NDArray[np.float64],
        *,
        step_s: float,
        families: tuple[str, ...] = ("as_is",),
        words: tuple[str, ...] = ("as is",),
        fit: Fit | None = None,
        look: LookOf | None = None,
    ) -> VideoQuery:
        """Raises ValueError where the shapes do not fit each other."""
        views, count = quality.shape
        sound = codes.dtype == np.uint8 and codes.shape == (views, count, 32) and time_s.shape == (count,)
        if not sound or not len(families) == len(words) == views or (np.diff(time_s) < 0).any():
            raise ValueError(
                "a video query needs codes uint8 (v, f, 32), quality (v, f), rising times (f,), v names"
            )
        frames = frame_codes(codes, quality)
        state = np.zeros((views, count), np.int32)
        for view in range(views):
            states_into(frames.words[view], STATE_BITS, state[view])
        return cls(codes, quality, time_s, step_s, families, words, frames, state, fit, look=look)

    @classmethod
    def at_one_view(cls, seen: Fitted, step_s: float) -> VideoQuery:
        """Frames that stand for ``step_s`` each, at one view alone, with their values."""
        query = cls.of(
            seen.codes[np.newaxis],
            seen.quality[np.newaxis],
            seen.time_s,
            step_s=step_s,
            families=(seen.family,),
            words=(seen.words,),
            look=lambda _view: seen.look,
        )
        return replace(query, values=seen.values, is_fitted=seen.is_changed)

    def __len__(self) -> int:
        return int(self.codes.shape[1])

    def fitted(
        self, view: int, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.uint8]
    ) -> VideoQuery | None:
        """The frames, and those between, at one view alone, fitted to listed codes.

        ``codes`` uint8 (k, 32) are one for each of ``rows`` int64 (k,); without any, the view as it stands.
        None where that cannot be.
        """
        found = None if self.fit is None else self.fit(view, rows, codes)
        if found is None:
            return None
        return VideoQuery.at_one_view(found, self.step_s * len(self) / len(found.time_s))

    @property
    def is_close(self) -> bool:
        """Whether it is a stretch that is looked at frame by frame."""
        return self.of_s is not None

    @property
    def asked_s(self) -> float:
        """Seconds with features of the query that it is, or is a stretch of."""
        return int((self.frames.weight[0] > 0).sum()) * self.step_s if self.of_s is None else self.of_s

    def courses(self, view: int) -> tuple[npt.NDArray[np.float32], bool]:
        """(float32 (f, 256), whether they are values and not only signs): each bit's course in time."""
        if self.values is not None:
            return self.values, True
        return np.unpackbits(self.codes[view], axis=1).astype(np.float32) * 2 - 1, False

    def view(self, number: int) -> FrameCodes:
        """The frames at one view."""
        frames = self.frames
        return FrameCodes(frames.words[number], frames.kind[number], frames.weight[number])
