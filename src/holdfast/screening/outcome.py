"""What checking one item came to. The outcomes are never confused with one another.

*match* / *possible*: it is (probably) known content. *no_match*: it was checked and nothing in the
banks is near. *not_matchable*: it could not be checked, with the reason. *not_scanned*: a policy said
not to look. *error*: the bytes could not be had.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Match", "Outcome", "OutcomeKind"]


class OutcomeKind(StrEnum):
    MATCH = "match"
    POSSIBLE = "possible"
    NO_MATCH = "no_match"
    NOT_MATCHABLE = "not_matchable"
    NOT_SCANNED = "not_scanned"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Match:
    """One bank entry that the item matches.

    ``distance`` is in bits for PDQ (0..256), 0 for an equal digest. ``exact`` means equal SHA-1 or
    SHA-256, or equal MD5 and equal size where the list gives it. ``tier`` is "match", "possible" or, of
    videos, "same_scene". ``view`` says in words what was done to the upload before it matched ("as is",
    "mirrored", ...).
    ``expected_false_alarms``: how many strangers would be expected as near among all that were compared,
    extrapolated by ``extrapolation_decades`` powers of ten beyond the data (docs/false-alarms.md); None for
    digests. Times are in seconds, None for stills. Of videos ``distance`` is that of the nearest frame,
    ``score`` the evidence in decades, ``speed`` seconds of the listed video for one of the upload's, and the
    percentages those that vPDQ's own tools count.
    """

    bank: str
    entry: int
    label: str
    algorithm: str
    distance: int | None
    tier: str
    view: str
    exact: bool
    expected_false_alarms: float | None = None
    extrapolation_decades: float | None = None
    classification: str | None = None
    trusted: bool = False
    convention: str = ""
    frame: int = 0
    score: float | None = None
    query_start_s: float | None = None
    query_end_s: float | None = None
    ref_start_s: float | None = None
    ref_end_s: float | None = None
    speed: float | None = None
    vpdq_query_percent: float | None = None
    vpdq_ref_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer about one item. ``reason`` is a stable word, ``detail`` a sentence for people.

    ``deep_check``: "not_needed", "done" (it was looked at from all sides at once), "pending" (it will be,
    soon) or "skipped"; ``deep_check_reason`` is then a stable word that says why.
    """

    file: str
    medium: str
    outcome: OutcomeKind
    reason: str = ""
    detail: str = ""
    matches: tuple[Match, ...] = ()
    suppressed: tuple[Match, ...] = field(default=())
    size_bytes: int = 0
    deep_check: str = "not_needed"
    deep_check_reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object that `match --json` prints (architecture section 6)."""
        return asdict(self)
