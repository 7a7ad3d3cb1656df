"""States: which frames of a video look alike, against a plain reading of the rule."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadEntryError
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videostates import STATE_BITS, VideoStates, states_of


def video_of(codes: npt.NDArray[np.uint8]) -> VideoHash:
    n = len(codes)
    return VideoHash(np.arange(n), np.arange(n, dtype=np.float64), np.full(n, 100, np.int32), codes)


def slowly(codes: npt.NDArray[np.uint8], radius_bits: int) -> list[int]:
    firsts: list[npt.NDArray[np.uint8]] = []
    out = []
    for code in codes:
        near = [n for n, first in enumerate(firsts) if int(np.unpackbits(first ^ code).sum()) <= radius_bits]
        if not near:
            firsts.append(code)
        out.append(near[0] if near else len(firsts) - 1)
    return out


@st.composite
def films(draw: st.DrawFn) -> npt.NDArray[np.uint8]:
    """A few pictures that come back with some bits changed."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    scenes = random.integers(0, 256, (4, 32), np.uint8)
    codes = scenes[random.integers(0, 4, draw(st.integers(0, 40)))].copy()
    for code in codes:
        places = random.choice(256, random.integers(0, 70), replace=False)
        np.bitwise_xor(code, np.packbits(np.isin(np.arange(256), places)), out=code)
    return codes


@given(codes=films(), radius_bits=st.sampled_from([0, 20, STATE_BITS, 256]))
def test_states_are_those_of_the_rule(codes: npt.NDArray[np.uint8], radius_bits: int) -> None:
    states = states_of(video_of(codes), radius_bits)
    assert states.state.tolist() == slowly(codes, radius_bits)
    assert len(states) == len(set(states.state.tolist()))
    assert states.first.tolist() == [states.state.tolist().index(n) for n in range(len(states))]
    assert VideoStates.from_json(states.to_json(), len(codes)).state.tolist() == states.state.tolist()


def test_a_still_shot_is_one_state_and_a_far_one_another() -> None:
    codes = np.zeros((5, 32), np.uint8)
    codes[3] = 0xFF
    assert states_of(video_of(codes)).state.tolist() == [0, 0, 0, 1, 0]


GOOD = {"version": 1, "radius_bits": 48, "state": [0, 0, 1]}


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"radius_bits": -1},
        {"radius_bits": "x"},
        {"state": [0, 1]},
        {"state": [0, 0, 2]},
        {"state": [1, 0, 1]},
        {"state": [0, -1, 1]},
        {"state": [[0, 0, 1]]},
        {"state": "001"},
        {"state": [0, 0, 2**40]},
        {"state": None},
    ],
)
def test_what_are_no_states_of_this_video_is_refused(changed: dict[str, object]) -> None:
    assert VideoStates.from_json(json.dumps(GOOD), 3).state.tolist() == [0, 0, 1]
    with pytest.raises(BadEntryError, match="not the states of this video"):
        VideoStates.from_json(json.dumps(GOOD | changed), 3)


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", "[" * 100_000, '{"version": 1}'])
def test_what_is_no_such_object_is_refused(text: str) -> None:
    with pytest.raises(BadEntryError):
        VideoStates.from_json(text, 1)
