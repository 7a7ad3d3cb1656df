"""Videos from a file to an outcome, with real decode workers, a real index and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from holdfast.banks.entries import remove_entry
from holdfast.banks.service import create_bank
from holdfast.decisions.facts import Context, may_decide
from holdfast.decisions.vocabulary import UNMATCHABLE_REASONS, VIEWS
from holdfast.hashing.videoviews import video_views
from holdfast.media.pool import DecodePool
from holdfast.media.types import Reason, VideoFrame
from holdfast.screening.adding import Added, add_media
from holdfast.screening.facts import facts_of
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.reading import bytes_content
from holdfast.screening.screener import Screener
from holdfast.screening.videolist import VideoList
from holdfast.settings import MediaSettings, Settings, VideoSettings
from tests.media.videos import SCRIPTS, sound
from tests.pictures import encoded, picture
from tests.screening.clips import SIZE, compiled, film, shown

KNOWN, STRANGE, OTHER, BENIGN = range(8), range(20, 26), range(40, 46), range(60, 66)
PHOTO = 80


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool() as one:
        yield one


@pytest.fixture(scope="module")
def screener(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Iterator[Screener]:
    """Listed: a film, a photo; benign: another film."""
    folder = tmp_path_factory.mktemp("videos")
    with Screener(folder / "home", pool=pool) as one:
        _list(one, "FILMS", folder / "known.mp4", film(KNOWN))
        _list(one, "PHOTOS", folder / "photo.png", encoded(shown(PHOTO), "PNG"))
        _list(one, "HARMLESS", folder / "harmless.mp4", film(BENIGN), kind="benign")
        yield one


def _list(screener: Screener, bank: str, path: Path, data: bytes, kind: str = "known") -> Added:
    path.write_bytes(data)
    with screener.database.write() as connection:
        create_bank(connection, bank, trusted=kind == "known", kind=kind)
    (added,) = add_media(screener.database, screener.hasher, bank, [path])
    assert not added.problem
    return added


def _screen(screener: Screener, data: bytes) -> Outcome:
    return screener.screen_bytes(data, "upload")


def test_an_edited_copy_is_a_match_with_times_and_view(screener: Screener) -> None:
    outcome = _screen(screener, film(KNOWN, ImageOps.mirror, codec="libvpx", container="webm"))
    assert (outcome.outcome, outcome.medium) == (OutcomeKind.MATCH, "video")
    (match,) = outcome.matches
    assert (match.bank, match.label, match.algorithm, match.tier) == ("FILMS", "known.mp4", "vpdq", "match")
    assert match.view == "mirrored"
    assert match.query_start_s == 0.0 and match.ref_start_s == pytest.approx(0.0, abs=0.5)
    assert match.query_end_s == pytest.approx(len(KNOWN), abs=0.75) == match.ref_end_s
    assert match.speed == pytest.approx(1.0, abs=0.05)
    assert match.score is not None and match.score > 20
    assert match.expected_false_alarms is not None and match.expected_false_alarms < 1e-6


def test_a_compilation_says_where_the_known_part_is(screener: Screener) -> None:
    (match,) = _screen(screener, film([*STRANGE, *KNOWN[2:8], *OTHER])).matches
    assert match.query_start_s == pytest.approx(6, abs=0.5)
    assert match.query_end_s == pytest.approx(12, abs=0.5)
    assert match.ref_start_s == pytest.approx(2, abs=0.75)
    assert match.ref_end_s == pytest.approx(8, abs=0.75)


def test_the_very_same_file_is_an_exact_match(screener: Screener) -> None:
    (match,) = _screen(screener, film(KNOWN)).matches
    assert match.exact and match.algorithm in ("sha1", "sha256")


def test_a_stranger_is_no_match(screener: Screener) -> None:
    outcome = _screen(screener, film(STRANGE))
    assert (outcome.outcome, outcome.medium, outcome.matches) == (OutcomeKind.NO_MATCH, "video", ())


def test_a_track_that_players_do_not_show_is_looked_at(screener: Screener) -> None:
    outcome = _screen(screener, film(STRANGE, also=KNOWN))
    assert outcome.outcome is OutcomeKind.MATCH


def test_one_picture_of_a_film_is_no_more_than_possible(screener: Screener) -> None:
    outcome = _screen(screener, film([KNOWN[3]] * 3))
    assert outcome.outcome in (OutcomeKind.POSSIBLE, OutcomeKind.NO_MATCH)
    assert all(match.tier in ("possible", "same_scene") for match in outcome.matches)


def test_a_screenshot_of_a_known_video_is_possible(screener: Screener) -> None:
    outcome = _screen(screener, encoded(shown(KNOWN[5]), quality=80))
    assert (outcome.outcome, outcome.medium) == (OutcomeKind.POSSIBLE, "image")
    (match,) = outcome.matches
    assert (match.bank, match.algorithm, match.tier) == ("FILMS", "vpdq", "possible")
    assert match.view == "a frame of the video, as is"
    assert match.ref_start_s == pytest.approx(5, abs=0.5) and match.query_start_s is None
    assert (match.distance or 0) <= 31


def test_a_listed_photo_in_a_video_is_a_match(screener: Screener) -> None:
    outcome = _screen(screener, film([*STRANGE, PHOTO, *OTHER]))
    assert outcome.outcome is OutcomeKind.MATCH
    (match,) = outcome.matches
    assert (match.bank, match.algorithm, match.tier, match.view) == ("PHOTOS", "pdq", "match", "as is")
    start_s, end_s = match.query_start_s, match.query_end_s
    assert start_s is not None and 5.5 <= start_s <= 7 and end_s == start_s + 0.5


def test_a_photo_that_is_edited_more_than_a_listed_photo_may_be_is_not(screener: Screener) -> None:
    inside = [ImageOps.expand(shown(PHOTO).crop((25, 20, 135, 100)), 0).resize(SIZE)] * 4
    assert _screen(screener, compiled(inside)).outcome is OutcomeKind.NO_MATCH


def test_a_harmless_video_suppresses_itself_and_nothing_else(screener: Screener) -> None:
    alone = _screen(screener, film(BENIGN, ImageOps.mirror))
    assert alone.outcome is OutcomeKind.NO_MATCH
    both = _screen(screener, film([*BENIGN, *KNOWN]))
    assert both.outcome is OutcomeKind.MATCH
    assert [match.bank for match in both.matches] == ["FILMS"]


def test_a_harmless_video_hides_what_it_covers(screener: Screener, tmp_path: Path) -> None:
    """The same footage on a benign and on an untrusted list: the benign one says no less."""
    with screener.database.write() as connection:
        create_bank(connection, "WRONG")
    path = tmp_path / "same.mp4"
    path.write_bytes(film(BENIGN))
    (added,) = add_media(screener.database, screener.hasher, "WRONG", [path])
    outcome = _screen(screener, film(BENIGN, ImageOps.mirror))
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NO_MATCH, "benign_bank")
    assert [match.bank for match in outcome.suppressed] == ["WRONG"]
    assert added.entry is not None
    with screener.database.write() as connection:
        remove_entry(connection, added.entry)


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_names_other_files_is_not_matchable(screener: Screener, name: str) -> None:
    outcome = _screen(screener, SCRIPTS[name])
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_MATCHABLE, "not_media")


def test_sound_alone_is_not_matchable(screener: Screener) -> None:
    outcome = _screen(screener, sound())
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_MATCHABLE, "not_media")
    assert "only sound" in outcome.detail


def test_a_black_video_is_featureless(screener: Screener) -> None:
    outcome = _screen(screener, compiled([Image.new("RGB", SIZE)] * 3))
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_MATCHABLE, "featureless")


def test_a_cut_off_file_is_a_match_or_not_matchable_never_no_match(screener: Screener) -> None:
    known, strange = (film(seeds, codec="libvpx", container="webm") for seeds in (KNOWN, STRANGE))
    assert _screen(screener, known[: len(known) * 4 // 5]).outcome is OutcomeKind.MATCH
    outcome = _screen(screener, strange[: len(strange) * 4 // 5])
    assert outcome.outcome is OutcomeKind.NOT_MATCHABLE and outcome.reason in UNMATCHABLE_REASONS


def test_what_lies_beyond_a_limit_is_not_matchable(tmp_path: Path, pool: DecodePool) -> None:
    settings = Settings(video=VideoSettings(max_duration_s=3.0))
    with Screener(tmp_path / "home", settings=settings, pool=pool) as short:
        _list(short, "FILMS", tmp_path / "known.mp4", film(KNOWN[:3]))
        beyond = _screen(short, film([*STRANGE, *KNOWN[:3]]))
        assert (beyond.outcome, beyond.reason) == (OutcomeKind.NOT_MATCHABLE, Reason.TOO_MANY_FRAMES)
        assert "video.max_duration_s" in beyond.detail
        assert _screen(short, film([*KNOWN[:3], *STRANGE])).outcome is OutcomeKind.MATCH


def test_a_file_is_not_read_into_memory(tmp_path: Path, pool: DecodePool) -> None:
    """A video in a file may be larger than what is taken of uploads."""
    settings = Settings(media=MediaSettings(max_bytes=1000))
    with Screener(tmp_path / "home", settings=settings, pool=pool) as one:
        added = _list(one, "FILMS", tmp_path / "known.mp4", film(KNOWN))
        assert added.fingerprints == 4
        copy = tmp_path / "copy.mp4"
        copy.write_bytes(film(KNOWN, ImageOps.flip))
        assert one.screen_file(copy).outcome is OutcomeKind.MATCH
        assert _screen(one, film(STRANGE)).reason == Reason.TOO_LARGE


def test_a_change_by_another_process_counts_at_once(tmp_path: Path, pool: DecodePool) -> None:
    copy = film(KNOWN, ImageOps.mirror)
    with Screener(tmp_path / "home", pool=pool) as writer, Screener(tmp_path / "home", pool=pool) as reader:
        assert _screen(reader, copy).outcome is OutcomeKind.NOT_SCANNED  # no banks
        added = _list(writer, "FILMS", tmp_path / "known.mp4", film(KNOWN))
        assert _screen(reader, copy).outcome is OutcomeKind.MATCH
        assert added.entry is not None
        with writer.database.write() as connection:
            remove_entry(connection, added.entry)
        assert _screen(reader, copy).outcome is OutcomeKind.NO_MATCH


def test_only_the_banks_asked_for(screener: Screener) -> None:
    copy = film(KNOWN, ImageOps.mirror)
    assert screener.screen_bytes(copy, banks=["PHOTOS"]).outcome is OutcomeKind.NO_MATCH
    assert screener.screen_bytes(copy, banks=["FILMS"]).outcome is OutcomeKind.MATCH


def test_digests_only_decodes_nothing(screener: Screener) -> None:
    content = bytes_content(film(KNOWN, ImageOps.mirror), 10**9)
    outcome = screener.check(content, digests_only=True).outcome
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_SCANNED, "digests_only")


def test_progress_is_told(screener: Screener) -> None:
    heard: list[tuple[float, float | None]] = []
    screener.check(bytes_content(film(STRANGE), 10**9), on_progress=lambda *said: heard.append(said))
    assert heard[-1][0] == heard[-1][1] == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize(
    ("edit", "decides"),
    [(ImageOps.mirror, True), (lambda image: image.crop((16, 12, 144, 108)).resize(SIZE), False)],
    ids=["mirrored", "cropped"],
)
def test_rules_get_tier_view_and_score(screener: Screener, edit: object, decides: bool) -> None:
    content = bytes_content(film(KNOWN, edit), 10**9)  # type: ignore[arg-type]
    screened = screener.check(content)
    (match,) = facts_of(screened, Context(), {}).matches
    assert (match.algorithm, match.tier) == ("vpdq", "match")
    assert match.score is not None and match.score > 9
    assert may_decide(match) is decides


def test_a_photo_beside_a_video_list_costs_no_match(screener: Screener) -> None:
    assert _screen(screener, encoded(picture(3))).outcome is OutcomeKind.NO_MATCH


def test_hashes_of_a_video(screener: Screener) -> None:
    made = screener.hasher.hash_bytes(film(KNOWN), "known.mp4")
    assert (made.medium, made.reason, len(made.pdq)) == ("video", "", 0)
    assert made.video is not None and len(made.video) == len(KNOWN)
    said = made.to_json()
    assert len(said["vpdq"]) == len(KNOWN) and said["vpdq"][3].endswith(",3.0")
    assert any("vpdq" in line for line in made.lines())
    assert screener.hasher.hash_bytes(sound()).reason == "not_media"


def test_every_view_of_a_video_is_one_that_rules_know() -> None:
    pictures = [np.asarray(ImageOps.expand(shown(seed), 30).convert("L")) for seed in KNOWN[:4]]
    frames = [VideoFrame(float(n), n, luma, luma.shape[1], luma.shape[0]) for n, luma in enumerate(pictures)]
    views = video_views(frames)
    assert views is not None and set(views.families) <= set(VIEWS)
    assert {"as_is", "orientation", "border", "uncrop"} <= set(views.families)


def test_what_is_built_anew_is_what_was_followed(screener: Screener, tmp_path: Path) -> None:
    path = tmp_path / "more.mp4"
    path.write_bytes(film(OTHER))
    for _ in range(3):
        (added,) = add_media(screener.database, screener.hasher, "FILMS", [path])
        screener.refresh()
        assert len(screener.videos) == 3
        assert added.entry is not None
        with screener.database.write() as connection:
            remove_entry(connection, added.entry)
        screener.refresh()
        assert len(screener.videos) == 2
    anew = VideoList(screener.database, tmp_path / "index")
    anew.refresh()
    assert anew.position == screener.videos.position
    assert anew.bank is not None and screener.videos.bank is not None
    assert anew.bank.added == 0 and screener.videos.bank.added >= 3
    assert sorted(anew.bank.ids) == sorted(screener.videos.bank.ids)
    assert anew.bank.frames == screener.videos.bank.frames


def test_the_time_is_for_all_tracks_of_a_file(tmp_path: Path, pool: DecodePool) -> None:
    settings = Settings(video=VideoSettings(wall_s=1e-9))
    with Screener(tmp_path / "home", settings=settings, pool=pool) as hurried:
        outcome = _screen(hurried, film(STRANGE, also=KNOWN))
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_MATCHABLE, Reason.TOO_SLOW)
    assert "tracks from number 0 on" in outcome.detail and "video.wall_s" in outcome.detail


def _by_keyframes(screener: Screener, path: Path, data: bytes) -> Outcome:
    path.write_bytes(data)
    return screener.screen_file(path, keyframes=True)


def test_keyframes_alone_find_and_never_clear(screener: Screener, tmp_path: Path) -> None:
    known = film(KNOWN, ImageOps.mirror, codec="mpeg4")  # whose coder makes a keyframe of every cut
    found = _by_keyframes(screener, tmp_path / "known.mp4", known)
    assert found.outcome is OutcomeKind.MATCH and "mirrored" in found.matches[0].view
    unseen = _by_keyframes(screener, tmp_path / "stranger.mp4", film(STRANGE))
    assert (unseen.outcome, unseen.reason) == (OutcomeKind.NOT_MATCHABLE, Reason.KEYFRAMES_ONLY)
    assert "scan.keyframes_only" in unseen.detail


def test_what_keyframes_hint_at_is_looked_at_in_full(screener: Screener, tmp_path: Path) -> None:
    """The listed photo is at its start, where every film has a keyframe; few are in what comes later."""
    outcome = _by_keyframes(screener, tmp_path / "both.mp4", film([PHOTO, *STRANGE[:2], *KNOWN]))
    assert {match.bank for match in outcome.matches} == {"PHOTOS", "FILMS"}
