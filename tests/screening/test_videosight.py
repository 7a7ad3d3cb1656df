"""What a find of a listed video covers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.matching.video import BankMatch, VideoMatch, VideoTier
from holdfast.screening.videosight import seen_find


def _find(video_id: int, score: float, start_s: float, end_s: float, **other: object) -> BankMatch:
    match = VideoMatch(
        VideoTier.MATCH, score, 0.0, 5, "as_is", "as is", 1.0, 0.0, start_s, end_s, start_s, end_s, 20
    )  # fmt: skip
    return BankMatch(video_id, replace(match, **other), 1e-9)  # type: ignore[arg-type]


WHOLE = _find(1, 80.0, 0.0, 14.0)
IN_PART = _find(1, 80.0, 0.0, 14.0, is_in_part=True, family="other", view="as is, in part of the picture")
KNOWN = _find(2, 50.0, 4.0, 10.0)


@pytest.mark.parametrize(("benign", "covers"), [(WHOLE, True), (IN_PART, False)])
def test_what_is_harmless_covers_what_lies_within_it_unless_it_agrees_in_part_only(
    benign: BankMatch, covers: bool
) -> None:
    """A known video in the upper half is not harmless because the lower one is."""
    finds = [benign, KNOWN]
    known, harmless = seen_find(KNOWN, finds, "known", None), seen_find(benign, finds, "benign", None)
    assert (known.region in harmless.near) is covers
    assert harmless.near[harmless.region] == 20 and known.near == {known.region: 20}
