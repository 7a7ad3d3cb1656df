"""Drafts in the records: every change is one statement that the version read before allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from pydantic_core import PydanticSerializationError

from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.dialect import moment
from holdfast.records.tables.drafts import report_drafts as t
from holdfast.reporting.drafts.models import Content, Draft, Enrichment, State
from holdfast.vault.secrets import KeySealer

__all__ = [
    "change",
    "find_last",
    "get",
    "insert",
    "lock",
    "of_row",
    "seal",
    "seal_answer",
    "unseal",
    "unseal_answer",
]


def get(connection: sa.Connection, draft_id: int) -> Draft:
    """One draft. Raises `NotFoundError`."""
    return _one(connection.execute(sa.select(t).where(t.c.id == draft_id)).first(), draft_id)


def lock(connection: sa.Connection, draft_id: int, version: int | None = None) -> Draft:
    """The draft, kept from others until the end of the transaction.

    Raises `NotFoundError`, and `ConflictError` where it has another ``version`` than was looked at.
    """
    row = connection.execute(sa.select(t).where(t.c.id == draft_id).with_for_update()).first()
    draft = _one(row, draft_id)
    if version is not None and draft.version != version:
        raise ConflictError(
            f"Report {draft_id} changed since you looked at it (version {draft.version}, not {version}); "
            "nothing was done. Look at it again."
        )
    return draft


def insert(connection: sa.Connection, values: Mapping[str, Any]) -> int:
    """A new row; its id. Raises `ConflictError` where that revision has a draft already."""
    try:
        with connection.begin_nested():
            made = connection.execute(sa.insert(t).values(**values).returning(t.c.id)).scalar_one()
    except sa.exc.IntegrityError as error:
        raise ConflictError(
            f"Revision {values['revision']} of {values['case_reference']} has a report for "
            f"{values['destination']} already; no second one was made."
        ) from error
    return int(made)


def change(connection: sa.Connection, draft: Draft, by: str, values: Mapping[str, Any]) -> Draft:
    """The draft after a change. Raises `ConflictError` when somebody else was faster."""
    row = connection.execute(
        sa.update(t)
        .where(t.c.id == draft.id, t.c.version == draft.version)
        .values(**values, version=draft.version + 1, changed_by=by, changed_at=moment(connection))
        .returning(*t.c)
    ).first()
    if row is None:
        raise ConflictError(f"Report {draft.id} changed at this very moment; nothing was done. Look again.")
    return of_row(row)


def find_last(connection: sa.Connection, case_reference: str, destination: str) -> Draft | None:
    """The latest revision of a case at a destination."""
    query = sa.select(t).where(t.c.case_reference == case_reference, t.c.destination == destination)
    row = connection.execute(query.order_by(t.c.revision.desc()).limit(1)).first()
    return None if row is None else of_row(row)


def seal(sealer: KeySealer, case_reference: str, destination: str, revision: int, content: Content) -> bytes:
    """What a draft says, as it lies in its row. Raises `UsageError` for half of a character."""
    context = _context("content", case_reference, destination, revision)
    try:
        plain = content.model_dump_json(exclude_defaults=True).encode()
    except (PydanticSerializationError, UnicodeEncodeError):
        raise UsageError("The report holds half of a character; nothing was kept.") from None
    return sealer.seal(plain, context=context)


def unseal(sealer: KeySealer, draft: Draft) -> Content:
    """What a draft says. Raises `ObjectDamagedError` or `KeyUnavailableError`."""
    context = _context("content", draft.case_reference, draft.destination, draft.revision)
    return Content.model_validate_json(sealer.unseal(draft.sealed_content, context=context))


def seal_answer(sealer: KeySealer, draft: Draft, answer: bytes) -> bytes:
    """What the platform said, as it came."""
    context = _context("answer", draft.case_reference, draft.destination, draft.revision)
    return sealer.seal(answer, context=context)


def unseal_answer(sealer: KeySealer, draft: Draft) -> bytes | None:
    """What the platform said, as it came; None where it said nothing. Raises as `unseal`."""
    if draft.sealed_answer is None:
        return None
    context = _context("answer", draft.case_reference, draft.destination, draft.revision)
    return sealer.unseal(draft.sealed_answer, context=context)


def of_row(row: sa.Row[Any]) -> Draft:
    values = dict(row._mapping)
    return Draft(**values | {"state": State(row.state), "enrichment": Enrichment(row.enrichment)})


def _one(row: sa.Row[Any] | None, draft_id: int) -> Draft:
    if row is None:
        raise NotFoundError(f"There is no report {draft_id}.")
    return of_row(row)


def _context(kind: str, case_reference: str, destination: str, revision: int) -> bytes:
    return f"holdfast draft 1\0{kind}\0{destination}\0{case_reference}\0{revision}".encode()
