"""The tables, one file a topic. `metadata` is what migrations are checked against."""

from holdfast.records.tables import (  # noqa: F401  (they register their tables)
    access,
    banks,
    checklist,
    decisions,
    deep,
    events,
    exchanges,
    filings,
    jobs,
    outbox,
    scans,
    vault,
)
from holdfast.records.tables.base import metadata

__all__ = ["metadata"]
