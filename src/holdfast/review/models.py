"""A case and what lies in it, as the records have them. `case_facts` puts a whole case together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

__all__ = ["Case", "CaseItem", "from_row"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``fence`` grows with every lease, ``version`` with everything that is added.

    ``state``: "open", "waiting" (decided; it can be undone, or a second person is asked), "decided" or
    "merged". ``priority`` 0 is imminent danger, 1 is first, 5 is last.
    """

    id: int
    account: str | None
    kind: str
    surface: str
    state: str
    priority: int
    imminent_at: datetime | None
    imminent_by: str | None
    gathers: bool
    version: int
    media_count: int
    text_count: int
    incident_type: str | None
    annotations: list[str]
    opened_at: datetime
    opened_by: str
    due_at: datetime
    alarmed_at: datetime | None
    updated_at: datetime
    closed_at: datetime | None
    lease_owner: str | None
    lease_until: datetime | None
    fence: int
    merged_into: int | None
    earlier_case: int | None


@dataclass(frozen=True, slots=True)
class CaseItem:
    """One upload in a case. ``item_id`` is the held content; None where only hashes came or nothing is held.

    ``label`` is what was said last, ``verdict`` that of the decision in force: "confirm" or "dispute".
    """

    id: int
    case_id: int
    cluster_id: int | None
    event_id: int | None
    item_id: str | None
    content_reference: str | None
    medium: str
    outcome: str
    rule: str
    rule_class: str
    entry_id: int | None
    bank_id: int | None
    trusted: bool
    algorithm: str | None
    matches: list[dict[str, Any]]
    context: dict[str, Any]
    added_at: datetime
    label: str | None
    not_a_match: str | None
    annotations: list[str]
    labelled_by: str | None
    labelled_at: datetime | None
    verdict: str | None


def from_row(kind: type[T], row: Any) -> T:
    """A value of a dataclass from a row with columns of the same names."""
    values = row._mapping
    return kind(**{one.name: values[one.name] for one in fields(kind)})  # type: ignore[arg-type]
