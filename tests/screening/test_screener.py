"""From a file to an outcome, with real decode workers, a real index and a real database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from holdfast.banks.entries import add_entry, remove_entry
from holdfast.banks.models import Fingerprint, Handling
from holdfast.banks.service import create_bank, update_bank
from holdfast.banks.sources import ensure_source, set_handling
from holdfast.errors import NotFoundError
from holdfast.hashing.code import Convention
from holdfast.hashing.image import query_hashes
from holdfast.media.pool import DecodePool
from holdfast.screening.adding import Added, add_media
from holdfast.screening.outcome import OutcomeKind
from holdfast.screening.reading import bytes_content
from holdfast.screening.screener import Screener
from tests.pictures import encoded, picture


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool() as one:
        yield one


@pytest.fixture
def screener(tmp_path: Path, pool: DecodePool) -> Iterator[Screener]:
    with Screener(tmp_path / "home", pool=pool) as one:
        yield one


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def _bank(screener: Screener, name: str, *paths: Path, benign: bool = False) -> list[Added]:
    with screener.database.write() as connection:
        create_bank(connection, name, kind="benign" if benign else "known", trusted=not benign)
    return add_media(screener.database, screener.hasher, name, paths)


def _photo(folder: Path, seed: int, name: str = "") -> Path:
    path = folder / (name or f"photo{seed}.jpg")
    path.write_bytes(encoded(picture(seed), quality=90))
    return path


def test_the_same_file_is_an_exact_match(screener: Screener, files: Path) -> None:
    known = _photo(files, 1)
    _bank(screener, "KNOWN", known)
    outcome = screener.screen_file(known)
    assert outcome.outcome is OutcomeKind.MATCH
    (match,) = outcome.matches
    assert match.exact and match.algorithm in ("sha1", "sha256") and match.distance == 0
    assert (match.bank, match.label, match.trusted) == ("KNOWN", "photo1.jpg", True)


def test_an_altered_copy_is_found_and_its_view_is_named(screener: Screener, files: Path) -> None:
    _bank(screener, "KNOWN", _photo(files, 1))
    altered = {
        "as is": encoded(picture(1), quality=30),
        "mirrored": encoded(ImageOps.mirror(picture(1))),
        "border removed": encoded(ImageOps.expand(picture(1), 50, "white")),
    }
    for words, data in altered.items():
        outcome = screener.screen_bytes(data, words)
        assert outcome.outcome is OutcomeKind.MATCH, words
        assert outcome.matches[0].view == words
        assert not outcome.matches[0].exact and (outcome.matches[0].distance or 0) <= 31


def test_another_picture_is_no_match(screener: Screener, files: Path) -> None:
    _bank(screener, "KNOWN", _photo(files, 1))
    outcome = screener.screen_file(_photo(files, 2))
    assert outcome.outcome is OutcomeKind.NO_MATCH and outcome.matches == () and outcome.reason == ""


def test_a_benign_entry_suppresses_and_says_so(screener: Screener, files: Path) -> None:
    photo = _photo(files, 1)
    _bank(screener, "KNOWN", photo)
    _bank(screener, "ALLOWED", photo, benign=True)
    outcome = screener.screen_bytes(encoded(picture(1), quality=40))
    assert outcome.outcome is OutcomeKind.NO_MATCH and outcome.reason == "benign_bank"
    assert "ALLOWED" in outcome.detail and outcome.suppressed[0].bank == "KNOWN"


def test_one_file_on_a_trusted_and_on_a_benign_list_is_a_conflict(screener: Screener, files: Path) -> None:
    photo = _photo(files, 1)
    _bank(screener, "KNOWN", photo)
    _bank(screener, "ALLOWED", photo, benign=True)
    outcome = screener.screen_file(photo)
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.MATCH, "benign_conflict")
    assert "ALLOWED" in outcome.detail and "KNOWN" in outcome.detail
    assert outcome.matches[0].exact and outcome.matches[0].bank == "KNOWN"
    with screener.database.write() as connection:
        update_bank(connection, "KNOWN", trusted=False)
    outcome = screener.screen_file(photo)
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NO_MATCH, "benign_bank")


def _collage(*seeds: int) -> bytes:
    page = Image.new("RGB", (40 + 440 * len(seeds), 380), (24, 24, 24))
    for place, seed in enumerate(seeds):
        page.paste(picture(seed).resize((400, 300)), (40 + 440 * place, 40))
    return encoded(page, quality=90)


def test_a_picture_in_a_collage_is_a_match_by_a_box_and_says_how_sure(
    screener: Screener, files: Path
) -> None:
    _bank(screener, "KNOWN", _photo(files, 1))
    outcome = screener.screen_bytes(_collage(1, 3))
    assert outcome.outcome is OutcomeKind.MATCH
    match = outcome.matches[0]
    assert match.view == "inside a screenshot, collage or frame" and match.tier == "match"
    assert match.distance is not None and match.distance <= 31
    assert match.expected_false_alarms is not None and match.expected_false_alarms < 1e-9
    assert match.extrapolation_decades is not None and match.extrapolation_decades > 0


def test_a_benign_picture_beside_a_known_one_hides_nothing(screener: Screener, files: Path) -> None:
    _bank(screener, "KNOWN", _photo(files, 1))
    _bank(screener, "ALLOWED", _photo(files, 2), benign=True)
    outcome = screener.screen_bytes(_collage(1, 2))
    assert outcome.outcome is OutcomeKind.MATCH and outcome.matches[0].bank == "KNOWN"
    _bank(screener, "ALSO_ALLOWED", _photo(files, 1, "same.jpg"), benign=True)
    outcome = screener.screen_bytes(_collage(1, 2))
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NO_MATCH, "benign_bank")


def test_a_benign_entry_does_not_hide_the_known_picture_it_resembles(screener: Screener, files: Path) -> None:
    known = _photo(files, 1)
    alike = files / "alike.jpg"
    alike.write_bytes(encoded(picture(1).resize((320, 240)), quality=40))
    _bank(screener, "KNOWN", known)
    _bank(screener, "ALLOWED", alike, benign=True)
    assert screener.screen_file(known).outcome is OutcomeKind.MATCH
    assert screener.screen_file(alike).outcome is OutcomeKind.NO_MATCH


def _frames(*seeds: int) -> bytes:
    first, *rest = [picture(seed).quantize(256) for seed in seeds]
    return encoded(first, "GIF", save_all=True, append_images=rest, duration=200, loop=0)


def test_a_benign_frame_does_not_hide_a_known_one(screener: Screener, files: Path) -> None:
    _bank(screener, "KNOWN", _photo(files, 1))
    _bank(screener, "ALLOWED", _photo(files, 2), benign=True)
    outcome = screener.screen_bytes(_frames(2, 1))
    assert outcome.outcome is OutcomeKind.MATCH and outcome.matches[0].frame == 1
    _bank(screener, "ALSO_KNOWN", _photo(files, 2, "again.jpg"))
    assert {m.bank for m in screener.screen_bytes(_frames(2, 1)).matches} == {"KNOWN"}
    assert screener.screen_bytes(_frames(2)).reason == "benign_bank"


def test_suppression_does_not_make_an_unseen_rest_a_no_match(screener: Screener, files: Path) -> None:
    _bank(screener, "KNOWN", _photo(files, 2))
    _bank(screener, "ALLOWED", _photo(files, 2), benign=True)
    whole = _frames(2, 3)
    outcome = screener.screen_bytes(whole[: len(whole) * 3 // 4])
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_MATCHABLE, "truncated")
    assert outcome.suppressed


def test_an_empty_file_is_not_added(screener: Screener, files: Path) -> None:
    (files / ".keep").touch()
    (added,) = _bank(screener, "KNOWN", files / ".keep")
    assert added.entry is None and "empty" in added.problem


def test_bank_switches_and_radius(screener: Screener, files: Path) -> None:
    _bank(screener, "KNOWN", _photo(files, 1))
    near = encoded(picture(1).resize((200, 150)), quality=30)
    found = screener.screen_bytes(near).matches[0].distance
    assert found
    with screener.database.write() as connection:
        update_bank(connection, "KNOWN", max_distance_bits=found - 1)
    assert screener.screen_bytes(near).outcome is OutcomeKind.NO_MATCH
    with screener.database.write() as connection:
        update_bank(connection, "KNOWN", max_distance_bits=found)
    assert screener.screen_bytes(near).outcome is OutcomeKind.MATCH
    with screener.database.write() as connection:
        update_bank(connection, "KNOWN", enabled=False)
    outcome = screener.screen_bytes(near)
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_SCANNED, "no_banks")


def test_only_the_banks_asked_for(screener: Screener, files: Path) -> None:
    photo = _photo(files, 1)
    _bank(screener, "ONE", photo)
    _bank(screener, "TWO", photo)
    assert {m.bank for m in screener.screen_file(photo).matches} == {"ONE", "TWO"}
    assert {m.bank for m in screener.screen_file(photo, banks=["TWO"]).matches} == {"TWO"}
    with pytest.raises(NotFoundError, match="THREE"):
        screener.screen_file(photo, banks=["THREE"])


def test_changes_by_another_process_count_at_once(tmp_path: Path, files: Path, pool: DecodePool) -> None:
    photo = _photo(files, 1)
    other_copy = encoded(picture(1), quality=50)
    with Screener(tmp_path / "home", pool=pool) as one, Screener(tmp_path / "home", pool=pool) as other:
        assert other.screen_bytes(other_copy).outcome is OutcomeKind.NOT_SCANNED  # there is no bank yet
        (added,) = _bank(one, "KNOWN", photo)
        assert other.screen_bytes(other_copy).outcome is OutcomeKind.MATCH
        with one.database.write() as connection:
            remove_entry(connection, added.entry or 0)
        assert other.screen_bytes(other_copy).outcome is OutcomeKind.NO_MATCH


def test_sharing_terms_are_asked_when_an_answer_leaves(screener: Screener, files: Path) -> None:
    photo = _photo(files, 1)
    _bank(screener, "KNOWN", photo)
    assert screener.screen_file(photo).outcome is OutcomeKind.MATCH
    with screener.database.write() as connection:
        set_handling(connection, "own", Handling(may_match=False))
    assert screener.screen_file(photo).outcome is OutcomeKind.NO_MATCH


@pytest.mark.parametrize("convention", [Convention.FULL, Convention.NEAREST_512, Convention.UNKNOWN])
def test_every_convention_is_found(screener: Screener, convention: Convention) -> None:
    large = picture(5, 1900, 1500)
    with screener.database.write() as connection:
        path = screener.home.path / "large.jpg"
        path.write_bytes(encoded(large, quality=90))
        made_by = Convention.NEAREST_512 if convention is not Convention.FULL else Convention.FULL
        (pdq,) = [h.pdq for h in screener.hasher.hash_file(path).pdq if h.pdq.convention is made_by]
        bank = create_bank(connection, "KNOWN", max_distance_bits=4)
        source = ensure_source(connection, "a list")
        fingerprint = Fingerprint("pdq", pdq.bits.tobytes(), str(convention), quality=pdq.quality)
        add_entry(connection, bank.id, label="x", added=[fingerprint], source_id=source.id)
    outcome = screener.screen_bytes(encoded(large, quality=88))
    assert outcome.outcome is OutcomeKind.MATCH


def test_a_damaged_index_is_built_again(tmp_path: Path, files: Path, pool: DecodePool) -> None:
    photo = _photo(files, 1)
    copy = encoded(picture(1), quality=50)
    with Screener(tmp_path / "home", pool=pool) as one:
        _bank(one, "KNOWN", photo)
        assert one.screen_bytes(copy).outcome is OutcomeKind.MATCH
        folder = one.home.index_folder
    for name in ("codes-*.hfx", "digests-*.hfx", "manifest.json"):
        for damage in (b"", b"not an index at all", None):
            (path,) = folder.glob(name)
            path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
            with Screener(tmp_path / "home", pool=pool) as again:
                assert again.screen_bytes(copy).outcome is OutcomeKind.MATCH
                assert again.screen_file(photo).matches[0].exact


def test_the_index_of_other_records_is_not_used(tmp_path: Path, files: Path, pool: DecodePool) -> None:
    copies = [encoded(picture(seed), quality=50) for seed in (1, 2)]
    for home, seed in (("one", 1), ("two", 2)):
        with Screener(tmp_path / home, pool=pool) as screener:
            _bank(screener, "KNOWN", _photo(files, seed))
            assert screener.screen_bytes(copies[seed - 1]).outcome is OutcomeKind.MATCH
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / "two" / f"holdfast.db{suffix}").unlink(missing_ok=True)
    (tmp_path / "one" / "holdfast.db").rename(tmp_path / "two" / "holdfast.db")
    with Screener(tmp_path / "two", pool=pool) as restored:
        with restored.database.write() as connection:  # the same number of changes, another history
            create_bank(connection, "OTHER")
        assert restored.screen_bytes(copies[0]).outcome is OutcomeKind.MATCH
        assert restored.screen_bytes(copies[1]).outcome is OutcomeKind.NO_MATCH


BAD_INPUT = {
    "empty.jpg": (b"", "empty"),
    "text.jpg": (b"These are only words, not a picture." * 9, "not_media"),
    "one_pixel.png": (encoded(Image.new("RGB", (1, 1), "red"), "PNG"), "too_small"),
    "flat.png": (encoded(Image.new("L", (2500, 2000), 128), "PNG"), "featureless"),
    "bomb.png": (encoded(Image.new("1", (30000, 30000)), "PNG"), "too_large"),
}


@pytest.mark.parametrize("name", sorted(BAD_INPUT))
def test_bad_input_is_not_matchable_and_says_why(screener: Screener, name: str) -> None:
    data, reason = BAD_INPUT[name]
    outcome = screener.screen_bytes(data, name)
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_MATCHABLE, reason)
    assert len(outcome.detail) > 20


def test_a_truncated_picture(screener: Screener, files: Path) -> None:
    whole = encoded(picture(7), quality=95)
    _bank(screener, "KNOWN", _photo(files, 7))
    nearly = screener.screen_bytes(whole[: len(whole) * 9 // 10])
    assert nearly.outcome is OutcomeKind.MATCH
    stranger = encoded(picture(8), quality=95)
    cut = screener.screen_bytes(stranger[: len(stranger) // 2])
    assert (cut.outcome, cut.reason) == (OutcomeKind.NOT_MATCHABLE, "truncated")


def test_not_matchable_content_still_matches_by_digest(screener: Screener, files: Path) -> None:
    odd = files / "archive.bin"
    odd.write_bytes(b"PK\x03\x04 not a picture" * 40)
    (added,) = _bank(screener, "KNOWN", odd)
    assert added.entry is not None and "digests only" in added.problem
    assert screener.screen_file(odd).outcome is OutcomeKind.MATCH


def test_digests_only_decodes_nothing_and_never_says_no_match(screener: Screener, files: Path) -> None:
    photo = _photo(files, 1)
    _bank(screener, "KNOWN", photo)
    same = screener.check(bytes_content(photo.read_bytes(), 1 << 20), digests_only=True)
    assert same.outcome.outcome is OutcomeKind.MATCH and same.outcome.matches[0].exact
    copy = screener.check(bytes_content(encoded(picture(1), quality=50), 1 << 20), digests_only=True)
    assert (copy.outcome.outcome, copy.outcome.reason) == (OutcomeKind.NOT_SCANNED, "digests_only")


def test_without_following_the_lists_are_as_of_the_last_refresh(
    tmp_path: Path, files: Path, pool: DecodePool
) -> None:
    photo = _photo(files, 1)
    with Screener(tmp_path / "home", pool=pool, follows=False) as screener:
        screener.refresh()
        _bank(screener, "KNOWN", photo)
        assert screener.screen_file(photo).outcome is OutcomeKind.NOT_SCANNED
        screener.refresh()
        assert screener.screen_file(photo).outcome is OutcomeKind.MATCH


def test_unreadable_files_are_errors(screener: Screener, files: Path) -> None:
    assert screener.screen_file(files / "absent.jpg").outcome is OutcomeKind.ERROR
    assert screener.screen_file(files).outcome is OutcomeKind.ERROR
    os.mkfifo(files / "pipe.jpg")
    outcome = screener.screen_file(files / "pipe.jpg")
    assert outcome.outcome is OutcomeKind.ERROR and "not a regular file" in outcome.detail


def test_a_file_over_the_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_MEDIA__MAX_BYTES", "1000")
    path = tmp_path / "large.jpg"
    path.write_bytes(encoded(picture(1)))
    with Screener(tmp_path / "home") as screener:
        outcome = screener.screen_file(path)
        assert (outcome.outcome, outcome.reason) == (OutcomeKind.NOT_MATCHABLE, "too_large")
        _bank(screener, "KNOWN", path)
        assert screener.screen_file(path).outcome is OutcomeKind.MATCH


def test_nothing_about_unmatched_content_is_kept(tmp_path: Path, pool: DecodePool) -> None:
    data = encoded(picture(3))
    with Screener(tmp_path / "home", pool=pool) as screener:
        path = tmp_path / "secret-holiday-name.jpg"
        path.write_bytes(data)
        with screener.database.write() as connection:
            create_bank(connection, "KNOWN")
        assert screener.screen_file(path).outcome is OutcomeKind.NO_MATCH
    import hashlib

    traces = [b"secret-holiday-name", hashlib.sha256(data).digest(), hashlib.md5(data).hexdigest().encode()]
    for file in (tmp_path / "home").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(trace in content for trace in traces), file


def test_classic_banks_take_no_views_and_none_are_made_for_them(
    screener: Screener, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []

    def watched(*arguments: Any, **options: Any) -> Any:
        made.append(options["views"])
        return query_hashes(*arguments, **options)

    monkeypatch.setattr("holdfast.screening.screener.query_hashes", watched)
    _bank(screener, "KNOWN", _photo(files, 1))
    _bank(screener, "OTHER", _photo(files, 3))
    page, mirrored = _collage(1, 2), encoded(ImageOps.mirror(picture(1)), quality=90)
    assert screener.screen_bytes(page).outcome is OutcomeKind.MATCH
    with screener.database.write() as connection:
        update_bank(connection, "KNOWN", matching="classic")
    assert screener.screen_bytes(page).outcome is OutcomeKind.NO_MATCH
    assert screener.screen_bytes(mirrored).matches[0].view == "mirrored"
    assert made == [True, True, True]
    with screener.database.write() as connection:
        update_bank(connection, "OTHER", matching="classic")
    assert screener.screen_bytes(mirrored).outcome is OutcomeKind.MATCH
    assert screener.screen_bytes(page).outcome is OutcomeKind.NO_MATCH
    assert made[3:] == [False, False]
