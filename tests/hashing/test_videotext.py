"""vPDQ's forms of text: the reference tool's own files byte for byte, and an answer to everything else."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadEntryError
from holdfast.hashing import videotext
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videotext import from_json, from_text, to_json, to_text

HASH = "0123456789abcdef" * 4


def as_extension_writes(video: VideoHash) -> str:
    """python-threatexchange, vpdq_util.py: hash, quality and time to three digits, in a JSON list."""
    return json.dumps(
        [
            f"{code.tobytes().hex()},{quality},{float(time_s):.3}"
            for code, quality, time_s in zip(video.codes, video.quality, video.time_s, strict=True)
        ]
    )


@pytest.mark.shared_data
def test_the_reference_tools_files_come_back_byte_for_byte(shared_data: Path) -> None:
    files = sorted((shared_data / "video" / "vpdq-reference-hashes").glob("*.txt"))
    assert len(files) == 31
    for file in files:
        text = file.read_bytes().decode()
        video = from_text(text)
        assert to_text(video) == text
        rows = [line.split(",") for line in text.splitlines()]
        assert [code.tobytes().hex() for code in video.codes] == [row[2] for row in rows]
        assert video.frame.tolist() == [int(row[0]) for row in rows]
        assert video.quality.tolist() == [int(row[1]) for row in rows]
        assert video.time_s.tolist() == [float(row[3]) for row in rows]
        assert_json_round_trip(video)


def assert_json_round_trip(video: VideoHash) -> None:
    there = from_json(to_json(video))
    np.testing.assert_array_equal(there.codes, video.codes)
    np.testing.assert_array_equal(there.quality, video.quality)
    np.testing.assert_allclose(there.time_s, video.time_s, atol=5.1e-4, rtol=0)
    theirs = as_extension_writes(video)
    read = from_json(theirs)
    assert as_extension_writes(read) == theirs
    np.testing.assert_array_equal(read.codes, video.codes)
    assert to_json(read) == theirs  # what the extension wrote comes back byte for byte


@st.composite
def hashes(draw: st.DrawFn) -> VideoHash:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 10**6),
                st.integers(0, 10**8).map(lambda ms: ms / 1000),
                st.integers(0, 100),
                st.binary(min_size=32, max_size=32),
            ),
            min_size=1,
            max_size=20,
        )
    )
    frame, time_s, quality, code = zip(*rows, strict=True)
    codes = np.frombuffer(b"".join(code), np.uint8).reshape(-1, 32)
    return VideoHash(np.array(frame, np.int64), np.array(time_s), np.array(quality, np.int32), codes)


@given(video=hashes())
def test_every_hash_survives_both_forms(video: VideoHash) -> None:
    assert from_text(to_text(video)) == video
    assert_json_round_trip(video)


@given(video=hashes())
def test_what_is_written_is_what_their_readers_take(video: VideoHash) -> None:
    for line in to_text(video).splitlines():  # vpdqio.cpp: stoi, stoi, 64 digits, stod
        assert re.fullmatch(r"\d+,\d+,[0-9a-f]{64},\d+\.\d{3}", line)
    for item, time_s in zip(json.loads(to_json(video)), video.time_s, strict=True):  # vpdq_util.py
        value, quality, moment = item.split(",")
        assert len(bytes.fromhex(value)) == 32
        assert 0 <= int(quality) <= 100
        assert abs(float(moment) - time_s) <= 5.1e-4


def test_late_times_are_not_rounded_away() -> None:
    codes = np.zeros((3, 32), np.uint8)
    video = VideoHash(np.arange(3), np.array([123.456, 1230.0, 4321.0]), np.zeros(3, np.int32), codes)
    assert [item.split(",")[2] for item in json.loads(to_json(video))] == ["123.456", "1.23e+03", "4321.000"]


def test_the_older_form_is_read() -> None:
    old = {
        "0": {"quality": 100, "hash": HASH, "timestamp": 0.0},
        "30": {"quality": 7, "hash": HASH[::-1], "timestamp": 1},
    }
    video = from_json(json.dumps(old))
    assert video.frame.tolist() == [0, 30]
    assert video.quality.tolist() == [100, 7]
    assert video.time_s.tolist() == [0, 1]
    assert video.codes[1].tobytes().hex() == HASH[::-1]


def test_other_spellings_are_read() -> None:
    text = f"0,1,{HASH.upper()},0\r\n7,100,{HASH},1.5e1"
    assert to_text(from_text(text)) == f"0,1,{HASH},0.000\n7,100,{HASH},15.000\n"


BAD_TEXT = {
    "": "no line",
    f"0,1,{HASH}": "line 1 has 3 fields",
    f"0,1,{HASH},0.0\n\n": "line 2 has 1 fields",
    f"0,1,{HASH},0.0\n1,101,{HASH},1.0": "line 2 has a quality over 100",
    f"-1,1,{HASH},0.0": "line 1 has a frame or quality",
    f"0,x,{HASH},0.0": "line 1 has a frame or quality",
    f"0,1,{HASH[1:]},0.0": "line 1 has 63 characters",
    f"0,1,{HASH[1:]}g,0.0": "line 1 has 64 characters",
    f"0,1,{HASH},-1.0": "line 1 has a time",
    f"0,1,{HASH},nan": "line 1 has a time",
    f"0,1,{HASH},9e999": "line 1 has a time",
    f"0,1,{HASH},0.0,x": "line 1 has 5 fields",
    "0,1,\u0661" + HASH + ",0.0": "line 1 has 65 characters",
    f"\u0661,1,{HASH},0.0": "line 1 has a frame or quality",
}


@pytest.mark.parametrize("text", BAD_TEXT)
def test_bad_text_is_refused_by_its_line_and_not_repeated(text: str) -> None:
    with pytest.raises(BadEntryError) as caught:
        from_text(text)
    assert BAD_TEXT[text] in str(caught.value)
    assert "nothing was read" in str(caught.value)
    assert HASH[1:] not in str(caught.value)


BAD_JSON: dict[str, object] = {
    "nothing": [],
    "no frames": {},
    "a number": 3,
    "numbers": [3],
    "two fields": [f"{HASH},1"],
    "a short hash": [f"{HASH[2:]},1,0.0"],
    "a bad quality": [f"{HASH},1.5,0.0"],
    "an object in a list": [{"hash": HASH}],
    "a frame that is no number": {"x": {"hash": HASH, "quality": 1, "timestamp": 0.0}},
    "truth for quality": {"0": {"hash": HASH, "quality": True, "timestamp": 0.0}},
    "text for a time": {"0": {"hash": HASH, "quality": 1, "timestamp": "0"}},
    "no time": {"0": {"hash": HASH, "quality": 1}},
    "a text in an object": {"0": f"{HASH},1,0.0"},
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_bad_json_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(BadEntryError, match="not a vPDQ hash") as caught:
        from_json(json.dumps(BAD_JSON[name]))
    assert HASH not in str(caught.value)


def test_what_is_no_json_is_refused() -> None:
    for text in ("", "{", "[" * 100_000, HASH):
        with pytest.raises(BadEntryError):
            from_json(text)


def test_the_number_of_frames_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(videotext, "MAX_FRAMES", 3)
    row, item = f"0,1,{HASH},0.0\n", f"{HASH},1,0.0"
    assert len(from_text(row * 3)) == len(from_json(json.dumps([item] * 3))) == 3
    with pytest.raises(BadEntryError):
        from_text(row * 4)
    with pytest.raises(BadEntryError):
        from_json(json.dumps([item] * 4))


@given(text=st.text(max_size=300))
def test_random_text_is_always_an_answer(text: str) -> None:
    for read in (from_text, from_json):
        with suppress(BadEntryError):
            assert len(read(text))
