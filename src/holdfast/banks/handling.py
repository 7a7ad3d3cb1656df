"""Sharing terms travel with every hash, and one function decides what may leave by which way: `permits`.

A fingerprint may leave by a way if at least one source that upholds it allows that way. The ways:

    match    answers to uploads and look-ups: `log.py` keeps only such fingerprints in the indexes,
             and `resolve.py` asks again for each hit
    export   values shown to or written to a file for this company's own people
    share    values given to a named recipient

Views of an original (`models.VIEW`) are matched and never leave otherwise, whatever a source allows: many of
them together say more of a picture than a hash should.

`Gate` is `permits` for whole tables: it asks once for each source, and gives the SQL condition that
every way out puts into its query.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import sqlalchemy as sa

from holdfast.banks.models import UPHOLDING, VIEW, Handling
from holdfast.errors import HandlingError, RecordsError, UsageError
from holdfast.records.tables.banks import fingerprint_sources, fingerprints, sources

__all__ = ["Gate", "Purpose", "from_json", "permits", "to_json"]

Purpose = Literal["match", "export", "share"]


def permits(handlings: Iterable[Handling], purpose: Purpose, recipient: str | None = None) -> bool:
    """Whether a fingerprint upheld by sources with these terms may leave for ``purpose``.

    ``recipient`` must be named for "share", and only then. No upholding source: False.

    Raises
        UsageError: an unknown purpose, or a recipient that is missing or out of place.
    """
    if purpose not in ("match", "export", "share"):
        raise UsageError(f"{purpose!r} is no way out of the banks (match, export, share). Nothing was given.")
    if (purpose == "share") != bool(recipient):
        raise UsageError("Sharing needs a named recipient, other ways have none. Nothing was given.")
    return any(_allows(handling, purpose, recipient) for handling in handlings)


def _allows(handling: Handling, purpose: Purpose, recipient: str | None) -> bool:
    if purpose == "match":
        return handling.may_match
    if purpose == "export":
        return handling.may_export
    return recipient in handling.share_with or "*" in handling.share_with


class Gate:
    """The sources whose terms allow ``purpose``, as a condition on rows of fingerprints."""

    def __init__(self, connection: sa.Connection, purpose: Purpose, recipient: str | None = None) -> None:
        permits((), purpose, recipient)
        self.purpose = purpose
        rows = connection.execute(sa.select(sources.c.id, sources.c.handling))
        self.source_ids = [row.id for row in rows if permits([from_json(row.handling)], purpose, recipient)]

    def upholds(self) -> sa.ColumnElement[bool]:
        """True for rows of `fingerprint_sources` that uphold their fingerprint and allow the way.

        Asks for the fingerprint too: it has to be joined.
        """
        return sa.and_(
            sa.true() if self.purpose == "match" else fingerprints.c.convention != VIEW,
            fingerprint_sources.c.opinion.in_(UPHOLDING),
            fingerprint_sources.c.withdrawn_at.is_(None),
            fingerprint_sources.c.source_id.in_(self.source_ids),
        )

    def allows(self) -> sa.ColumnElement[bool]:
        """True for rows of `fingerprints` that may leave."""
        return (
            sa.select(sa.literal(1))
            .where(fingerprint_sources.c.fingerprint_id == fingerprints.c.id, self.upholds())
            .correlate(fingerprints)
            .exists()
        )

    def refuse(self, what: str) -> HandlingError:
        """The error for ``what`` when nothing of it may leave."""
        return HandlingError(
            f"No source of {what} allows this way out ({self.purpose}). Nothing was given. "
            "Ask the source; its terms are set with the source."
        )


def to_json(handling: Handling) -> dict[str, Any]:
    """The form kept in the records."""
    return {
        "may_match": handling.may_match,
        "may_export": handling.may_export,
        "share_with": list(handling.share_with),
    }


def from_json(stored: Any) -> Handling:
    """The terms from the records. Anything unknown is an error, never a permission.

    Raises
        RecordsError: the stored terms are not of the known form.
    """
    match stored:
        case {"may_match": bool(may_match), "may_export": bool(may_export), "share_with": list(names)} if len(
            stored
        ) == 3 and all(isinstance(name, str) for name in names):
            return Handling(may_match, may_export, tuple(names))
    raise RecordsError(
        "The sharing terms of a source are not of a known form. Nothing was given. Set them again."
    )
