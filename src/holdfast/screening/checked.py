"""How far a content could be looked at, and all that was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.banks.resolve import BankMatch
from holdfast.decisions.vocabulary import DECISIVE_DISTANCE_BITS, PLAIN_VIEWS
from holdfast.hashing.views.small import SmallLuma
from holdfast.media.types import Reason
from holdfast.screening.outcome import Outcome

__all__ = ["AS_IS", "STILL", "WHOLE", "Checked", "Region", "Screened", "Seen", "Span", "weight"]

# Of the content: a frame, and a part of it that was looked at as a picture of its own, -1 for all of it.
Region = tuple[int, int]
WHOLE: Region = (0, -1)


@dataclass(frozen=True, slots=True)
class Span:
    """Where in a video, in seconds; None where one of the two is a picture. ``score`` is evidence in decades.

    ``speed`` is seconds of the listed video for one of the upload's, negative backwards, 0 in no order.
    The percentages are vPDQ's own (`matching.video.classic`), for whoever decides by them.
    """

    query_start_s: float | None = None
    query_end_s: float | None = None
    ref_start_s: float | None = None
    ref_end_s: float | None = None
    score: float | None = None
    speed: float | None = None
    vpdq_query_percent: float | None = None
    vpdq_ref_percent: float | None = None


STILL = Span()


@dataclass(frozen=True, slots=True)
class Seen:
    """In which view of the content a match was seen, and what it amounts to.

    ``words`` are for people, ``family`` is of `vocabulary.VIEWS`, ``tier`` of
    `vocabulary.TIERS`.
    ``expected_false_alarms`` is how many strangers would be expected as near, with so many decades of
    extrapolation; None for digests. ``near`` gives the smallest distance in each region, and ``region`` is
    that of the view.
    """

    words: str
    family: str
    region: Region
    tier: str = "match"
    expected_false_alarms: float | None = None
    extrapolation_decades: float | None = None
    near: Mapping[Region, int] = field(default_factory=dict)
    span: Span = STILL

    @property
    def frame(self) -> int:
        return self.region[0]


AS_IS = Seen("as is", "as_is", WHOLE, near={WHOLE: 0})


@dataclass(frozen=True, slots=True)
class Checked:
    """How far the content could be looked at. ``reason`` is None when all of it was.

    Otherwise it is a `Reason`, or "digests_only" where policy forbade to look further. ``had_banks``:
    there was something to compare it with.
    """

    medium: str
    reason: Reason | str | None
    detail: str
    had_banks: bool = True


@dataclass(frozen=True, slots=True)
class Screened:
    """One content's outcome and what it rests on.

    ``found`` are all matches, of benign banks and suppressed ones too; ``seen`` says by fingerprint id in
    which view. ``code`` is the content's own hash as it is (32 bytes), b"" where it has none.
    ``list_version`` is the position of the fingerprint log that the answer was made with. ``lumas`` are
    frames (number and small luma) for the deep check, where it was asked for and is needed.
    ``is_unfinished``: a video was looked at only as far as is done at once, and more could be.
    """

    outcome: Outcome
    found: tuple[BankMatch, ...]
    seen: Mapping[int, Seen]
    code: bytes = field(repr=False)
    list_version: int
    lumas: tuple[tuple[int, SmallLuma], ...] = ()
    is_unfinished: bool = False


def weight(match: BankMatch, seen: Mapping[int, Seen]) -> tuple[bool, bool, bool, int, int]:
    """Orders matches by how much can rest on them, the weightiest first: sure, exact, plain, near."""
    view = seen[match.fingerprint_id]
    is_plain = view.family in PLAIN_VIEWS and match.distance_bits <= DECISIVE_DISTANCE_BITS
    return view.tier != "match", not match.exact, not is_plain, match.distance_bits, match.fingerprint_id
