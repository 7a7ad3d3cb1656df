"""The case page's contents, from the facts of the case and who looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller
from holdfast.console.pages.case_groups import Group, groups_of
from holdfast.console.pages.case_timeline import Moment, timeline_of
from holdfast.console.pages.shared import Names, PageOf, link
from holdfast.console.texts import Texts
from holdfast.records.tables.base import now
from holdfast.review.approvals import Approval
from holdfast.review.case_facts import CaseFacts, DecisionFacts
from holdfast.review.words import OUTCOMES

__all__ = ["GROUPS", "CaseView", "Choice", "Pending", "case_view", "choices_of"]

GROUPS: Final = 20  # on one page


@dataclass(frozen=True, slots=True)
class Choice:
    """One outcome that can be decided, and in a sentence what follows from it."""

    value: str
    word: str
    follows: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A decision that waits: for its time to undo, or for a second person."""

    decision: DecisionFacts
    approval: Approval | None
    words: str
    by: str
    is_mine: bool
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """What the templates show."""

    id: int
    priority: str
    due: datetime | None
    state: str
    state_words: str
    fence: int
    version: int
    is_mine: bool
    can_take: bool
    can_work: bool
    heartbeat_ms: int
    account_facts: list[tuple[str, str]]
    earlier: tuple[int, ...]
    timeline: list[Moment]
    notices: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    groups: list[Group]
    page: PageOf
    saved: int
    choices: list[Choice]
    pending: Pending | None
    decided: str
    incident_type: str
    annotations: list[str]
    notes: list[dict[str, Any]]


def case_view(
    facts: CaseFacts, approval: Approval | None, caller: Caller, names: Names, t: Texts, first: int
) -> CaseView:
    """The view for ``caller``; groups from number ``first`` on."""
    case = facts.case
    at = now()
    runs = case.lease_until is not None and case.lease_until > at
    # A lease that ran out while nobody else took the case still counts (`leases.require_lease`).
    is_mine = case.state == "open" and case.lease_owner == caller.subject
    groups = groups_of(case.id, facts.media, names, t)
    return CaseView(
        id=case.id,
        priority=f"p{case.priority}",
        due=case.due_at if case.state == "open" else None,
        state=case.state,
        state_words=_state_words(facts, runs, is_mine, names, t),
        fence=case.fence,
        version=case.version,
        is_mine=is_mine,
        can_take=case.state == "open"
        and not is_mine
        and (not runs or caller.allows(Permission.CASE_ASSIGN))
        and caller.allows(Permission.CASE_WRITE),
        can_work=is_mine and caller.allows(Permission.CASE_WRITE),
        heartbeat_ms=int(caller.runtime.review.lease_s * 1000 / 5),
        account_facts=_account(facts, t),
        earlier=facts.earlier_cases[:5],
        timeline=timeline_of(facts, names, t),
        notices=[_notice(one, t) for one in facts.notices],
        messages=[_message(one, t) for one in facts.messages or ()],
        groups=groups[first - 1 : first - 1 + GROUPS],
        page=_page(case.id, len(groups), first),
        saved=len(facts.media) - len(groups),
        choices=choices_of(facts, t),
        pending=_pending(facts, approval, caller, names, t),
        decided=_decided(facts, names, t),
        incident_type=case.incident_type or "",
        annotations=case.annotations,
        notes=[{"text": one.text, "by": names(one.by), "at": one.at} for one in facts.notes],
    )


def choices_of(facts: CaseFacts, t: Texts) -> list[Choice]:
    """The outcomes that fit what the case holds (`deciding.decide` has the rules)."""
    has_media = bool(facts.media)
    fitting = {"report": True, "hold": True, "release": has_media, "nothing": not has_media}
    found = []
    for outcome in OUTCOMES:
        if fitting[outcome]:
            follows = t(f"outcome.{outcome}_does")
            if outcome == "release" and any(one.item.trusted for one in facts.media):
                follows = f"{follows} {t('outcome.release_second')}"
            found.append(Choice(outcome, t(f"outcome.{outcome}"), follows))
    return found


def _state_words(facts: CaseFacts, runs: bool, is_mine: bool, names: Names, t: Texts) -> str:
    case = facts.case
    if case.state == "merged":
        return t("case.merged_into", case=str(case.merged_into))
    if case.state != "open":
        return t(f"case_state.{case.state}")
    if is_mine:
        return t("case.mine")
    return t("case.held_by", who=names(case.lease_owner)) if runs else t("case.free")


def _account(facts: CaseFacts, t: Texts) -> list[tuple[str, str]]:
    """What is known of the account, from the case and the newest upload that says it."""
    case = facts.case
    rows = [
        ("account", case.account or t("queue.no_account")),
        ("kind", t.or_plain("kind", case.kind)),
        ("surface", t.or_plain("surface", case.surface)),
    ]
    contexts = [one.item.context for one in reversed(facts.media)]
    country = next((one["country"] for one in contexts if one.get("country")), "")
    address = next((one for one in contexts if one.get("ip")), {})
    rows.append(("country", country))
    port = f" : {address['port']}" if address.get("port") else ""
    rows.append(("ip", f"{address.get('ip', '')}{port}"))
    return [(t(f"case.fact.{name}"), value) for name, value in rows if value]


def _notice(notice: Any, t: Texts) -> dict[str, Any]:
    words = notice.words or {}
    return {
        "title": t("event.notice", who=t.or_plain("notice.kind", notice.kind)),
        "text": str(words.get("text") or ""),
        "where": [*notice.content_references, *words.get("urls", ())],
        "contact": str(words.get("contact") or ""),
        "reference": notice.reference,
        "at": notice.received_at,
    }


def _message(message: Any, t: Texts) -> dict[str, Any]:
    who = f"{message.sender} → {message.recipient}" if message.recipient else message.sender
    suspect = t("case.suspect") if message.is_suspect else ""
    return {"who": who, "suspect": suspect, "text": message.text, "at": message.sent_at}


def _page(case_id: int, total: int, first: int) -> PageOf:
    last = min(total, first - 1 + GROUPS)
    path = f"/console/cases/{case_id}"
    return PageOf(
        first=first,
        last=last,
        total=total,
        back=link(path, first=max(1, first - GROUPS)) if first > 1 else "",
        on=link(path, first=last + 1) if last < total else "",
    )


def _pending(
    facts: CaseFacts, approval: Approval | None, caller: Caller, names: Names, t: Texts
) -> Pending | None:
    last = facts.decisions[-1] if facts.decisions else None
    if last is None or last.state not in ("waiting", "approval"):
        return None
    is_mine = last.by == caller.subject
    may_undo = is_mine or caller.allows(Permission.CASE_ASSIGN)
    return Pending(
        decision=last,
        approval=approval,
        words=t("event.proposed", who=names(last.by), outcome=t(f"outcome.{last.outcome}")),
        by=names(last.by),
        is_mine=is_mine,
        undo_until=last.in_force_after if may_undo else None,
    )


def _decided(facts: CaseFacts, names: Names, t: Texts) -> str:
    decision = facts.decision
    if decision is None:
        return ""
    return t("event.proposed", who=names(decision.by), outcome=t(f"outcome.{decision.outcome}"))
