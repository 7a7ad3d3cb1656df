"""The deep check: edited pictures are found among strangers, said in words, and judged; strangers are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank, update_bank
from holdfast.banks.sources import ensure_source
from holdfast.decisions.facts import Context, may_decide
from holdfast.decisions.vocabulary import PLAIN_VIEWS
from holdfast.hashing.views.small import SmallLuma, small_luma
from holdfast.media.pool import DecodePool
from holdfast.screening.adding import add_media
from holdfast.screening.deep import check_deeply
from holdfast.screening.facts import facts_of
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.screener import Screener
from tests.pictures import encoded, picture

STRANGERS = 200


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screener]:
    """Three pictures among strangers. The tests of this file leave it as it is."""
    with DecodePool(workers=1) as pool, Screener(tmp_path_factory.mktemp("deep") / "home", pool=pool) as one:
        _fill(one)
        yield one


@pytest.fixture
def screener(tmp_path: Path, shared: Screener) -> Iterator[Screener]:
    with Screener(tmp_path / "home", pool=shared.pool) as one:
        _fill(one)
        yield one


def _fill(screener: Screener) -> None:
    codes = np.random.default_rng(8).integers(0, 256, (STRANGERS, 32), np.uint8)
    with screener.database.write() as connection:
        bank = create_bank(connection, "KNOWN", trusted=True).id
        source = ensure_source(connection, "own").id
        for number, code in enumerate(codes):
            added = [Fingerprint("pdq", code.tobytes(), "full")]
            add_entry(connection, bank, label=f"stranger {number}", added=added, source_id=source)
    _add(screener, "KNOWN", 1, 2, 3)


def _add(screener: Screener, bank: str, *seeds: int) -> None:
    for seed in seeds:
        path = screener.home.path / f"picture{seed}.jpg"
        path.write_bytes(encoded(picture(seed), quality=92))
        add_media(screener.database, screener.hasher, bank, [path])
        path.unlink()


def _cropped(seed: int, share: float = 0.10) -> Image.Image:
    whole = picture(seed)
    cut_x, cut_y = round(whole.width * share / 2), round(whole.height * share / 2)
    return whole.crop((cut_x, cut_y, whole.width - cut_x, whole.height - cut_y))


def _tilted(seed: int) -> Image.Image:
    whole = picture(seed).rotate(5, Image.Resampling.BICUBIC)
    return whole.crop((25, 20, whole.width - 25, whole.height - 20))


def _ask(screener: Screener, image: Image.Image, *, deep: bool = True) -> Outcome:
    return screener.screen_bytes(encoded(image, quality=70), deep=deep)


EDITS = {
    "cropped": (_cropped(1, 0.14), "cropped about"),
    "tilted": (_tilted(1), "rotated about"),
    "mirrored and cropped": (ImageOps.mirror(_cropped(1, 0.16)), "mirrored"),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_the_fast_views_miss_is_found(shared: Screener, name: str) -> None:
    image, words = EDITS[name]
    assert _ask(shared, image, deep=False).outcome is OutcomeKind.NO_MATCH
    outcome = _ask(shared, image)
    assert (outcome.outcome, outcome.deep_check) == (OutcomeKind.MATCH, "done")
    match = outcome.matches[0]
    assert match.label == "picture1.jpg" and words in match.view and match.tier == "match"
    assert match.expected_false_alarms is not None and match.expected_false_alarms <= 1e-6
    assert {one.label for one in outcome.matches} == {"picture1.jpg"}


def test_a_stranger_is_no_match_and_a_match_at_once_needs_no_more(shared: Screener) -> None:
    outcome = _ask(shared, picture(9))
    assert (outcome.outcome, outcome.deep_check, outcome.matches) == (OutcomeKind.NO_MATCH, "done", ())
    outcome = _ask(shared, picture(1))
    assert (outcome.outcome, outcome.deep_check) == (OutcomeKind.MATCH, "not_needed")


def test_a_picture_that_is_cut_short_is_looked_at_as_far_as_it_goes(shared: Screener) -> None:
    """It may be shown like a whole one; leaving bytes off must not spare it its deep check."""
    whole = encoded(_cropped(1, 0.14), quality=70)
    outcome = shared.screen_bytes(whole[:-300], deep=True)
    assert (outcome.outcome, outcome.deep_check) == (OutcomeKind.MATCH, "done")
    assert outcome.matches[0].label == "picture1.jpg"
    stranger = shared.screen_bytes(encoded(picture(9), quality=70)[:-300], deep=True)
    assert (stranger.outcome, stranger.reason) == (OutcomeKind.NOT_MATCHABLE, "truncated")
    assert stranger.deep_check == "done"


def _luma(image: Image.Image) -> SmallLuma:
    small = small_luma(np.asarray(image.convert("L")))
    assert small is not None
    return small


def test_many_uploads_in_one_pass_are_answered_as_each_alone(shared: Screener) -> None:
    shared.refresh()
    images = [_cropped(1), picture(9), _tilted(2), _cropped(3, 0.2), Image.new("RGB", (300, 200), "grey")]
    uploads = [[(0, _luma(image))] for image in images]
    uploads.append(
        [(0, _luma(picture(9))), (4, _luma(_cropped(2)))]
    )  # an animation: the fifth frame is known
    model = shared.model.current
    together = check_deeply(shared.lists, shared.database, model, [*uploads, []])
    alone = [check_deeply(shared.lists, shared.database, model, [upload])[0] for upload in uploads]
    assert together[:-1] == alone and together[-1].found == []
    labels = [{match.label for match in one.found} for one in together]
    wanted = [{"picture1.jpg"}, set(), {"picture2.jpg"}, {"picture3.jpg"}, set(), {"picture2.jpg"}, set()]
    assert labels == wanted
    assert [seen.frame for seen in together[5].seen.values()] == [4] * len(together[5].seen)


def test_nothing_that_the_deep_check_finds_may_decide(shared: Screener) -> None:
    """Not even where refining ends at a picture as it is, within 31 bits: that is no plain distance."""
    shared.refresh()
    lumas = [[(0, _luma(image))] for image in (picture(1), ImageOps.mirror(picture(1)), _cropped(1))]
    bank = shared.calibrated()[0].id
    for screened in shared.check_deeply(lumas, [[bank]] * len(lumas)):
        facts = facts_of(screened, Context(), {})
        assert facts.outcome == "match" and facts.matches
        for match in facts.matches:
            assert match.view not in PLAIN_VIEWS and not may_decide(match)


def test_a_bank_that_is_held_to_the_classic_rule_is_left_out(screener: Screener) -> None:
    with screener.database.write() as connection:
        update_bank(connection, "KNOWN", matching="classic")
    outcome = _ask(screener, _cropped(1))
    assert (outcome.outcome, outcome.deep_check) == (OutcomeKind.NO_MATCH, "not_needed")
    with screener.database.write() as connection:
        create_bank(connection, "OTHER")
    assert _ask(screener, _cropped(1)).outcome is OutcomeKind.NO_MATCH
    _add(screener, "OTHER", 1)
    assert {match.bank for match in _ask(screener, _cropped(1)).matches} == {"OTHER"}


def test_only_the_banks_asked_for(screener: Screener) -> None:
    with screener.database.write() as connection:
        create_bank(connection, "OTHER")
    data = encoded(_cropped(1), quality=70)
    assert screener.screen_bytes(data, banks=["OTHER"], deep=True).outcome is OutcomeKind.NO_MATCH
    assert screener.screen_bytes(data, banks=["KNOWN"], deep=True).outcome is OutcomeKind.MATCH


@pytest.mark.parametrize("matching", ["classic", "calibrated"])
def test_a_benign_entry_clears_the_crop_of_its_picture(screener: Screener, matching: str) -> None:
    with screener.database.write() as connection:
        create_bank(connection, "HARMLESS", kind="benign", matching=matching)
    _add(screener, "HARMLESS", 1)
    outcome = _ask(screener, _cropped(1))
    assert (outcome.outcome, outcome.matches) == (OutcomeKind.NO_MATCH, ())
    assert _ask(screener, _cropped(2)).outcome is OutcomeKind.MATCH
