"""Held content: backups of its keys, its journal, and what waits for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from holdfast.records.tables.base import now
from holdfast.records.tables.evidence import vault_journal
from holdfast.records.tables.vault import vault_keys
from holdfast.service import evidence
from holdfast.service.checks.finding import Finding, Look
from holdfast.vault.destruction import list_destructions, period_over

__all__ = ["duties", "key_backup"]

MANY_WAITING = 1000  # entries of the journal; the sweep writes every minute


def key_backup(look: Look) -> Iterator[Finding]:
    """Whether there is a backup of the vault's keys that a restore would take."""
    if look.connection.scalar(sa.select(vault_keys.c.item_id).limit(1)) is None:
        return
    how = "`holdfast vault backup DIR`, every day by a timer: docs/running.md"
    made_at = evidence.last_backup(look.connection)
    days = look.settings.vault.key_backup_days
    if made_at is None:
        detail = f"the keys of held content have no backup: with this database all of it is lost. {how}"
        yield Finding("key backup", "warning", detail)
    elif now() - made_at > timedelta(days=days):
        detail = f"the last one is of {made_at:%Y-%m-%d}, older than {days:g} days (vault.key_backup_days)"
        told = f"{detail}: it would be refused, and must be destroyed. {how}"
        yield Finding("key backup", "problem", told)
    else:
        yield Finding("key backup", "ok", f"of {made_at:%Y-%m-%d %H:%M} UTC; good for {days:g} days")


def duties(look: Look) -> Iterator[Finding]:
    """The journal, periods that are over, and destructions that wait for a second person."""
    waiting = look.connection.scalar(sa.select(sa.func.count()).select_from(vault_journal)) or 0
    if waiting > MANY_WAITING:
        detail = f"{waiting} entries wait to be written: does a worker run, and can its place be written to?"
        yield Finding("vault journal", "problem", detail)
    over = len(period_over(look.connection))
    if over:
        detail = (
            f"{over} items of reports are past their period: `holdfast vault destruction ask --period-over`"
        )
        yield Finding("preservation", "warning", detail)
    asked = list_destructions(look.connection, waiting=True)
    if asked:
        numbers = ", ".join(str(one.id) for one in asked)
        detail = f"{numbers} wait for a second person: `holdfast vault destruction list`"
        yield Finding("destruction", "warning", detail)
