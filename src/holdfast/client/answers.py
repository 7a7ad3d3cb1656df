"""Answers about content: outcome and decision, look-ups, fingerprints. Immutable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = [
    "Answer",
    "AskedAction",
    "Decision",
    "FileHashes",
    "ItemProblem",
    "LookUp",
    "LookUps",
    "Match",
    "NearEntry",
    "Outcome",
    "PdqHash",
    "Policy",
    "ScreenedHashes",
    "Unanswered",
]


class Outcome(StrEnum):
    """What came of the check; never mixed."""

    MATCH = "match"
    POSSIBLE = "possible"
    NO_MATCH = "no_match"
    NOT_MATCHABLE = "not_matchable"  # it could not be checked, or not all of it
    NOT_SCANNED = "not_scanned"  # a policy said not to look


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say is to be done. ``queue``: a person will look, 1 (first) to 5; None: nobody."""

    block: bool
    quarantine: bool
    allow: bool
    queue: int | None
    draft_report: bool
    class_: str
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Which row of the scanning policy said how far to look."""

    action: str
    version: str
    row: str
    reason: str


@dataclass(frozen=True, slots=True)
class AskedAction:
    """What the platform is asked to do. Confirm it with `confirm_action` when it is done."""

    id: int
    action: str


@dataclass(frozen=True, slots=True)
class Match:
    """One entry that the content matches. ``distance`` in bits of 256; 0 for an equal digest.

    ``expected_false_alarms``: how many strangers would be expected as near, extrapolated by so many powers
    of ten beyond the data; None for digests. Of videos ``tier`` may be "same_scene", ``distance`` is that of
    the nearest frame, ``score`` the evidence in decades, and times say where in the upload and in the listed
    video, in seconds; ``speed`` is seconds of the listed video for one of the upload's.
    """

    bank: str
    entry: int
    label: str
    algorithm: str
    distance: int | None
    tier: str
    view: str
    exact: bool
    classification: str | None
    trusted: bool
    expected_false_alarms: float | None = None
    extrapolation_decades: float | None = None
    score: float | None = None
    query_start_s: float | None = None
    query_end_s: float | None = None
    ref_start_s: float | None = None
    ref_end_s: float | None = None
    speed: float | None = None
    vpdq_query_percent: float | None = None
    vpdq_ref_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer about one upload. There is one only where the service has answered: else ClientError.

    ``reason`` is a stable word that says why it is not matchable or was not scanned, ``detail`` the same for
    people. ``list_version`` is the position of the lists that it was compared with. ``deep_check`` "pending":
    it is being looked at from all sides, and a webhook tells if that finds something. ``event`` and ``hold``
    name what was kept. ``rule``, ``matches`` and ``suppressed`` are None for a key that may not see them.
    """

    outcome: Outcome
    reason: str
    detail: str
    medium: str
    size_bytes: int
    list_version: int
    decision: Decision
    policy: Policy
    deep_check: str = "not_needed"
    deep_check_reason: str = ""
    event: int | None = None
    hold: str | None = None
    actions: tuple[AskedAction, ...] = ()
    rule: str | None = None
    rules_version: str | None = None
    restraint: str | None = None
    shadow: tuple[dict[str, Any], ...] | None = None
    matches: tuple[Match, ...] | None = None
    suppressed: tuple[Match, ...] | None = None

    @property
    def may_publish(self) -> bool:
        """True only where the rules allow it and nothing in the answer asks to hold or remove it."""
        decision = self.decision
        return decision.allow and not (decision.block or decision.quarantine or self.hold or self.actions)

    @property
    def must_hold(self) -> bool:
        """Whether it must not be shown. Everything that is not plainly allowed is held."""
        return not self.may_publish

    @property
    def was_checked(self) -> bool:
        """Whether all of it was compared. The shipped rules allow what was not: a stricter platform asks."""
        return self.outcome in (Outcome.MATCH, Outcome.POSSIBLE, Outcome.NO_MATCH)


@dataclass(frozen=True, slots=True)
class ItemProblem:
    """Why one item of many has no answer; ``type`` is stable."""

    type: str
    title: str
    status: int
    detail: str
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Unanswered:
    """In the place of an answer: nothing was looked up for this item, whose account is held back for probing.

    It has no outcome. Hold the content back, and send the item again after ``problem.retry_after_s``.
    """

    problem: ItemProblem

    @property
    def may_publish(self) -> bool:
        return False

    @property
    def must_hold(self) -> bool:
        return True

    @property
    def was_checked(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class ScreenedHashes:
    """For each item, in their order, its answer or why it has none."""

    answers: tuple[Answer | Unanswered, ...]
    list_version: int


@dataclass(frozen=True, slots=True)
class NearEntry:
    """An entry near a hash. ``verdict`` is what its sources say: positive, disputed, seed.

    ``tier``, ``view`` and ``expected_false_alarms`` as for `Match`.
    """

    bank: str
    entry: int
    label: str
    kind: str
    algorithm: str
    distance: int
    exact: bool
    classification: str | None
    trusted: bool
    verdict: str
    tier: str = "match"
    view: str = "as is"
    expected_false_alarms: float | None = None
    extrapolation_decades: float | None = None


@dataclass(frozen=True, slots=True)
class LookUp:
    """The entries near one hash, nearest first. Nothing was decided and nothing was kept."""

    matches: tuple[NearEntry, ...]
    list_version: int


@dataclass(frozen=True, slots=True)
class LookUps:
    """For each hash its entries, in the order of the hashes."""

    results: tuple[tuple[NearEntry, ...], ...]
    list_version: int


@dataclass(frozen=True, slots=True)
class PdqHash:
    """One PDQ hash, 64 hexadecimal digits; below quality 50 it means nothing."""

    hash: str
    quality: int
    convention: str
    frame: int
    backdrop: str | None


@dataclass(frozen=True, slots=True)
class FileHashes:
    """The fingerprints of one file. ``reason`` says why there is no PDQ hash, or none of a video.

    ``vpdq`` is a video's hash: "hash,quality,seconds" of one frame a second.
    """

    medium: str
    size_bytes: int
    md5: str
    sha1: str
    sha256: str
    pdq: tuple[PdqHash, ...]
    reason: str
    detail: str
    vpdq: tuple[str, ...] | None = None
