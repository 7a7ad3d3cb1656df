"""What is missing of a Matroska file is told wherever it is cut, but between elements of unknown parents."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.media import matroskasize
from holdfast.media.matroskasize import matroska_size_bytes
from holdfast.media.types import Reason, VideoMode
from tests.media.matroska import BLOCK, CLUSTER, HEAD, INFO, SEGMENT, TIME, VOID, element, opened, recorded
from tests.media.videos import alone, clip

EBML = element(HEAD, b"\x42\x82\x84webm", 1)
KEYS = (("x264-params", "keyint=10:min-keyint=10:scenecut=0:bframes=0"),)


class Watched(bytes):
    """Bytes that count what is read of them."""

    reads = read_bytes = 0

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        self.reads += 1
        self.read_bytes += len(part) if isinstance(part, bytes) else 1
        return part


def laid_out(known_segment: bool, known_clusters: bool) -> tuple[bytes, set[int]]:
    """A small file, and the places where a cut cannot be known."""
    parts = [element(INFO, b"\x2a\xd7\xb1\x83\x0f\x42\x40", 1), element(VOID, bytes(9), 2)]
    for number in range(3):
        blocks = [element(TIME, bytes([number]), 1), *(element(BLOCK, bytes(n), 1 + n) for n in range(5))]
        parts += [element(CLUSTER, b"".join(blocks))] if known_clusters else [opened(CLUSTER), *blocks]
    if known_segment:
        return EBML + element(SEGMENT, b"".join(parts)), {len(EBML)}
    whole, ends = EBML + opened(SEGMENT), {len(EBML)}
    ends.add(len(whole))
    for part in parts:
        whole += part
        ends.add(len(whole))
    return whole, ends


@pytest.mark.parametrize("known_segment", [False, True])
@pytest.mark.parametrize("known_clusters", [False, True])
def test_a_cut_is_told_wherever_it_is(known_segment: bool, known_clusters: bool) -> None:
    whole, ends = laid_out(known_segment, known_clusters)
    assert matroska_size_bytes(whole) == matroska_size_bytes(memoryview(whole)) == len(whole)
    for length in range(1, len(whole)):
        told = matroska_size_bytes(whole[:length])
        assert told == length if length in ends else length < told <= len(whole)


def test_how_many_bytes_are_missing() -> None:
    live = EBML + opened(SEGMENT) + opened(CLUSTER)
    block = element(BLOCK, bytes(1000), 2)
    assert matroska_size_bytes(live + block + block[:300]) == len(live + block + block)
    known = EBML + element(SEGMENT, element(CLUSTER, block))
    assert matroska_size_bytes(known[:200]) == len(known)
    assert matroska_size_bytes(EBML + element(SEGMENT, b"")[:-1]) == len(EBML) + 12


@given(
    known_segment=st.booleans(),
    clusters=st.lists(
        st.tuples(st.integers(0, 8), st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=6)),
        max_size=5,
    ),
    cut=st.floats(0, 1),
)
def test_any_layout_and_any_cut(
    known_segment: bool, clusters: list[tuple[int, list[tuple[int, int]]]], cut: float
) -> None:
    """``clusters`` are (bytes of the size or 0, blocks); blocks are (bytes of content, of the size)."""
    parts: list[bytes] = []
    for size_bytes, sizes in clusters:
        blocks = [element(BLOCK, bytes(content), length) for content, length in sizes]
        if size_bytes:
            parts.append(element(CLUSTER, b"".join(blocks), max(size_bytes, 2)))
        else:
            parts += [opened(CLUSTER, 1 + len(blocks)), *blocks]
    content = b"".join(parts)
    heads = [EBML, element(SEGMENT, content)] if known_segment else [EBML, opened(SEGMENT), *parts]
    whole, ends, place = b"".join(heads), {0}, 0
    for part in heads:
        place += len(part)
        ends.add(place)
    length = int(cut * len(whole))
    told = matroska_size_bytes(whole[:length])
    assert told == length if length in ends else length < told <= len(whole)


@pytest.mark.parametrize("after", [bytes(5000), b"\n", b"T", b"@", b"TAG" + b"song" * 31, b"\xa3\xff"])
def test_what_was_appended_to_a_whole_file_is_nothing_of_it(after: bytes) -> None:
    whole, _ = laid_out(known_segment=True, known_clusters=True)
    assert matroska_size_bytes(whole + after) == len(whole)


@pytest.mark.parametrize("after", [bytes(5000), b"\n", b"\xff" * 500, b"\xa3" + bytes(9)])
def test_what_is_no_element_says_nothing(after: bytes) -> None:
    whole, _ = laid_out(known_segment=False, known_clusters=False)
    assert matroska_size_bytes(whole + after) == len(whole)


@pytest.mark.parametrize("known", [False, True])
def test_files_joined(known: bool) -> None:
    first, _ = laid_out(known_segment=known, known_clusters=False)
    second, _ = laid_out(known_segment=not known, known_clusters=True)
    between = element(VOID, bytes(7))
    whole = first + between + second
    assert matroska_size_bytes(whole) == len(whole)
    for length in (len(whole) - 1, len(first) + 1, *(len(first + between) + n for n in range(1, len(EBML)))):
        assert length < matroska_size_bytes(whole[:length]) <= len(whole)


def test_a_size_that_was_never_filled_in_is_unknown() -> None:
    block = element(BLOCK, bytes(500))
    live = EBML + element(SEGMENT, b"") + element(CLUSTER, b"") + block
    assert matroska_size_bytes(live) == len(live)
    assert matroska_size_bytes(live[:-1]) == len(live)


def test_payloads_are_not_read() -> None:
    blocks = b"".join(element(BLOCK, bytes(100_000)) for _ in range(10))
    data = Watched(EBML + opened(SEGMENT) + opened(CLUSTER) + blocks)
    assert matroska_size_bytes(data) == len(data)
    assert data.read_bytes <= 13 * 12


def test_no_more_elements_are_looked_at_than_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matroskasize, "_MOST_ELEMENTS", 50)
    data = Watched(EBML + opened(SEGMENT) + element(VOID, b"", 1) * 60 + element(BLOCK, bytes(9))[:-1])
    assert matroska_size_bytes(data) < len(data)
    assert data.reads == 50


@given(body=st.binary(max_size=2000), in_segment=st.booleans())
def test_random_bytes_are_always_an_answer_and_soon(body: bytes, in_segment: bool) -> None:
    data = Watched(EBML + (opened(SEGMENT) if in_segment else b"") + body)
    assert len(EBML) <= matroska_size_bytes(data) < len(data) + 2**56
    assert data.reads <= len(data) / 2 + 1


@functools.cache
def film(*, as_browsers: bool) -> bytes:
    data = clip(container="matroska", seconds=6, options=KEYS, container_options=(("live", "1"),))
    return recorded(data) if as_browsers else data


@pytest.mark.parametrize("as_browsers", [False, True])
def test_a_whole_film_without_a_duration_is_whole(as_browsers: bool) -> None:
    video = alone(film(as_browsers=as_browsers))
    assert video.info.duration_s is None
    assert (len(video.frames), video.incomplete) == (6, None)


@pytest.mark.parametrize("as_browsers", [False, True])
@pytest.mark.parametrize("mode", [VideoMode.FULL, VideoMode.KEYFRAMES])
def test_a_film_without_a_duration_that_was_cut_off_is_told(as_browsers: bool, mode: VideoMode) -> None:
    data = film(as_browsers=as_browsers)
    last_block = data.rindex(BLOCK + (b"\x10" if as_browsers else b""))
    for length in (len(data) // 2, len(data) - 1, last_block + 1):
        video = alone(data[:length], mode=mode)
        assert video.incomplete == Reason.TRUNCATED
        assert video.incomplete_detail.endswith(" bytes are not there")


def test_a_browsers_film_that_ends_between_two_blocks_is_taken_as_whole() -> None:
    data = film(as_browsers=True)
    assert alone(data[: data.rindex(BLOCK + b"\x10")]).incomplete is None
