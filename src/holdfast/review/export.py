"""A case as one JSON document: everything that is known of it, who said what, who saw what. No content."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from holdfast.records import audit
from holdfast.records.tables.review import approvals, case_items, case_labels
from holdfast.review.case_facts import case_facts
from holdfast.review.texts import Sealer

__all__ = ["export_case"]

FORM = "holdfast case 1"


def export_case(connection: sa.Connection, case_id: int, *, by: str, sealer: Sealer) -> dict[str, Any]:
    """The document, with the view ledger of every file; that it was exported is put on record.

    Raises `NotFoundError`, and as `texts.messages_of`.
    """
    facts = case_facts(connection, case_id, sealer=sealer)
    media = [
        {
            **asdict(one),
            "viewed_in_full": one.viewed_in_full,
            "words": one.views.words() if one.views else None,
        }
        for one in facts.media
    ]
    labelled, asked = case_labels, approvals
    items = sa.select(case_items.c.id).where(case_items.c.case_id == case_id)
    said = sa.select(labelled).where(labelled.c.case_item_id.in_(items)).order_by(labelled.c.id)
    questions = sa.select(asked).where(asked.c.case_id == case_id).order_by(asked.c.id)
    document = {
        "form": FORM,
        **asdict(facts),
        "media": media,
        "labels": [dict(row._mapping) for row in connection.execute(said)],
        "approvals": [dict(row._mapping) for row in connection.execute(questions)],
    }
    audit.append(connection, actor=by, action="case.export", target=f"case:{case_id}")
    return document
