"""What happened to an account's content, oldest first: one line of moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from holdfast.console.pages.shared import Names
from holdfast.console.texts import Texts
from holdfast.review.case_facts import CaseFacts, DecisionFacts

__all__ = ["Moment", "timeline_of"]

MOST_UPLOADS = 5  # the others are counted


@dataclass(frozen=True, slots=True)
class Moment:
    """One point. ``weight`` is "key", "danger" or ""."""

    at: datetime
    words: str
    detail: str = ""
    weight: str = ""


def timeline_of(facts: CaseFacts, names: Names, t: Texts) -> list[Moment]:
    """Everything that is known with its moment."""
    found = [
        *_uploads(facts, t),
        *_notices(facts, t),
        *_people(facts, names, t),
        *(moment for decision in facts.decisions for moment in _decision(decision, names, t)),
        *_appeals(facts, names, t),
    ]
    return sorted(found, key=lambda one: one.at)


def _uploads(facts: CaseFacts, t: Texts) -> Iterator[Moment]:
    yield Moment(facts.case.opened_at, t("event.opened"))
    for one in facts.media[:MOST_UPLOADS]:
        item = one.item
        uploaded_at = item.context.get("uploaded_at")
        if uploaded_at:
            yield Moment(
                datetime.fromisoformat(uploaded_at), t("event.uploaded"), item.content_reference or ""
            )
        words = t("event.held", rule=item.rule) if item.item_id else t("event.matched", rule=item.rule)
        yield Moment(item.added_at, words, item.content_reference or "", "key")
    left = len(facts.media) - MOST_UPLOADS
    if left > 0:
        yield Moment(facts.media[-1].item.added_at, t("event.more", count=left))


def _notices(facts: CaseFacts, t: Texts) -> Iterator[Moment]:
    for notice in facts.notices:
        words = t("event.notice", who=t.or_plain("notice.kind", notice.kind))
        yield Moment(notice.received_at, words, notice.reference, "key")
    if facts.messages:
        timed = [one.sent_at for one in facts.messages if one.sent_at is not None]
        if timed:
            yield Moment(max(timed), t("event.message", count=len(facts.messages)))


def _people(facts: CaseFacts, names: Names, t: Texts) -> Iterator[Moment]:
    case = facts.case
    if case.imminent_at is not None:
        yield Moment(case.imminent_at, t("event.imminent", who=names(case.imminent_by)), "", "danger")
    for note in facts.notes:
        yield Moment(note.at, t("event.note", who=names(note.by)))
    labelled: dict[tuple[str, str], datetime] = {}
    for one in facts.media:
        item = one.item
        if item.label and item.labelled_by and item.labelled_at and item.labelled_at >= case.opened_at:
            labelled.setdefault((item.label, item.labelled_by), item.labelled_at)
    for (label, by), at in labelled.items():
        yield Moment(at, t("event.label", who=names(by), label=t.or_plain("labels", label)))


def _decision(decision: DecisionFacts, names: Names, t: Texts) -> Iterator[Moment]:
    outcome = t(f"outcome.{decision.outcome}")
    words = t("event.proposed", who=names(decision.by), outcome=outcome)
    yield Moment(decision.at, words, decision.reason, "key")
    if decision.ended_at is not None and decision.state in ("in_force", "undone", "refused", "overturned"):
        yield Moment(
            decision.ended_at,
            t(f"event.{decision.state}", who=names(decision.ended_by)),
            "",
            "key" if decision.state == "in_force" else "",
        )


def _appeals(facts: CaseFacts, names: Names, t: Texts) -> Iterator[Moment]:
    for appeal in facts.appeals:
        yield Moment(appeal.received_at, t("event.appeal"), appeal.reference, "key")
        if appeal.decided_at is not None:
            words = t(f"event.appeal_{appeal.outcome}", who=names(appeal.decided_by))
            yield Moment(appeal.decided_at, words, appeal.statement or "")
