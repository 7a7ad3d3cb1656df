"""Test mode's factory reset: every list gone, ids from 1 again. Refuses a home that is more than a test."""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.api.hma.ratios import TYPE_RATIOS
from holdfast.banks import log
from holdfast.errors import ConflictError, SettingsError
from holdfast.records.database import Database
from holdfast.records.tables.banks import (
    banks,
    entries,
    fingerprint_log,
    fingerprint_sources,
    fingerprints,
    reference_views,
    sources,
)
from holdfast.records.tables.checklist import facts
from holdfast.records.tables.decisions import decisions, entry_match_counts, entry_reviews, flooded_entries
from holdfast.records.tables.deep import deep_budgets, deep_checks
from holdfast.records.tables.events import events
from holdfast.records.tables.exchanges import exchange_credentials, exchanges, hma_banks, hma_contents
from holdfast.records.tables.vault import vault_items
from holdfast.records.tables.videos import video_features, video_hashes
from holdfast.screening.adding import OWN_SOURCE

__all__ = ["EXAMPLE_EXCHANGE", "factory_reset", "refuse_real_home"]

EXAMPLE_EXCHANGE = "TX_EXAMPLE_COLLAB"

# Leaves first: what refers to a row goes before it.
_EMPTIED = (
    hma_contents,
    hma_banks,
    exchanges,
    exchange_credentials,
    entry_reviews,
    entry_match_counts,
    flooded_entries,
    deep_checks,
    deep_budgets,
    fingerprint_log,
    fingerprint_sources,
    reference_views,
    video_hashes,
    video_features,
    fingerprints,
    entries,
    banks,
    sources,
)


def refuse_real_home(database: Database) -> None:
    """Nothing, or `SettingsError` where test mode must not be switched on: see `factory_reset`."""
    with database.read() as connection:
        found = _real_lists(connection)
    if found:
        raise SettingsError(
            f"hma.test_mode is switched on, and this home holds {', '.join(found)}: it is more than a test. "
            "Nothing was started. Use a home of its own for tests, and switch test mode off in this one."
        )


def factory_reset(database: Database) -> None:
    """Empties banks, entries, sources, exchanges and credentials. Keys, settings and jobs stay.

    Raises ConflictError, and empties nothing, for a home with any source beside this company's own and the
    sample, with any exchange but samples, or with held content, decisions or events: ids are given again
    from 1, and those would then mean other content.
    """
    with database.write() as connection:
        log.lock(connection)
        found = _real_lists(connection) + _things_that_name_entries(connection)
        if found:
            raise ConflictError(
                f"This home holds {', '.join(found)}: it is more than a test. Nothing was emptied. "
                "Use a home of its own for tests, and switch hma.test_mode off in this one."
            )
        if database.is_sqlite:
            for table in _EMPTIED:
                connection.execute(table.delete())
            connection.execute(_START_AGAIN, {"names": [table.name for table in _EMPTIED]})
        else:
            names = ", ".join(table.name for table in _EMPTIED)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
        connection.execute(facts.delete().where(facts.c.name == TYPE_RATIOS))


def _real_lists(connection: sa.Connection) -> list[str]:
    """Sources and exchanges, in words, that a test does not have."""
    own = sa.select(sources.c.name).where(sources.c.name != OWN_SOURCE, sources.c.kind != "sample")
    joined = sa.select(exchanges.c.name).where(
        exchanges.c.kind != "sample", exchanges.c.name != EXAMPLE_EXCHANGE
    )
    found = [f"the source {name!r}" for name in connection.scalars(own)]
    return found + [f"the exchange {name!r}" for name in connection.scalars(joined)]


def _things_that_name_entries(connection: sa.Connection) -> list[str]:
    tables = (("held content", vault_items), ("decisions", decisions), ("events", events))
    any_row = sa.select(sa.literal(1)).limit(1)
    return [what for what, table in tables if connection.execute(any_row.select_from(table)).first()]


_START_AGAIN = sa.text("DELETE FROM sqlite_sequence WHERE name IN :names").bindparams(
    sa.bindparam("names", expanding=True)
)
