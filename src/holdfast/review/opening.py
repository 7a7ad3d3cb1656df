"""Cases that rules open: in the transaction that writes the match down, so that neither is without the other.

Everything that comes of one account while its case is open goes into that case. What is a copy of something
decided already carries that label and needs nobody's eyes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.facts import EntryMatch
from holdfast.decisions.queued import Queued
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.banks import entries
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items, cases, media_clusters
from holdfast.review.cases import lock_case
from holdfast.review.clusters import count_avoided, put_in_cluster
from holdfast.review.models import Case
from holdfast.review.rules import ReviewRules

__all__ = ["DEFAULT_PRIORITY", "case_opener", "gather"]

DEFAULT_PRIORITY = 3  # of a report that is to be drafted where the rule names no queue
BY_RULES = "rules"


def case_opener(rules: ReviewRules) -> Callable[[sa.Connection, Queued], Callable[[int], None]]:
    """What `screening.keeping.Keeper` calls for an upload that waits for a person."""

    def open_case(connection: sa.Connection, queued: Queued) -> Callable[[int], None]:
        context = queued.facts.context
        actions = queued.decision.actions
        priority = actions.queue if actions.queue is not None else DEFAULT_PRIORITY
        case = gather(connection, context.account, rules, kind="match", priority=priority, by=BY_RULES)
        if case.surface != context.surface and case.surface == "unknown":
            _set(connection, case.id, surface=context.surface)
        cluster = put_in_cluster(
            connection,
            digest=queued.digest,
            code=queued.code,
            exact_entry=_exact_entry(queued.decision.match),
        )

        def finish(event_id: int) -> None:
            _add_item(connection, case.id, event_id, queued, cluster, rules)

        return finish

    return open_case


def gather(
    connection: sa.Connection,
    account: str | None,
    rules: ReviewRules,
    *,
    kind: str,
    priority: int,
    by: str,
    surface: str = "unknown",
) -> Case:
    """The open case of an account, locked; a new one where there is none, or no account is known.

    A case that is there keeps its place or moves up: the higher priority and the earlier clock count.
    """
    while True:
        found = None if account is None else _open_case(connection, account)
        if found is None:
            found = _new_case(connection, account, rules, kind, priority, by, surface)
        if found is not None:
            break
    case = lock_case(connection, found)
    due_at = now() + rules.clock(priority)
    if case.priority > priority or case.due_at > due_at:
        _set(connection, case.id, priority=min(case.priority, priority), due_at=min(case.due_at, due_at))
    return case


def _open_case(connection: sa.Connection, account: str) -> int | None:
    query = sa.select(cases.c.id).where(cases.c.account == account, cases.c.gathers)
    found = connection.scalar(query.with_for_update())
    return None if found is None else int(found)


def _new_case(
    connection: sa.Connection,
    account: str | None,
    rules: ReviewRules,
    kind: str,
    priority: int,
    by: str,
    surface: str,
) -> int | None:
    """The id of a new case; None when another transaction opened one for the account at this moment."""
    earlier = None
    if account is not None:
        last = sa.select(sa.func.max(cases.c.id)).where(cases.c.account == account)
        earlier = connection.scalar(last)
    insert = upsert(connection, cases).values(
        account=account,
        kind=kind,
        surface=surface,
        state="open",
        priority=priority,
        gathers=account is not None,
        version=0,
        media_count=0,
        text_count=0,
        annotations=[],
        opened_at=moment(connection),
        opened_by=by[:200],
        due_at=now() + rules.clock(priority),
        updated_at=moment(connection),
        fence=0,
        earlier_case=earlier,
    )
    made = connection.scalar(
        insert.on_conflict_do_nothing(index_elements=["account"], index_where=sa.text("gathers")).returning(
            cases.c.id
        )
    )
    return None if made is None else int(made)


def _add_item(
    connection: sa.Connection,
    case_id: int,
    event_id: int,
    queued: Queued,
    cluster: int | None,
    rules: ReviewRules,
) -> None:
    match, decision, facts = queued.decision.match, queued.decision, queued.facts
    known = _known(connection, cluster) or _by_rule(queued, rules)
    connection.execute(
        sa.insert(case_items).values(
            case_id=case_id,
            cluster_id=cluster,
            event_id=event_id,
            item_id=queued.item_id,
            content_reference=facts.context.content_reference,
            medium=facts.medium,
            outcome=facts.outcome,
            rule=decision.rule[:100],
            rule_class=decision.rule_class[:40],
            entry_id=None if match is None else match.entry,
            bank_id=None if match is None else _bank_of(connection, match.entry),
            trusted=match is not None and match.trusted,
            algorithm=None if match is None else match.algorithm[:20],
            matches=facts.to_json()["matches"],
            context=facts.context.to_json(),
            added_at=moment(connection),
            **{"annotations": [], **known},
        )
    )
    _set(
        connection,
        case_id,
        version=cases.c.version + 1,
        media_count=cases.c.media_count + 1,
        updated_at=moment(connection),
    )
    if known:
        count_avoided(connection, "rule" if known["labelled_by"].startswith("rule:") else "copy")


def _known(connection: sa.Connection, cluster: int | None) -> dict[str, Any]:
    """The label that a copy carries over from what was decided about its group; empty without one."""
    if cluster is None:
        return {}
    row = connection.execute(sa.select(media_clusters).where(media_clusters.c.id == cluster)).one()
    if row.label is None:
        return {}
    said = {"label": row.label, "labelled_by": row.decided_by, "labelled_at": row.decided_at}
    return {**said, "annotations": row.annotations, "not_a_match": row.not_a_match}


def _by_rule(queued: Queued, rules: ReviewRules) -> dict[str, Any]:
    """The list's own label for the very same file, where a trusted list has it and the rules allow that."""
    match = queued.decision.match
    if match is None or not (rules.close_by_rule and match.exact and match.trusted):
        return {}
    if match.classification is None or match.standing not in ("none", "confirmed"):
        return {}
    by = f"rule:{queued.decision.rule[:100]}"
    return {"label": match.classification, "labelled_by": by, "labelled_at": now()}


def _exact_entry(match: EntryMatch | None) -> int | None:
    return match.entry if match is not None and match.exact else None


def _bank_of(connection: sa.Connection, entry_id: int) -> int | None:
    return connection.scalar(sa.select(entries.c.bank_id).where(entries.c.id == entry_id))


def _set(connection: sa.Connection, case_id: int, **values: Any) -> None:
    connection.execute(sa.update(cases).where(cases.c.id == case_id).values(**values))
