"""Sources: who says that a hash is known, and on what sharing terms."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from holdfast.banks import log
from holdfast.banks.handling import from_json, to_json
from holdfast.banks.models import SOURCE_KINDS, Handling, Source, tidy
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.tables.banks import fingerprint_sources, sources
from holdfast.records.tables.base import now

__all__ = ["create_source", "ensure_source", "get_source", "list_sources", "set_handling"]

DEFAULT_HANDLING = Handling()


def create_source(
    connection: sa.Connection, name: str, *, kind: str = "own", handling: Handling = DEFAULT_HANDLING
) -> Source:
    """A new source.

    Raises
        ConflictError: one of that name exists.
        UsageError: a name or kind that cannot be.
    """
    if kind not in SOURCE_KINDS:
        raise UsageError(f"{kind!r} is no kind of source ({', '.join(SOURCE_KINDS)}). Nothing was created.")
    name = tidy(name, 200, "name of a source")
    if not name:
        raise UsageError("A source needs a name. Nothing was created.")
    statement = sources.insert().values(name=name, kind=kind, handling=to_json(handling), created_at=now())
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except IntegrityError:
        raise ConflictError(f"There is a source {name!r} already. Nothing was created.") from None
    return get_source(connection, name)


def ensure_source(
    connection: sa.Connection, name: str, *, kind: str = "own", handling: Handling = DEFAULT_HANDLING
) -> Source:
    """The source of that name, created with these terms when absent. An existing one keeps its own."""
    try:
        return get_source(connection, name)
    except NotFoundError:
        pass
    try:
        return create_source(connection, name, kind=kind, handling=handling)
    except ConflictError:
        return get_source(connection, name)


def get_source(connection: sa.Connection, name: str) -> Source:
    """Raises `NotFoundError` when there is none."""
    row = connection.execute(sa.select(sources).where(sources.c.name == name.strip())).first()
    if row is None:
        raise NotFoundError(f"There is no source {name!r}. Nothing was done.")
    return _source(row)


def list_sources(connection: sa.Connection) -> list[Source]:
    return [_source(row) for row in connection.execute(sa.select(sources).order_by(sources.c.name))]


def set_handling(connection: sa.Connection, name: str, handling: Handling) -> Source:
    """Change a source's sharing terms. Its fingerprints start or stop matching at once.

    Raises `NotFoundError` when there is no such source.
    """
    log.lock(connection)
    source = get_source(connection, name)
    connection.execute(sources.update().where(sources.c.id == source.id).values(handling=to_json(handling)))
    said = sa.select(fingerprint_sources.c.fingerprint_id).where(fingerprint_sources.c.source_id == source.id)
    log.record_changes(connection, said)
    return get_source(connection, name)


def _source(row: sa.Row[Any]) -> Source:
    return Source(row.id, row.name, row.kind, from_json(row.handling), row.created_at)
