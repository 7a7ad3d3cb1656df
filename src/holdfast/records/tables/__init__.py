"""The tables, one file a topic. `metadata` is what migrations are checked against."""

from holdfast.records.tables import (  # noqa: F401  (they register their tables)
    access,
    audit,
    banks,
    checklist,
    decisions,
    deep,
    drafts,
    events,
    evidence,
    exchanges,
    filings,
    jobs,
    outbox,
    people,
    review,
    scans,
    vault,
    videos,
    viewing,
)
from holdfast.records.tables.base import metadata

__all__ = ["metadata"]
