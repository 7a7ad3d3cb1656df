"""What clients of this API say of a content, kept beside its entry."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from holdfast.records.dialect import upsert
from holdfast.records.tables.exchanges import hma_contents

__all__ = ["Metadata", "metadata_of", "set_metadata"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a client said of a content. ``data`` is any JSON object."""

    content_id: str | None = None
    content_uri: str | None = None
    data: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        return {"content_id": self.content_id, "content_uri": self.content_uri, "json": self.data}


def metadata_of(connection: sa.Connection, entry_ids: Collection[int]) -> dict[int, Metadata]:
    """Entry id -> what a client said of it, where one did."""
    statement = sa.select(hma_contents).where(hma_contents.c.entry_id.in_(entry_ids))
    return {
        row.entry_id: Metadata(row.content_id, row.content_uri, row.data)
        for row in connection.execute(statement)
    }


def set_metadata(connection: sa.Connection, entry_id: int, said: Metadata) -> None:
    """Keeps it in place of what was said before."""
    values = {"content_id": said.content_id, "content_uri": said.content_uri, "data": said.data}
    statement = upsert(connection, hma_contents).values(entry_id=entry_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[hma_contents.c.entry_id], set_=values))
