"""All hashes of a decoded picture: which rows there are, and what each is called."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from holdfast.hashing.code import Convention
from holdfast.hashing.image import image_hashes, query_hashes
from holdfast.hashing.orientation import Orientation
from holdfast.hashing.pdq import pdq
from holdfast.media.types import DecodedImage, LumaFrame
from tests.pictures import picture

BOTH = (Convention.FULL, Convention.NEAREST_512)


def soft(height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.asarray(picture(seed, width, height).convert("L"))


def decoded(*frames: LumaFrame) -> DecodedImage:
    return DecodedImage("PNG", "L", frames, len(frames))


def frame(luma: npt.NDArray[np.uint8], index: int = 0, backdrop: str | None = None) -> LumaFrame:
    return LumaFrame(luma, luma.shape[1], luma.shape[0], index=index, backdrop=backdrop)


def test_an_entry_gets_one_hash_for_each_frame_backdrop_and_convention() -> None:
    large, small = soft(600, 700), soft(200, 300, 1)
    hashes = image_hashes(
        decoded(frame(large, 0, "white"), frame(large, 0, "black"), frame(small, 4)), conventions=BOTH
    )
    assert [(h.frame, h.backdrop, h.pdq.convention) for h in hashes] == [
        (0, "white", Convention.FULL),  # the black one is equal, so it is not repeated
        (0, "white", Convention.NEAREST_512),
        (4, None, Convention.FULL),
        (4, None, Convention.NEAREST_512),
    ]
    assert hashes[0].pdq == pdq(large)
    assert hashes[1].pdq == pdq(large, convention=Convention.NEAREST_512)


@pytest.mark.parametrize("orientation", Orientation)
def test_a_query_finds_its_original_whichever_way_it_is_turned(orientation: Orientation) -> None:
    original = soft(300, 420)
    query = query_hashes(decoded(frame(np.ascontiguousarray(orientation.apply(original)))))
    distances = np.bitwise_count(query.codes ^ pdq(original).bits).sum(axis=1)
    found = query.view(int(distances.argmin()))
    assert distances.min() <= 10
    assert (found.orientation, found.words) == (orientation, orientation.words)


def test_a_border_adds_the_picture_inside_it() -> None:
    original = soft(300, 420)
    framed = np.pad(original, ((50, 60), (70, 80)))
    query = query_hashes(decoded(frame(np.ascontiguousarray(np.rot90(framed, -1)))))
    distances = np.bitwise_count(query.codes ^ pdq(original).bits).sum(axis=1)
    best = int(distances.argmin())
    assert int(distances[best]) <= 10
    assert query.view(best).words == "border removed, rotated 90 degrees clockwise"
    assert query.view(8).words == "border removed"
    assert query.view(0).words == "as is"


def test_conventions_are_asked_for_only_where_they_differ() -> None:
    small, large = soft(512, 512), soft(300, 513)
    alone = query_hashes(decoded(frame(small)), conventions=BOTH)
    assert {alone.view(row).convention for row in range(len(alone))} == {Convention.FULL}
    query = query_hashes(decoded(frame(large)), conventions=BOTH)
    assert [query.view(row).convention for row in (0, 7, 8, 15)] == [BOTH[0], BOTH[0], BOTH[1], BOTH[1]]
    assert query.codes[8].tobytes() == pdq(large, convention=Convention.NEAREST_512).bits.tobytes()


def test_a_scaled_frame_is_hashed_as_the_original_it_stands_for() -> None:
    luma = soft(151, 200)
    scaled = LumaFrame(luma, 799, 601, scale=4)
    query = query_hashes(decoded(scaled))
    assert query.codes[0].tobytes() == pdq(luma, scale=4, width=799, height=601).bits.tobytes()


def test_featureless_and_tiny_frames_are_told_apart() -> None:
    flat = query_hashes(decoded(frame(np.full((300, 300), 80, np.uint8))))
    assert (len(flat) >= 8, flat.matchable.any()) == (True, np.False_)
    tiny = decoded(frame(soft(4, 4)))
    assert (len(query_hashes(tiny)), image_hashes(tiny)) == (0, [])
