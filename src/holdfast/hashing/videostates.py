"""The distinct pictures of a video, its *states*: which of its frames look alike.

A state says once what many frames repeat: that keeps a still shot from counting as a hundred matches, and
a list small. They are worked out from a plain vPDQ hash, so they may travel beside one or be left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.errors import BadEntryError
from holdfast.hashing.video import VideoHash

__all__ = ["STATE_BITS", "VideoStates", "states_of"]

STATE_BITS = 48  # frames this near to a state's first frame belong to it: design measurements, 55 videos

_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class VideoStates:
    """For each of n frames its state: ``state`` int32 (n,), numbered 0, 1, ... as they first appear."""

    state: npt.NDArray[np.int32]
    radius_bits: int = STATE_BITS

    @property
    def first(self) -> npt.NDArray[np.intp]:
        """The row of each state's first frame, which stands for it: int (states,)."""
        return np.unique(self.state, return_index=True)[1]

    def __len__(self) -> int:
        return int(self.state.max(initial=-1)) + 1

    def to_json(self) -> str:
        """A small JSON object, to be kept beside the hash."""
        return json.dumps(
            {"version": _VERSION, "radius_bits": self.radius_bits, "state": self.state.tolist()},
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str, frames: int) -> VideoStates:
        """What `to_json` wrote of a hash of ``frames`` frames. Raises `BadEntryError` for anything else."""
        try:
            record = json.loads(text)
            version, radius_bits = record["version"], int(record["radius_bits"])
            state = np.array(record["state"], np.int32)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            raise _bad("it is not in the form known here") from None
        if version != _VERSION or not 0 <= radius_bits <= 256:
            raise _bad("its version or its radius is not known here")
        seen = np.maximum.accumulate(np.concatenate([np.array([-1], np.int32), state.ravel()]))
        if state.shape != (frames,) or (state < 0).any() or (np.diff(seen) > 1).any():
            raise _bad("its states are not those of this many frames, numbered as they appear")
        return cls(state, radius_bits)


def states_of(video: VideoHash, radius_bits: int = STATE_BITS) -> VideoStates:
    """The states of a video: a frame joins the first state within ``radius_bits``, else opens a new one."""
    words = np.ascontiguousarray(video.codes).view(np.uint64)
    firsts = np.empty_like(words)
    state = np.empty(len(words), np.int32)
    count = 0
    for row, word in enumerate(words):
        near = np.bitwise_count(firsts[:count] ^ word).sum(axis=1) <= radius_bits
        found = int(near.argmax()) if near.any() else count
        if found == count:
            firsts[count] = word
            count += 1
        state[row] = found
    return VideoStates(state, radius_bits)


def _bad(problem: str) -> BadEntryError:
    return BadEntryError(f"not the states of this video: {problem}; they were not used")
