"""A view that is fitted to listed frames: when it is asked for, and what it has to show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import FIT_COST, FIT_PAIRS, compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import Fit, VideoQuery
from holdfast.matching.video.search import FITTED, search
from tests.matching.video.videos import changed, query, random_codes, reference


@dataclass(frozen=True)
class _View:
    codes: np.ndarray
    quality: np.ndarray
    family: str = "uncrop"
    words: str = "finely fitted"
    is_changed: bool = True
    look: object = "here"

    @property
    def time_s(self) -> np.ndarray:
        return np.arange(len(self.codes)) / 2

    @property
    def values(self) -> np.ndarray:
        return np.unpackbits(self.codes, axis=1).astype(np.float32) * 2 - 1

    def agreeing(self, rows: np.ndarray, codes: np.ndarray) -> float:
        return 1.0


@dataclass(frozen=True)
class _Often(_View):
    """The plain view as it stands, with a frame each quarter of a second."""

    family: str = "as_is"
    words: str = "as is"
    is_changed: bool = False

    @property
    def time_s(self) -> np.ndarray:
        return np.arange(len(self.codes)) / 4


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(41)


def _fit(codes: np.ndarray | None, asked: list[tuple[int, np.ndarray, np.ndarray]]) -> Fit:
    def fit(view: int, rows: np.ndarray, listed: np.ndarray) -> _View | None:
        if not len(rows):  # the view as it stands: see test_alike
            return None
        asked.append((view, rows, listed))
        return None if codes is None else _View(codes, np.full(len(codes), 80))

    return fit


def _far(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, VideoQuery]:
    """Listed codes, the same as the query shows them, and the query: far, but not as far as strangers."""
    listed = random_codes(rng, 12)
    shown = np.repeat(listed, 2, axis=0)
    return listed, shown, query(random_codes(rng, 24), changed(rng, shown, 97))


def test_what_is_far_is_a_match_once_it_is_fitted(rng: np.random.Generator) -> None:
    listed, shown, asked = _far(rng)
    calls: list[tuple[int, np.ndarray, np.ndarray]] = []
    near = replace(asked, fit=_fit(changed(rng, shown, 50), calls))
    plain, match = compare(near, reference(listed), fit=False), compare(near, reference(listed))
    assert not calls[2:] and (plain is None or plain.tier is not VideoTier.MATCH)
    assert match is not None and match.tier is VideoTier.MATCH
    assert (match.family, match.view) == ("uncrop", "finely fitted")
    view, rows, codes = calls[0]
    assert view == 1 and len(rows) == len(codes) <= FIT_PAIRS and codes.shape[1] == 32
    assert all((codes[n] == shown[row]).all() for n, row in enumerate(rows))


def test_fitting_has_its_price(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 3)  # too few to see how they change
    shown = np.repeat(listed, 2, axis=0)
    asked = query(random_codes(rng, 6), changed(rng, shown, 92))
    copy = changed(rng, shown, 84)  # far enough to count in order only
    fitted = compare(replace(asked, fit=_fit(copy, [])), reference(listed))
    plain = compare(query(copy), reference(listed))
    assert fitted is not None and plain is not None
    assert fitted.decades == pytest.approx(plain.decades - FIT_COST)


def test_what_changes_alike_need_not_pay_it(rng: np.random.Generator) -> None:
    listed, shown, asked = _far(rng)
    copy = changed(rng, shown, 50)
    fitted = compare(replace(asked, fit=_fit(copy, [])), reference(listed))
    plain = compare(query(copy), reference(listed))
    assert fitted is not None and plain is not None
    assert fitted.decades == pytest.approx(plain.decades)


def test_where_it_cannot_be_fitted_nothing_changes(rng: np.random.Generator) -> None:
    listed, _, asked = _far(rng)
    assert compare(replace(asked, fit=_fit(None, [])), reference(listed)) == compare(asked, reference(listed))


def test_what_is_a_match_already_is_not_fitted(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 12)
    calls: list[tuple[int, np.ndarray, np.ndarray]] = []
    copy = query(np.repeat(listed, 2, axis=0))
    match = compare(replace(copy, fit=_fit(None, calls)), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH and calls == []


def test_in_a_large_bank_only_the_likeliest_are_fitted(rng: np.random.Generator) -> None:
    listed, shown, asked = _far(rng)
    others = [changed(rng, listed, 100) for _ in range(100)]
    bank = VideoBank.of(
        (n, codes, np.full(12, 80), np.arange(12.0)) for n, codes in enumerate([listed, *others])
    )
    calls: list[tuple[int, np.ndarray, np.ndarray]] = []
    found = search(replace(asked, fit=_fit(changed(rng, shown, 50), calls)), bank)
    assert found[0].video_id == 0 and found[0].match.tier is VideoTier.MATCH
    assert len(calls) <= 2 * 2 * FITTED


def test_a_match_that_is_too_little_for_a_large_bank_is_fitted(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = random_codes(rng, 12)
    shown = np.repeat(listed, 2, axis=0)
    calls: list[tuple[int, np.ndarray, np.ndarray]] = []
    asked = query(random_codes(rng, 24), changed(rng, shown, 88))
    asked = replace(asked, fit=_fit(changed(rng, shown, 20), calls))
    bank = VideoBank.of([(7, listed, np.full(12, 80), np.arange(12.0))])
    (alone,) = search(asked, bank)
    assert alone.match.tier is VideoTier.MATCH and alone.match.view == "view 1" and not calls
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10**25))
    (found,) = search(asked, bank)
    assert found.match.tier is VideoTier.MATCH and found.match.view == "finely fitted" and calls
    (weak,) = search(replace(asked, fit=None), bank)
    assert weak.match.tier is VideoTier.POSSIBLE


def test_what_moves_fast_is_seen_by_the_frames_between(rng: np.random.Generator) -> None:
    """Frames half a second apart all lie between the listed ones; the quarters of a second do not."""
    listed = random_codes(rng, 12)
    often = random_codes(rng, 48)
    often[1::4] = changed(rng, listed, 24)

    def fit(_view: int, rows: np.ndarray, _codes: np.ndarray) -> _Often | None:
        return None if len(rows) else _Often(often, np.full(48, 80))

    asked = replace(query(often[::2]), families=("as_is",), words=("as is",))
    assert compare(asked, reference(listed)) is None
    match = compare(replace(asked, fit=fit), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH and match.view == "as is"
    assert match.offset_s == pytest.approx(-0.25, abs=0.05)
