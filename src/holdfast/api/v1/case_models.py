"""Cases as the API gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from holdfast.api.v1.fields import Answer
from holdfast.review.case_facts import CaseFacts, MediaFacts
from holdfast.review.models import Case

__all__ = ["CaseAnswer", "CasePage", "DecisionAnswer", "LeaseAnswer", "MediaAnswer", "cursor_of"]


class CaseAnswer(Answer):
    """One case, without what lies in it."""

    id: int
    account: str | None = Field(examples=["user-4711"])
    kind: str = Field(examples=["match"], description="What opened it: match, notice or text.")
    surface: str = Field(examples=["public"])
    state: str = Field(examples=["open"], description="open, waiting, decided or merged.")
    priority: int = Field(examples=[2], description="0: imminent danger; 1 (first) to 5.")
    version: int = Field(description="Grows with everything that is added; a decision names it.")
    media_count: int
    text_count: int
    incident_type: str | None
    annotations: list[str]
    opened_at: datetime
    due_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    lease_owner: str | None = Field(examples=["person:4k8wz0qd2m1x"], description="Whose it is.")
    lease_until: datetime | None
    merged_into: int | None
    earlier_case: int | None


class LeaseAnswer(Answer):
    """A case that is the caller's until a moment."""

    case: int = Field(validation_alias="case_id")
    owner: str
    fence: int = Field(description="Name it in every step: whoever takes the case gets another.")
    until: datetime


class ClusterAnswer(Answer):
    """The copies of a file, and what was decided of them before."""

    id: int
    members: int
    verdict: str | None
    label: str | None
    decided_by: str | None
    decided_at: datetime | None
    decided_case: int | None


class MediaAnswer(Answer):
    """One upload in a case. `hold` is the held content."""

    id: int
    event: int | None
    hold: str | None
    hold_state: str | None
    size_bytes: int | None
    content_reference: str | None
    medium: str
    outcome: str
    rule: str
    trusted: bool
    label: str | None
    not_a_match: str | None
    annotations: list[str]
    labelled_by: str | None
    verdict: str | None
    cluster: ClusterAnswer | None
    seen: str = Field(examples=["not viewed"], description="The view ledger in words.")
    viewed_in_full: bool
    added_at: datetime
    matches: list[dict[str, Any]]
    context: dict[str, Any]

    @classmethod
    def of(cls, media: MediaFacts) -> MediaAnswer:
        item = media.item
        same = ("id", "content_reference", "medium", "outcome", "rule", "trusted", "label", "not_a_match")
        more = ("annotations", "labelled_by", "verdict", "added_at", "matches", "context")
        return cls(
            **{name: getattr(item, name) for name in (*same, *more)},
            event=item.event_id,
            hold=item.item_id,
            hold_state=media.hold_state,
            size_bytes=media.size_bytes,
            cluster=None if media.cluster is None else ClusterAnswer.model_validate(media.cluster),
            seen="not held" if media.views is None else media.views.words(),
            viewed_in_full=media.viewed_in_full,
        )


class MessageAnswer(Answer):
    """One message."""

    sender: str
    recipient: str | None
    room: str | None
    sent_at: datetime | None
    text: str
    is_suspect: bool


class CaseNoticeAnswer(Answer):
    """A notice in a case, with its words."""

    id: int
    reference: str
    kind: str
    content_references: list[str]
    known_copies: int
    received_at: datetime
    due_at: datetime
    outcome: str | None
    words: dict[str, Any] | None


class DecisionAnswer(Answer):
    """What was decided about a case. Nothing happens before `in_force_after`; until then undo."""

    id: int
    case: int = Field(validation_alias="case_id")
    revision: int
    outcome: str
    account_action: str | None
    reason: str
    verdicts: dict[int, str]
    by: str
    at: datetime
    state: str = Field(
        examples=["waiting"], description="waiting, approval, in_force, undone, refused or overturned."
    )
    in_force_after: datetime
    ended_at: datetime | None
    ended_by: str | None


class NoteAnswer(Answer):
    """A note for others."""

    id: int
    by: str
    text: str
    at: datetime


class CasePage(Answer):
    """A whole case."""

    case: CaseAnswer
    media: list[MediaAnswer]
    messages: list[MessageAnswer]
    notices: list[CaseNoticeAnswer]
    decisions: list[DecisionAnswer]
    notes: list[NoteAnswer]
    earlier_cases: list[int]

    @classmethod
    def of(cls, facts: CaseFacts) -> CasePage:
        return cls(
            case=CaseAnswer.model_validate(facts.case),
            media=[MediaAnswer.of(one) for one in facts.media],
            messages=[MessageAnswer.model_validate(one) for one in facts.messages or ()],
            notices=[CaseNoticeAnswer.model_validate(one) for one in facts.notices],
            decisions=[DecisionAnswer.model_validate(one) for one in facts.decisions],
            notes=[NoteAnswer.model_validate(one) for one in facts.notes],
            earlier_cases=list(facts.earlier_cases),
        )


def cursor_of(case: Case) -> str:
    """Where a page of cases ends."""
    return f"{case.priority}.{round(case.due_at.timestamp() * 1_000_000)}.{case.id}"
