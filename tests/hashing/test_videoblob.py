"""vPDQ hashes as bytes: nothing is lost, nothing else is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadEntryError
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videoblob import NAME_BYTES, name_of, pack, unpack
from holdfast.hashing.videotext import from_json, from_text, to_json, to_text
from tests.hashing.videohashes import video_hash


@given(st.integers(0, 40), st.integers(0, 2**31), st.integers(0, 2**31))
def test_what_is_packed_comes_back(count: int, first_frame: int, first_ms: int) -> None:
    made = video_hash(count, count)
    moved = VideoHash(
        made.frame + first_frame, made.time_s + np.float64(first_ms) / 1000, made.quality, made.codes
    )
    again = unpack(pack(moved))
    assert to_text(again) == to_text(moved)
    assert pack(again) == pack(moved)


def test_the_name_is_one_for_all_forms() -> None:
    made = video_hash(1, 12)
    by_json = from_json(to_json(made))
    assert name_of(made) == name_of(by_json) == name_of(from_text(to_text(made)))
    assert len(name_of(made)) == NAME_BYTES
    assert name_of(made) != name_of(video_hash(2, 12))
    other = made.quality.copy()
    other[3] = 12
    assert name_of(made) != name_of(VideoHash(made.frame, made.time_s, other, made.codes))


@pytest.mark.parametrize("damage", ["short", "long", "version", "quality", "empty", "count"])
def test_other_bytes_are_refused(damage: str) -> None:
    data = pack(video_hash(1, 3))
    wrong = {
        "short": data[:-1],
        "long": data + b"\0",
        "version": b"\x02" + data[1:],
        "quality": data[: 5 + 24] + b"\xff" + data[5 + 25 :],
        "empty": b"",
        "count": data[:1] + b"\xff\xff\xff\xff" + data[5:],
    }[damage]
    with pytest.raises(BadEntryError):
        unpack(wrong)


def test_a_time_beyond_49_days_has_no_room() -> None:
    made = video_hash(1, 1)
    with pytest.raises(BadEntryError, match="out of range"):
        pack(VideoHash(made.frame, made.time_s + np.float64(5e6), made.quality, made.codes))
