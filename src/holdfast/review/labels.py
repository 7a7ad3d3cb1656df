"""What a person says of a file: a label, the CyberTipline's annotations, and why it is no match.

A label goes to every copy of the file in the case: one look, one word. Everything that was ever said stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from holdfast.errors import NotFoundError, UsageError
from holdfast.records import audit
from holdfast.records.dialect import moment
from holdfast.records.tables.review import case_items, case_labels
from holdfast.review.cases import touch
from holdfast.review.clusters import count_avoided
from holdfast.review.leases import require_lease
from holdfast.review.words import (
    FILE_ANNOTATIONS,
    INCIDENT_TYPES,
    LABELS,
    NOT_A_MATCH,
    REPORT_ANNOTATIONS,
)

__all__ = ["annotate_case", "label_item"]


def label_item(
    connection: sa.Connection,
    case_id: int,
    case_item: int,
    *,
    person: str,
    fence: int,
    label: str,
    not_a_match: str | None = None,
    annotations: Sequence[str] = (),
) -> list[int]:
    """Labels a file and its copies in the case; the case items that were labelled.

    "none" needs a reason in ``not_a_match`` (a code of `words.NOT_A_MATCH`). Raises `LeaseLostError`,
    `NotFoundError`, `UsageError`.
    """
    _check(label, not_a_match, annotations)
    require_lease(connection, case_id, person, fence)
    ids = _copies(connection, case_id, case_item)
    said = {"label": label, "not_a_match": not_a_match, "annotations": sorted(set(annotations))}
    connection.execute(
        sa.update(case_items)
        .where(case_items.c.id.in_(ids))
        .values(**said, labelled_by=person, labelled_at=moment(connection))
    )
    rows = [{"case_item_id": one, "person": person, **said} for one in ids]
    connection.execute(sa.insert(case_labels).values(at=moment(connection)), rows)
    facts = {"items": ids, "label": label, "not_a_match": not_a_match, "annotations": said["annotations"]}
    audit.append(connection, actor=person, action="case.label", target=f"case:{case_id}", facts=facts)
    return ids


def annotate_case(
    connection: sa.Connection,
    case_id: int,
    *,
    person: str,
    fence: int,
    incident_type: str | None,
    annotations: Sequence[str] = (),
) -> None:
    """What the case is about, in the CyberTipline's words. Raises `LeaseLostError`, `UsageError`."""
    if incident_type is not None and incident_type not in INCIDENT_TYPES:
        raise UsageError(f"{incident_type[:80]!r} is no incident type of the CyberTipline. Nothing was set.")
    _known("an annotation of a report", annotations, REPORT_ANNOTATIONS)
    require_lease(connection, case_id, person, fence)
    said: dict[str, Any] = {"incident_type": incident_type, "annotations": sorted(set(annotations))}
    touch(connection, case_id, **said)
    audit.append(connection, actor=person, action="case.annotate", target=f"case:{case_id}", facts=said)


def _copies(connection: sa.Connection, case_id: int, case_item: int) -> list[int]:
    """The item and its copies in the case. Copies that nobody labelled yet count as exposures avoided."""
    i = case_items.c
    row = connection.execute(sa.select(i.cluster_id).where(i.id == case_item, i.case_id == case_id)).first()
    if row is None:
        raise NotFoundError(f"Case {case_id} has no item {case_item}. Nothing was labelled.")
    if row.cluster_id is None:
        return [case_item]
    of_group = sa.select(i.id, i.label).where(i.case_id == case_id, i.cluster_id == row.cluster_id)
    copies = connection.execute(of_group.order_by(i.id)).all()
    count_avoided(connection, "copy", sum(one.label is None and one.id != case_item for one in copies))
    return [one.id for one in copies]


def _check(label: str, not_a_match: str | None, annotations: Sequence[str]) -> None:
    if label not in LABELS:
        raise UsageError(f"{label[:20]!r} is no label: {', '.join(LABELS)}. Nothing was labelled.")
    if (label == "none") != (not_a_match is not None):
        raise UsageError(
            "The label none needs a reason why it is no match; no other label has one. Nothing was labelled."
        )
    if not_a_match is not None and not_a_match not in NOT_A_MATCH:
        raise UsageError(
            f"{not_a_match[:30]!r} is no such reason: {', '.join(NOT_A_MATCH)}. Nothing was labelled."
        )
    if label == "none" and annotations:
        raise UsageError("What is no such material has no annotations. Nothing was labelled.")
    _known("an annotation of a file", annotations, FILE_ANNOTATIONS)


def _known(what: str, given: Sequence[str], words: dict[str, str]) -> None:
    unknown = sorted(set(given) - set(words))
    if unknown:
        raise UsageError(f"{unknown[0][:40]!r} is not {what}: {', '.join(words)}. Nothing was set.")
