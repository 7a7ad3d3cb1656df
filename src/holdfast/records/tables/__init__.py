"""The tables, one file a topic. `metadata` is what migrations are checked against."""

from holdfast.records.tables.base import metadata
from holdfast.records.tables import banks, scans  # noqa: F401  (they register their tables)

__all__ = ["metadata"]
