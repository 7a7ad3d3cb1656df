"""A closer look at what was found and is no match yet: which stretches, and what comes of a real one."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

import holdfast.matching.video
from holdfast.errors import NotMatchableError
from holdfast.hashing.border import Box
from holdfast.hashing.pdq import block64, pdq_from_blocks
from holdfast.hashing.videoviews.closer import CLOSE_S
from holdfast.hashing.videoviews.looks import Look
from holdfast.matching.video import BankMatch, VideoBank, VideoMatch, VideoTier, stretch_s
from holdfast.media.pool import DecodePool
from holdfast.media.types import Reason, VideoFrame, VideoLimits, VideoMode
from holdfast.media.videoreader import VideoReader
from holdfast.records.home import Home
from holdfast.screening import videolook
from holdfast.screening.lists import ListIndex
from holdfast.screening.videocloser import MOST_FINDS, MOST_WITHIN, looked_closer
from holdfast.screening.videohashing import hash_video
from holdfast.screening.videolook import Source, VideoLook, look_at_video
from tests.hashing.videoviews.films import film as lumas
from tests.hashing.videoviews.films import frames
from tests.pictures import picture
from tests.screening.clips import shown

FPS, SECONDS = 25, 9
SIZE = WIDTH, HEIGHT = 192, 144
BANK = VideoBank.of([(1, np.zeros((3, 32), np.uint8), np.full(3, 80), np.arange(3.0))])
LOOK = Look(Box(0, 160, 0, 240), np.eye(3), (160, 240), "as_is", "as is")
MATCH, POSSIBLE, SAME_SCENE = VideoTier.MATCH, VideoTier.POSSIBLE, VideoTier.SAME_SCENE


def _find(
    score: float, start_s: float = 10.0, tier: VideoTier = POSSIBLE, looks: tuple[object, ...] = (LOOK,)
) -> BankMatch:
    end_s = start_s + 2
    match = VideoMatch(
        tier,
        score,
        0.0,
        1,
        "as_is",
        "as is",
        1.0,
        0.0,
        start_s,
        end_s,
        start_s,
        end_s,
        60,
        False,
        looks,
        60.0,
    )
    return BankMatch(1, match, 1e-8)


class _Stretches:
    """Opens every stretch but ``bad``, of which it is said on opening or while ``reading``."""

    def __init__(self, bad: Sequence[tuple[float, float]] = (), *, reading: bool = False) -> None:
        self._bad, self._reading = bad, reading
        self.spans: list[tuple[float, float]] = []

    @contextmanager
    def __call__(self, span_s: tuple[float, float]) -> Iterator[VideoReader]:
        self.spans.append(span_s)
        is_bad = span_s in self._bad
        if is_bad and not self._reading:
            raise NotMatchableError(Reason.TOO_SLOW, "Not matchable: too slow.")
        yield cast("VideoReader", self._frames(is_bad))

    def _frames(self, is_bad: bool) -> Iterator[VideoFrame]:
        yield from frames(lumas(1, 2))
        if is_bad:
            raise NotMatchableError(Reason.DAMAGED, "Not matchable: damaged.")


@pytest.fixture
def surer(monkeypatch: pytest.MonkeyPatch) -> list[BankMatch]:
    """Every closer look ends in a match; gives the finds that were looked at."""
    asked: list[BankMatch] = []

    def closer_in_bank(one: BankMatch, views: Sequence[Any], bank: VideoBank, step_s: float) -> BankMatch:
        assert bank is BANK and step_s == CLOSE_S and [seen.look for seen in views] == [LOOK]
        asked.append(one)
        return _find(20 + one.match.score, tier=MATCH)

    monkeypatch.setattr(holdfast.matching.video, "closer_in_bank", closer_in_bank)
    return asked


def _scores(looked: Sequence[Sequence[BankMatch]]) -> list[list[float]]:
    return [[one.match.score for one in finds] for finds in looked]


def test_the_likeliest_few_are_looked_at_the_surest_first(surer: list[BankMatch]) -> None:
    order = [8.0, 12.0, 7.5, 9.0, 7.0, 11.0]
    finds = [_find(score, 10 * score, SAME_SCENE if score > 9 else POSSIBLE) for score in order]
    looked, stretches = [finds[:2], [], finds[2:]], _Stretches()
    found = looked_closer(looked, BANK, stretches)
    likeliest = [finds[place] for place in (1, 5, 3, 0)]
    assert len(likeliest) == MOST_FINDS and surer == likeliest
    assert stretches.spans == [stretch_s(one.match) for one in likeliest]
    assert _scores(found) == [[28.0, 32.0], [], [7.5, 29.0, 7.0, 31.0]]
    assert _scores(looked) == [[8.0, 12.0], [], [7.5, 9.0, 7.0, 11.0]]  # what was given stays


def test_what_a_match_shows_is_not_looked_at_but_what_lies_elsewhere_is(surer: list[BankMatch]) -> None:
    """A public ident before it, which is on a benign list, does not keep a find from being looked at."""
    ident, within, elsewhere = _find(50.0, 0.0, MATCH), _find(9.0, 0.0), _find(8.0, 1.0)
    looked_closer([[ident, within, elsewhere]], BANK, _Stretches())
    assert surer == [elsewhere]


def test_of_finds_of_one_video_that_overlap_the_likeliest_is_looked_at(surer: list[BankMatch]) -> None:
    """Pieces begin with the end of the one before, so what lies there is found twice."""
    first, again, later = _find(9.0, 10.0), _find(8.0, 11.0), _find(7.5, 12.0)
    looked_closer([[first], [again, later]], BANK, _Stretches())
    assert surer == [first, later]


def test_within_a_match_nothing_is_looked_at() -> None:
    looked, stretches = [[_find(8.0)], [_find(12.0, tier=MATCH)]], _Stretches()
    assert looked_closer(looked, BANK, stretches) == looked
    assert stretches.spans == []


def test_within_a_match_of_another_video_few_are_looked_at_after_all_else(surer: list[BankMatch]) -> None:
    """Another known video may be cut into it, or laid over it."""
    match = replace(_find(50.0, tier=MATCH), video_id=2)
    within = [_find(20.0), replace(_find(12.0), video_id=3), replace(_find(11.0), video_id=4)]
    elsewhere = _find(8.0, 30.0)
    looked_closer([[match, *within, elsewhere]], BANK, _Stretches())
    assert surer == [elsewhere, *within[:MOST_WITHIN]]


def test_what_is_looked_at_already_takes_no_place_of_those_within_a_match(surer: list[BankMatch]) -> None:
    match = replace(_find(50.0, tier=MATCH), video_id=2)
    longer = _find(30.0)
    longer = replace(longer, match=replace(longer.match, query_end_s=90.0))  # beyond the match
    again = _find(20.0)
    within = [replace(_find(12.0), video_id=3), replace(_find(11.0), video_id=4)]
    looked_closer([[match, longer, again, *within]], BANK, _Stretches())
    assert surer == [longer, *within]


def test_a_match_in_part_of_the_picture_keeps_nothing_from_being_looked_at(surer: list[BankMatch]) -> None:
    """It may be a stranger under the same lower half; below it lies the video that it is."""
    part = _find(50.0, tier=MATCH)
    part = replace(part, match=replace(part.match, is_in_part=True))
    within = _find(8.0)
    looked_closer([[part, within]], BANK, _Stretches())
    assert surer == [within]


def test_what_tells_no_look_is_not_looked_at(surer: list[BankMatch]) -> None:
    blind, seen = _find(9.0, looks=()), _find(8.0, 30.0)
    assert _scores(looked_closer([[blind, seen]], BANK, _Stretches())) == [[9.0, 28.0]]
    assert surer == [seen]
    assert looked_closer([], BANK, _Stretches()) == []


@pytest.mark.parametrize("reading", [False, True], ids=["opening", "reading"])
def test_a_stretch_that_cannot_be_decoded_leaves_its_find(surer: list[BankMatch], reading: bool) -> None:
    lost, other = _find(9.0), _find(8.0, 30.0)
    stretches = _Stretches([stretch_s(lost.match)], reading=reading)
    found = looked_closer([[lost, other]], BANK, stretches)
    assert len(stretches.spans) == 2 and surer == [other]
    assert found[0][0] is lost and found[0][1].match.tier is MATCH


def test_frames_that_say_no_more_leave_the_find() -> None:
    one = _find(9.0)
    ((found,),) = looked_closer([[one]], BANK, _Stretches())
    assert found is one


_Thing = tuple[Image.Image, np.ndarray, np.ndarray]


def _there_and_back(way: float) -> float:
    return 1 - abs(way % 2 - 1)


def _moving(room: Image.Image, things: Sequence[_Thing], seconds: int) -> list[Image.Image]:
    """Each thing, with its speed and its start across and down, moves to and fro before the room."""
    pictures = []
    for number in range(seconds * FPS):
        image = room.copy()
        for thing, speed, start in things:
            across, down = (_there_and_back(way) for way in start + speed * number / FPS)
            image.paste(thing, (round(across * (WIDTH - thing.width)), round(down * (HEIGHT - thing.height))))
        pictures.append(image)
    return pictures


def _quiet(seed: int, seconds: int) -> list[Image.Image]:
    """A faint room in which three small things drift about."""
    random = np.random.default_rng(seed)
    things = [
        (picture(10 * seed + n, side, side), random.uniform(0.1, 0.3, 2), random.random(2))
        for n, side in enumerate((18, 22, 26))
    ]
    room = picture(10 * seed + 9, *SIZE).point(lambda value: 90 + (value - 128) * 0.2)
    return _moving(room, things, seconds)


def _under_stickers(image: Image.Image) -> Image.Image:
    covered = image.copy()
    draw = ImageDraw.Draw(covered)
    for x, y, side in ((20, 20, 56), (80, 60, 56), (120, 10, 50)):
        draw.ellipse((x, y, x + side, y + side), fill=(255, 220, 40), outline=(0, 0, 0))
    return covered


@functools.cache
def _film(seed: int, seconds: int = SECONDS) -> tuple[Image.Image, ...]:
    """A fixed camera before which four patterned things fly about."""
    random = np.random.default_rng(seed)
    things = [
        (picture(10 * seed + n, side, side), random.uniform(0.3, 0.9, 2), random.random(2))
        for n, side in enumerate(random.integers(30, 60, 4).tolist())
    ]
    return tuple(_moving(picture(10 * seed + 9, *SIZE), things, seconds))


def _part(start_s: float, end_s: float, seed: int = 7) -> tuple[Image.Image, ...]:
    return _film(seed)[round(start_s * FPS) : round(end_s * FPS)]


def _encoded(
    *tracks: Sequence[Image.Image], fps: int = FPS, quality: int = 28, keyframes: int = 250
) -> bytes:
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as output:
        parts: list[tuple[Any, Sequence[Image.Image]]] = []
        for pictures in tracks:
            # Slower presets encode the same pictures in several ways.
            options = {"preset": "ultrafast", "crf": str(quality), "g": str(keyframes)}
            track: Any = output.add_stream("libx264", rate=fps, options=options)
            track.width, track.height = pictures[0].size
            track.pix_fmt = "yuv420p"
            track.codec_context.thread_count = 1
            parts.append((track, pictures))
        for track, pictures in parts:
            for number, image in enumerate(pictures):
                frame: Any = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
                frame.pts = number
                output.mux(track.encode(frame))
            output.mux(track.encode(None))
    return stream.getvalue()


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool() as one:
        yield one


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ListIndex]:
    folder = tmp_path_factory.mktemp("lists")
    with Home(folder / "home").database() as database:
        yield ListIndex(database, folder / "index")


def _bank(pool: DecodePool, pictures: Sequence[Image.Image]) -> VideoBank:
    video = hash_video(pool, None, _encoded(pictures, quality=20)).video
    assert video is not None and len(video) == -(-len(pictures) // FPS)
    return VideoBank.of([(1, video.codes, video.quality, video.time_s)])


@pytest.fixture(scope="module")
def bank(pool: DecodePool) -> VideoBank:
    """One film, one frame a second."""
    return _bank(pool, _film(7))


class _Looking:
    """Looks at uploads, with and without the closer look, and notes how files are opened for that."""

    def __init__(self, pool: DecodePool, lists: ListIndex, patch: pytest.MonkeyPatch) -> None:
        self._pool, self._lists, self._patch = pool, lists, patch
        self.opened: list[tuple[VideoMode, float, int, tuple[float, float] | None]] = []
        open_video = DecodePool.open_video

        def noted(pool: DecodePool, source: Any, limits: VideoLimits | None = None, **named: Any) -> Any:
            how = named.get("mode", VideoMode.FULL), named.get("every_s", 1.0), named.get("track", 0)
            self.opened.append((*how, named.get("span_s")))
            return open_video(pool, source, limits, **named)

        patch.setattr(DecodePool, "open_video", noted)

    def __call__(self, bank: VideoBank, source: Source, *, keyframes: bool = False) -> VideoLook:
        self.opened.clear()
        return look_at_video(self._pool, VideoLimits(), source, bank, self._lists, keyframes=keyframes)

    def once(self, bank: VideoBank, source: Source) -> VideoLook:
        """Without the closer look."""
        with self._patch.context() as patch:
            patch.setattr(videolook, "looked_closer", lambda looked, *_: [list(finds) for finds in looked])
            return self(bank, source)

    @property
    def stretches(self) -> list[tuple[float, float]]:
        return [span_s for *_, span_s in self.opened if span_s is not None]


@pytest.fixture
def looking(pool: DecodePool, lists: ListIndex, monkeypatch: pytest.MonkeyPatch) -> _Looking:
    return _Looking(pool, lists, monkeypatch)


def _is_unsure(look: VideoLook) -> bool:
    return bool(look.finds) and {one.match.tier for one in look.finds} <= {POSSIBLE, SAME_SCENE}


def test_the_film_moves_so_fast_that_a_quarter_of_a_second_is_another_picture() -> None:
    blocks = [block64(np.asarray(image.convert("L"))) for image in _film(7)]
    codes, _ = pdq_from_blocks(np.stack([block for block in blocks if block is not None]))
    quarter = round(FPS / 4)
    assert np.bitwise_count(codes[quarter:] ^ codes[:-quarter]).sum(axis=1).min() >= 30


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(1.88, 4.88), (2.4, 5.2), (3.12, 6.12), (4.6, 7.4), (4.88, 7.28)], ids=str
)
def test_a_short_excerpt_is_a_match_frame_by_frame(
    looking: _Looking, bank: VideoBank, start_s: float, end_s: float
) -> None:
    excerpt = _encoded(_part(start_s, end_s))
    assert _is_unsure(looking.once(bank, excerpt)) and looking.stretches == []
    look = looking(bank, excerpt)
    assert look.has_match and look.checked.reason is None
    assert len(looking.stretches) == 1
    match = look.finds[0].match
    assert match.query_start_s == pytest.approx(0.0, abs=0.5)
    assert match.query_end_s == pytest.approx(end_s - start_s, abs=0.5)
    assert match.reference_start_s == pytest.approx(start_s, abs=0.5)
    assert match.reference_end_s == pytest.approx(end_s, abs=0.5)
    assert match.speed == pytest.approx(1.0, abs=0.05)
    assert look.finds[0].expected_false_alarms < 1e-6


@pytest.mark.parametrize(
    ("listed_s", "start_s"), [((0, 4), 5.76), ((0, 4), 6.4), ((5, 9), 0.4), ((5, 9), 0.88)], ids=str
)
def test_another_moment_of_the_film_is_no_match(
    looking: _Looking, pool: DecodePool, listed_s: tuple[float, float], start_s: float
) -> None:
    listed, excerpt = _bank(pool, _part(*listed_s)), _encoded(_part(start_s, start_s + 2.6))
    assert _is_unsure(looking.once(listed, excerpt))
    look = looking(listed, excerpt)
    assert looking.stretches and _is_unsure(look)


def test_a_film_under_stickers_is_a_match_without_them(looking: _Looking, pool: DecodePool) -> None:
    film = _quiet(7, 14)
    upload = _encoded([_under_stickers(image) for image in film])
    listed = _bank(pool, film)
    assert _is_unsure(looking.once(listed, upload))
    look = looking(listed, upload)
    assert [one.match.tier for one in look.finds] == [MATCH]
    match = look.finds[0].match
    assert (match.view, match.family) == ("as is, partly covered", "other")
    assert match.speed == pytest.approx(1, abs=0.02) and abs(match.offset_s) < 0.2
    assert match.query_start_s < 0.6 and match.query_end_s > 13
    stranger = _bank(pool, [_under_stickers(image) for image in _quiet(9, 14)])
    assert not looking(stranger, upload).has_match  # under the same stickers


def test_an_excerpt_within_an_upload_is_looked_at_where_it_is(
    looking: _Looking, bank: VideoBank, tmp_path: Path
) -> None:
    path = tmp_path / "upload.mp4"
    path.write_bytes(_encoded([*_part(0, 5, seed=8), *_part(4.88, 7.28), *_part(5, 8, seed=8)]))
    assert _is_unsure(looking.once(bank, path))
    look = looking(bank, path)
    assert look.has_match
    assert looking.stretches[0][0] > 2
    match = look.finds[0].match
    assert match.query_start_s == pytest.approx(5.0, abs=0.5)
    assert match.query_end_s == pytest.approx(7.4, abs=0.5)
    assert match.reference_start_s == pytest.approx(4.88, abs=0.5)
    assert match.reference_end_s == pytest.approx(7.28, abs=0.5)


def test_the_stretch_is_of_the_track_in_which_it_was_found(looking: _Looking, bank: VideoBank) -> None:
    look = looking(bank, _encoded(_part(0, 3, seed=8), _part(2.4, 5.2)))
    assert look.has_match
    assert [(track, span_s is None) for _, _, track, span_s in looking.opened][-2:] == [(1, True), (1, False)]


def test_keyframes_are_not_looked_at_more_closely(looking: _Looking, bank: VideoBank) -> None:
    quick, keyframes = VideoMode.QUICK, VideoMode.KEYFRAMES
    look = looking(bank, _encoded(_part(2.4, 5.2), keyframes=5), keyframes=True)
    assert look.has_match
    assert [(mode, track) for mode, _, track, _ in looking.opened] == [(keyframes, 0), (quick, 0), (quick, 0)]
    assert [span_s is None for *_, span_s in looking.opened] == [True, True, False]
    assert looking.opened[2][1] == CLOSE_S
    nothing = looking(bank, _encoded(_part(0, 3, seed=8)), keyframes=True)
    assert nothing.finds == () and nothing.checked.reason is Reason.KEYFRAMES_ONLY
    assert [mode for mode, *_ in looking.opened] == [keyframes]


def _without_looks(look: VideoLook) -> list[tuple[object, ...]]:
    return [
        (one.match.tier, one.match.score, one.match.query_start_s, one.match.query_end_s)
        for one in look.finds
    ]


def test_without_time_left_the_find_stays(
    looking: _Looking, bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    excerpt = _encoded(_part(2.4, 5.2))
    before = looking.once(bank, excerpt)
    now = [0.0]

    def late(looked: Any, bank: VideoBank, open_stretch: Any) -> Any:
        now[0] = 1e9
        return looked_closer(looked, bank, open_stretch)

    monkeypatch.setattr(videolook, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(videolook, "looked_closer", late)
    look = looking(bank, excerpt)
    assert len(looking.stretches) == 1
    assert _without_looks(look) == _without_looks(before)
    assert look.checked.reason is None and look.length_s == before.length_s


def test_a_video_of_one_frame_like_a_listed_one_of_one_frame(looking: _Looking, pool: DecodePool) -> None:
    listed = _bank(pool, [shown(0)] * FPS)
    changed = shown(0).copy()
    changed.paste(shown(30).resize((14, 14)), (60, 40))
    look = looking(listed, _encoded([changed], fps=30))
    assert len(look.finds) == 1
