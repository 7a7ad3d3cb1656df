"""When local features are asked: where codes found nothing that is sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.hashing.videolocal_query import LocalQuery
from holdfast.matching.video import BankMatch, VideoBank, VideoMatch, VideoTier
from holdfast.matching.video.local_bank import LocalBank
from holdfast.matching.video.local_search import search_local
from tests.matching.video import films
from tests.matching.video.videos import query, random_codes

STRANGER = BankMatch(
    2,
    VideoMatch(VideoTier.MATCH, 60.0, 5.0, 9, "as_is", "as is", 1.0, 0.0, 0.0, 10.0, 0.0, 10.0, 20),
    1e-30,
)


def _in_part(one: BankMatch) -> BankMatch:
    return replace(one, match=replace(one.match, family="other", is_in_part=True))


@pytest.mark.parametrize(("found", "wanted"), [([STRANGER], [2]), ([_in_part(STRANGER)], [1, 2]), ([], [1])])
def test_features_are_asked_where_codes_are_not_sure(found: list[BankMatch], wanted: list[int]) -> None:
    """A stranger under the same lower half must not hide the film that lies above it."""
    rng = np.random.default_rng(81)
    codes = [random_codes(rng, 10) for _ in range(2)]
    bank = VideoBank.of([(n + 1, one, np.full(10, 80), np.arange(10.0)) for n, one in enumerate(codes)])
    features = LocalBank()
    features.add(1, films.listed(films.frames(1, 1.0)))
    shown = LocalQuery(films.frames(1, 0.5), 0.5)
    out = search_local(found, query(random_codes(rng, 20)), shown, bank, features)
    assert [one.video_id for one in out] == wanted
    assert all(one.match.tier is VideoTier.MATCH for one in out)
