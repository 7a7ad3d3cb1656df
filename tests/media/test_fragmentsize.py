"""Fragmented MP4 tells where its last fragment ends, wherever it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.media import fragmentsize
from holdfast.media.fragmentsize import fragmented_size_bytes
from holdfast.media.types import Reason
from tests.media.videos import alone, clip

FLAGS = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
SEVERAL = (("g", "5"), ("keyint_min", "5"))


def film(*, with_index: bool = False) -> bytes:
    flags = FLAGS if with_index else (("movflags", FLAGS[0][1] + "+skip_trailer"),)
    return clip(seconds=6, options=SEVERAL, container_options=flags)


def boxes(data: bytes) -> list[tuple[bytes, int, int]]:
    """(kind, start, end) of each box, by a plain reading."""
    found, place = [], 0
    while place < len(data):
        end = place + int.from_bytes(data[place : place + 4], "big")
        found.append((data[place + 4 : place + 8], place, end))
        place = end
    return found


def test_a_whole_film_ends_where_it_says() -> None:
    data = film()
    assert sum(kind == b"moof" for kind, _, _ in boxes(data)) == 6
    assert fragmented_size_bytes(data) == len(data)
    assert fragmented_size_bytes(film(with_index=True)) <= len(film(with_index=True))
    assert fragmented_size_bytes(clip()) == 0


def test_every_cut_but_one_between_fragments_is_seen() -> None:
    data = film()
    first = next(start for kind, start, _ in boxes(data) if kind == b"moof")
    whole = {end for kind, _, end in boxes(data) if kind == b"mdat"}
    for end in range(first + 8, len(data)):
        is_told = fragmented_size_bytes(memoryview(data)[:end]) > end
        assert is_told == (end not in whole), end


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_cut_film_is_truncated_to_whoever_looks_at_it(share: float) -> None:
    data = film()
    assert alone(data[: int(share * len(data))]).incomplete == Reason.TRUNCATED
    assert alone(data).incomplete is None


@pytest.mark.parametrize("kind", [b"styp", b"sidx", b"emsg", b"prft"])
def test_a_cut_in_what_leads_to_the_next_fragment_is_seen(kind: bytes) -> None:
    data = film() + (40).to_bytes(4, "big") + kind + bytes(32)
    assert fragmented_size_bytes(data) == fragmented_size_bytes(data[:-1]) == len(data)


@pytest.mark.parametrize("after", [bytes(50), (40).to_bytes(4, "big") + b"free" + bytes(9)])
def test_filling_behind_the_last_fragment_is_nothing_of_it(after: bytes) -> None:
    data = film() + after
    assert fragmented_size_bytes(data) <= len(data)
    assert alone(data).incomplete is None


@given(st.binary(max_size=400))
def test_random_bytes_behind_a_fragment_are_an_answer(data: bytes) -> None:
    assert fragmented_size_bytes(b"\0\0\0\x08moof" + data) >= 0


def test_no_more_boxes_are_looked_at_than_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = b"\0\0\0\x08moof" * 20
    assert fragmented_size_bytes(boxes) > len(boxes)
    monkeypatch.setattr(fragmentsize, "MOST_BOXES", 20)
    assert fragmented_size_bytes(boxes) == 0
