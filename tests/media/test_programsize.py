"""What is missing of an MPEG program stream is told where its last packet was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.media.programsize import program_size_bytes
from holdfast.media.types import Reason
from tests.media.videos import alone, clip

PACK = b"\x00\x00\x01\xba"
PACKS = {
    "MPEG-1": PACK + b"\x21" + bytes(7),
    "MPEG-2": PACK + b"\x44" + bytes(8) + b"\xf8",
    "MPEG-2, stuffed": PACK + b"\x44" + bytes(8) + b"\xfb" + b"\xff" * 3,
}
END = b"\x00\x00\x01\xb9"


def packet(kind: int, content: bytes) -> bytes:
    return bytes((0, 0, 1, kind)) + len(content).to_bytes(2, "big") + content


@pytest.mark.parametrize("pack", PACKS)
def test_a_cut_is_told_wherever_it_is(pack: str) -> None:
    part = [PACKS[pack], packet(0xBB, bytes(12)), packet(0xE0, b"\xab" * 70), packet(0xBE, b"\xff" * 9)]
    whole, ends = b"", {0}
    for each in (*part, *part, END):
        whole += each
        ends.add(len(whole))
    assert program_size_bytes(whole) == program_size_bytes(memoryview(whole)) == len(whole)
    for length in range(len(PACK), len(whole)):
        told = program_size_bytes(whole[:length])
        if any(length - after in ends for after in range(3)):  # zeros may be stuffing
            assert told <= length
        else:
            assert length < told <= len(whole)


def test_how_many_bytes_are_missing() -> None:
    whole = PACKS["MPEG-2"] + packet(0xE0, bytes(2000))
    assert program_size_bytes(whole[:300]) == len(whole)


def test_only_the_end_is_read_and_it_needs_a_pack() -> None:
    video = packet(0xE0, b"\xab" * 60_000)
    long = PACKS["MPEG-2"] + video * 20
    assert program_size_bytes(long[:-1]) == 0
    assert program_size_bytes((long + PACKS["MPEG-2"] + video)[:-1]) == len(long) + 14 + len(video)


@pytest.mark.parametrize("after", [bytes(5000), b"\n", b"\x00\x00\x01\x00" + bytes(20), PACK + b"\xff" * 20])
def test_what_is_no_packet_says_nothing(after: bytes) -> None:
    whole = PACKS["MPEG-1"] + packet(0xE0, bytes(100))
    assert program_size_bytes(whole + after) == len(whole)


@given(head=st.sampled_from(list(PACKS.values())), body=st.binary(max_size=500))
def test_random_bytes_are_always_an_answer(head: bytes, body: bytes) -> None:
    assert 0 <= program_size_bytes(head + body) <= len(head + body) + 2**16 + 6


@pytest.mark.parametrize(("codec", "container"), [("mpeg1video", "mpeg"), ("mpeg2video", "vob")])
def test_a_film_that_was_cut_off_is_told(codec: str, container: str) -> None:
    data = clip(codec, container, fps=25)
    assert alone(data).incomplete is None
    video = alone(data[: len(data) - 30])
    assert video.incomplete == Reason.TRUNCATED
    assert video.incomplete_detail == "the file ends early: 30 bytes are not there"
