"""Second reviews: a sampled share of files is labelled again by somebody who does not see the first label.

How well two people agree is told as Cohen's kappa: agreement beyond what their habits alone would bring
(Cohen, "A coefficient of agreement for nominal scales", 1960). 1 is perfect, 0 is chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from holdfast.errors import ConflictError, NotAllowedError, NotFoundError, UsageError
from holdfast.records import audit
from holdfast.records.bank_scope import ALL_BANKS, case_is_seen
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.review import case_items, second_reviews
from holdfast.records.tables.vault import vault_items
from holdfast.review.models import CaseItem, from_row
from holdfast.review.rules import ReviewRules
from holdfast.review.words import LABELS

__all__ = [
    "Agreement",
    "SecondReview",
    "agreement",
    "ask_second_reviews",
    "can_be_shown",
    "case_of_review",
    "get_second_review",
    "kappa",
    "open_second_reviews",
    "second_label",
]


@dataclass(frozen=True, slots=True)
class SecondReview:
    """A file that a second person is to label. The first label is not shown."""

    id: int
    case_item_id: int
    case_id: int
    item_id: str | None
    medium: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often second labels equal first ones. ``kappa`` is None where it says nothing (one label only)."""

    reviews: int
    agreed: int
    kappa: float | None


def ask_second_reviews(connection: sa.Connection, items: Sequence[CaseItem], rules: ReviewRules) -> int:
    """Puts a share of the labelled files before a second person; how many.

    Which ones is a matter of their ids, so that a transaction that is tried again picks the same.
    """
    asked = 0
    for item in items:
        by_person = item.labelled_by is not None and not item.labelled_by.startswith("rule:")
        if item.label is None or not by_person or not _is_picked(item.id, rules.second_review_share):
            continue
        values = {"case_item_id": item.id, "first_person": item.labelled_by, "first_label": item.label}
        insert = upsert(connection, second_reviews).values(**values, asked_at=moment(connection))
        asked += connection.execute(insert.on_conflict_do_nothing(index_elements=["case_item_id"])).rowcount
    return asked


def open_second_reviews(
    connection: sa.Connection, person: str, *, banks_seen: tuple[str, ...] = ALL_BANKS, limit: int = 100
) -> list[SecondReview]:
    """What waits for a second label and was not labelled by this person first, oldest first.

    ``banks_seen`` as in `CaseFilter`.
    """
    s, i = second_reviews.c, case_items.c
    query = (
        sa.select(s.id, s.case_item_id, i.case_id, i.item_id, i.medium, s.asked_at)
        .join(case_items, i.id == s.case_item_id)
        .where(s.at.is_(None), s.first_person != person, case_is_seen(i.case_id, banks_seen))
    )
    return [from_row(SecondReview, row) for row in connection.execute(query.order_by(s.id).limit(limit))]


def get_second_review(connection: sa.Connection, review_id: int, person: str) -> SecondReview:
    """One that waits for this person. Raises `NotFoundError`, `ConflictError`, `NotAllowedError`."""
    s, i = second_reviews.c, case_items.c
    query = sa.select(s.id, s.case_item_id, i.case_id, i.item_id, i.medium, s.asked_at)
    row = connection.execute(query.join(case_items, i.id == s.case_item_id).where(s.id == review_id)).first()
    if row is None:
        raise NotFoundError(f"There is no second review {review_id}. Nothing was shown.")
    said = connection.execute(sa.select(s.first_person, s.at).where(s.id == review_id)).one()
    if said.first_person == person:
        raise NotAllowedError("You labelled this file first; a second label comes from somebody else.")
    if said.at is not None:
        raise ConflictError(f"Second review {review_id} was done already. Nothing was shown.")
    return from_row(SecondReview, row)


def case_of_review(connection: sa.Connection, review_id: int) -> int | None:
    """The case of the file that is to be labelled again; None where there is no such second review."""
    s, i = second_reviews.c, case_items.c
    query = sa.select(i.case_id).join(second_reviews, s.case_item_id == i.id)
    return connection.scalar(query.where(s.id == review_id))


def can_be_shown(connection: sa.Connection, item_id: str) -> bool:
    """Whether the file is still there."""
    state = connection.scalar(sa.select(vault_items.c.state).where(vault_items.c.id == item_id))
    return state in ("held", "released")


def second_label(connection: sa.Connection, review_id: int, *, person: str, label: str) -> None:
    """A second person's label. Raises `NotFoundError`, `ConflictError`, `NotAllowedError`, `UsageError`."""
    if label not in LABELS:
        raise UsageError(f"{label[:20]!r} is no label: {', '.join(LABELS)}. Nothing was labelled.")
    s = second_reviews
    row = connection.execute(sa.select(s).where(s.c.id == review_id).with_for_update()).first()
    if row is None:
        raise NotFoundError(f"There is no second review {review_id}. Nothing was labelled.")
    if row.first_person == person:
        raise NotAllowedError("You labelled this file first; a second label comes from somebody else.")
    if row.at is not None:
        raise ConflictError(f"Second review {review_id} was done by {row.person}. Nothing was labelled.")
    values = {"person": person, "label": label, "at": moment(connection)}
    connection.execute(sa.update(s).where(s.c.id == review_id).values(values))
    target = f"review:{review_id}"
    audit.append(connection, actor=person, action="review.second", target=target, facts={"label": label})


def agreement(
    connection: sa.Connection, *, since: datetime, until: datetime, person: str | None = None
) -> Agreement:
    """How well labels agree, of all, or of the files that one person labelled first or second."""
    s = second_reviews.c
    query = sa.select(s.first_label, s.label).where(s.at.between(since, until))
    if person is not None:
        query = query.where(sa.or_(s.first_person == person, s.person == person))
    pairs = [(row.first_label, row.label) for row in connection.execute(query)]
    return Agreement(len(pairs), sum(one == other for one, other in pairs), kappa(pairs))


def kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Cohen's kappa of pairs of labels; None without pairs, or where both only ever say one and the same."""
    said = list(pairs)
    if not said:
        return None
    firsts, seconds = Counter(one for one, _ in said), Counter(other for _, other in said)
    observed = sum(one == other for one, other in said) / len(said)
    by_chance = sum(firsts[label] * seconds[label] for label in firsts) / len(said) ** 2
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def _is_picked(item: int, share: float) -> bool:
    drawn = int.from_bytes(sha256(b"second review %d" % item).digest()[:8])
    return drawn < share * 2**64
