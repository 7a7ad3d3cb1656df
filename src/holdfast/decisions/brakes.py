"""Brakes on false positives: what doubt about an entry takes away from a decision.

An entry's *standing* is "none", "confirmed" (a reviewer looked and upholds it), "disputed" (a reviewer
says it does not belong on the list) or "held" (the flood brake, in `flood`, caught it). One match of it is in
"conflict" where the very same file is on a benign list as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from holdfast.decisions.actions import Actions
from holdfast.decisions.facts import EntryMatch

__all__ = ["Review", "is_doubtful", "restrain", "standing_of"]

_DOUBTS = {
    "disputed": "is disputed",
    "held": "suddenly matches much and nobody has looked at it yet",
    "conflict": "and a benign entry are of the very same file, and one of them is wrong",
}
TRUSTED_PRIORITY = 2
UNTRUSTED_PRIORITY = 3


@dataclass(frozen=True, slots=True)
class Review:
    """What one person said of an entry: ``verdict`` is "confirm", "dispute" or "withdraw" (of their own)."""

    person: str
    verdict: str
    at: datetime


def standing_of(reviews: Iterable[Review], flooded: bool = False) -> str:
    """The standing that follows from people's reviews and the flood brake.

    Of each person only the latest word counts. One dispute outweighs any number of confirmations until it
    is withdrawn; a confirmation releases the flood brake.
    """
    latest: dict[str, str] = {}
    for review in sorted(reviews, key=lambda review: review.at):
        latest[review.person] = review.verdict
    verdicts = set(latest.values())
    if "dispute" in verdicts:
        return "disputed"
    if "confirm" in verdicts:
        return "confirmed"
    return "held" if flooded else "none"


def is_doubtful(match: EntryMatch) -> bool:
    """Whether the match's entry is disputed, held or in conflict, so that it may not act with full force."""
    return match.standing in _DOUBTS


def restrain(actions: Actions, match: EntryMatch | None) -> tuple[Actions, str]:
    """The actions that ``match`` may still carry, and a sentence for staff where that is less ("" otherwise).

    On a trusted list doubt keeps content held for a person, because one person cannot clear it; on any
    other list it leaves the queue only. Webhooks stay.
    """
    if match is None or not is_doubtful(match) or actions.allow:
        return actions, ""
    doubt = _DOUBTS[match.standing]
    if match.trusted:
        queue = min(actions.queue or TRUSTED_PRIORITY, TRUSTED_PRIORITY)
        less = replace(actions, block=False, draft_report=False, quarantine=True, queue=queue)
        return (
            less,
            f"The entry {doubt}: the content is held for a person, and nothing else was done by rule.",
        )
    queue = min(actions.queue or UNTRUSTED_PRIORITY, UNTRUSTED_PRIORITY)
    less = replace(actions, block=False, draft_report=False, quarantine=False, allow=True, queue=queue)
    return (
        less,
        f"The entry {doubt} and its list is not a trusted one: the content is only queued for a person.",
    )
