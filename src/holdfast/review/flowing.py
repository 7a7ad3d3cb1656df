"""What people found, on its way back to the lists: an opinion on every entry that was named wrongly.

The company's reviewers are a source of their own. They only ever disagree: an entry that nobody else upholds
any more must not stay in use because somebody here once confirmed it. Exchanges send such opinions on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from holdfast.banks.opinions import set_opinion, withdraw
from holdfast.banks.sources import ensure_source
from holdfast.records.tables.banks import fingerprint_sources, fingerprints, sources
from holdfast.review.models import CaseItem
from holdfast.review.words import ENTRY_IS_WRONG

__all__ = ["REVIEWERS", "say_of_entries"]

REVIEWERS = "reviewers"


def say_of_entries(
    connection: sa.Connection, items: Sequence[CaseItem], verdicts: Mapping[int, str], *, by: str
) -> None:
    """Disagrees with entries whose content is not what they say; takes that back for what was confirmed.

    A match that was merely wrong says nothing of its entry. ``by`` is written as the opinion's provenance.
    """
    wrong, right = set(), set()
    for item in items:
        if item.entry_id is None:
            continue
        if verdicts.get(item.id) == "dispute" and item.not_a_match in ENTRY_IS_WRONG:
            wrong.add(item.entry_id)
        elif verdicts.get(item.id) == "confirm":
            right.add(item.entry_id)
    if wrong:
        source = ensure_source(connection, REVIEWERS, kind="own")
        set_opinion(connection, _of(connection, wrong), source.id, "negative", provenance=by)
    if taken_back := _disagreed_with(connection, right - wrong):
        source = ensure_source(connection, REVIEWERS, kind="own")
        withdraw(connection, taken_back, source.id)


def _of(connection: sa.Connection, entry_ids: set[int]) -> list[int]:
    query = sa.select(fingerprints.c.id).where(fingerprints.c.entry_id.in_(entry_ids))
    return list(connection.scalars(query.order_by(fingerprints.c.id)))


def _disagreed_with(connection: sa.Connection, entry_ids: set[int]) -> list[int]:
    """The fingerprints of these entries that reviewers disagreed with and have not taken back."""
    if not entry_ids:
        return []
    f, s = fingerprints.c, fingerprint_sources.c
    query = (
        sa.select(f.id)
        .join(fingerprint_sources, s.fingerprint_id == f.id)
        .join(sources, sources.c.id == s.source_id)
        .where(f.entry_id.in_(entry_ids), sources.c.name == REVIEWERS, s.withdrawn_at.is_(None))
    )
    return list(connection.scalars(query.order_by(f.id)))
