"""Local features on made films: what proves a copy, and what two strangers may share without being one."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from holdfast.hashing.videolocal import LocalFeatures
from holdfast.hashing.videolocal_query import LocalQuery
from holdfast.matching.video import VideoTier
from holdfast.matching.video.local_bank import ALL_VIDEOS, LocalBank
from tests.matching.video import films
from tests.matching.video.films import SIZE, Edit, compared, frames, room

WIDTH, HEIGHT = SIZE


@functools.cache
def known() -> LocalFeatures:
    return films.listed(frames(1, 1.0))


def cropped(page: Image.Image, _: float) -> Image.Image:
    return page.crop((70, 50, WIDTH - 20, HEIGHT - 20))


def captioned(page: Image.Image, _: float) -> Image.Image:
    whole = Image.new("L", (WIDTH, HEIGHT + 70), 255)
    whole.paste(page, (0, 70))
    ImageDraw.Draw(whole).text((20, 20), "when you see it you know it", 0, font_size=26)
    return whole


def inside(page: Image.Image, time_s: float) -> Image.Image:
    whole = films.picture(77, time_s).resize((768, 576))
    whole.paste(page.resize((460, 345)), (250, 190))
    return whole


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (cropped, "local features"),
        (captioned, "local features"),
        (inside, "local features"),
        (lambda page, _: ImageOps.mirror(page), "local features, mirrored"),
        (lambda page, _: page.rotate(90, expand=True), "local features, turned by 90 degrees"),
    ],
)
def test_a_copy_is_proved_with_its_times(edit: Edit, words: str) -> None:
    match = compared(frames(1, 0.5, edit), known())

    assert match is not None
    assert match.tier is VideoTier.MATCH
    assert (match.view, match.family) == (words, "other")
    assert match.speed == 1.0
    assert abs(match.offset_s) <= 0.5
    assert match.states >= 3


def test_a_stranger_is_none() -> None:
    assert compared(frames(2, 0.5), known()) is None


def logo(page: Image.Image) -> Image.Image:
    marked = page.copy()
    mark = room(5).resize((110, 90))
    marked.paste(mark, (WIDTH - 120, 10))
    return marked


def caption(page: Image.Image) -> Image.Image:
    marked = page.copy()
    draw = ImageDraw.Draw(marked)
    draw.rectangle((0, HEIGHT - 60, WIDTH, HEIGHT), fill=255)
    draw.text((10, HEIGHT - 52), "the same words for two films", 0, font_size=26)
    return marked


def frame(page: Image.Image) -> Image.Image:
    marked = room(6)
    marked.paste(page.resize((280, 210)), (52, 39))
    return marked


def end_card(page: Image.Image, time_s: float) -> Image.Image:
    return room(7) if time_s >= films.LENGTH_S - 4 else page


@pytest.mark.parametrize(
    "shared",
    [
        lambda page, _: logo(page),
        lambda page, _: caption(page),
        lambda page, _: frame(page),
        end_card,
        lambda page, time_s: caption(page) if 3 <= time_s <= 7 else page,
    ],
    ids=["logo", "caption", "frame", "end card", "caption for a while"],
)
def test_what_two_strangers_share_is_no_match_and_does_not_hide_one(shared: Edit) -> None:
    features = films.listed(frames(1, 1.0, shared))

    assert compared(frames(2, 0.5, shared), features) is None
    assert compared(frames(1, 0.5, lambda page, time_s: cropped(shared(page, time_s), time_s)), features)


def test_other_footage_of_one_room_is_none() -> None:
    backdrop = room(8)
    features = films.listed(frames(3, 1.0, backdrop=backdrop))

    assert compared(frames(4, 0.5, backdrop=backdrop), features) is None
    assert compared(frames(3, 0.5, cropped, backdrop=backdrop), features)


def test_a_still_video_is_its_picture() -> None:
    still = films.listed(frames(1, 1.0, lambda _page, _: room(9)))

    match = compared(frames(1, 0.5, lambda _page, time_s: cropped(room(9), time_s)), still)
    assert match is not None
    assert match.states == 1
    assert compared(frames(1, 0.5, lambda _page, _: room(10)), still) is None
    bordered = films.listed(frames(1, 1.0, lambda _page, _: frame(room(9))))
    assert compared(frames(1, 0.5, lambda _page, _: frame(room(10))), bordered) is None


def test_a_bank_names_the_film_among_many() -> None:
    bank = LocalBank()
    for seed in range(1, ALL_VIDEOS + 4):
        bank.add(seed, known() if seed == 1 else films.listed(frames(seed, 2.0)))
    query = LocalQuery(frames(1, 0.5, cropped), 0.5)

    assert len(bank) == ALL_VIDEOS + 3
    assert bank.candidates([query.few(False), query.few(True)])[:1] == [1]
    bank.remove(1)
    assert 1 not in bank.candidates([query.few(False), query.few(True)])
    assert bank.get(1) is None
    np.testing.assert_array_equal(bank.candidates([]), [])
