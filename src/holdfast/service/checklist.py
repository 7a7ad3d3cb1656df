"""What has to be done before going live, and how far it is. What no program can see, a person marks.

`holdfast checklist` shows it, `holdfast checklist done ITEM` marks one, `holdfast doctor` follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa

from holdfast.errors import SettingsError, UsageError
from holdfast.records.database import Database
from holdfast.records.dialect import upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.checklist import checklist as table
from holdfast.service import evidence
from holdfast.settings import Settings

__all__ = ["MARKED", "Item", "Mark", "items", "look_at", "mark", "marks", "unmark"]

State = Literal["ok", "todo", "warning", "problem"]
BACKUP_AGE: Final = timedelta(days=7)
MAX_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do. ``how`` says how to do it, or to mark it; "" when it is done."""

    name: str
    state: State
    detail: str
    how: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's word that an item is done: who, when (ISO 8601) and a remark."""

    by: str
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class _Look:
    """What the items look at."""

    connection: sa.Connection
    settings: Settings
    home: Path


# Items that a person marks, because no program can see them: what done means, and how to do it.
MARKED: Final[Mapping[str, tuple[str, str]]] = {
    "registration": (
        "registered as a reporting provider (in the United States with NCMEC as an ESP)",
        "Register with the body that takes your reports: docs/hash-lists.md. Lists come with it.",
    ),
    "shadow_week": (
        "the rules ran in shadow for a week and their results were looked at",
        'Set mode = "shadow" on rules that act, screen for 7 days, look with `holdfast rules dry-run`.',
    ),
    "test_report": (
        "a test report was filed and came back with a receipt",
        "File one at the test address of the body that takes your reports.",
    ),
    "alarm": (
        "an alarm reached a person",
        "`holdfast webhook add`, then `holdfast webhook test NAME`: it counts when it was delivered.",
    ),
    "key_copy": (
        "a copy of the key file is kept apart from the backups",
        "Without the key file nothing that is held can be opened: copy it to a safe or another machine.",
    ),
    "tls": (
        "a proxy ends TLS in front of the service",
        "Put one in front (docs/running.md) and set server.trusted_proxies.",
    ),
}


def items(database: Database, settings: Settings, home: Path) -> list[Item]:
    """The whole list, in the order in which to work through it."""
    with database.read() as connection:
        return look_at(connection, settings, home)


def look_at(connection: sa.Connection, settings: Settings, home: Path) -> list[Item]:
    """As `items`, on a connection that is open already."""
    look = _Look(connection, settings, home)
    marked = marks(connection)
    return [_item(name, look, marked.get(name)) for name in _ORDER]


def marks(connection: sa.Connection) -> dict[str, Mark]:
    """What people have marked as done, by item."""
    rows = connection.execute(sa.select(table))
    return {row.item: Mark(row.done_by, row.done_at.isoformat(), row.note) for row in rows}


def mark(connection: sa.Connection, item: str, *, by: str, note: str = "") -> None:
    """Marks an item as done. Raises UsageError for one that is not marked but looked at, or a long note."""
    if item not in MARKED:
        raise UsageError(
            f"{item!r} is no item that a person marks; nothing was changed. These are: {', '.join(MARKED)}."
        )
    if len(note) > MAX_NOTE:
        raise UsageError(f"The note has more than {MAX_NOTE} characters; nothing was changed.")
    statement = upsert(connection, table).values(item=item, done_at=now(), done_by=by, note=note)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.item],
            set_={"done_at": new.done_at, "done_by": new.done_by, "note": new.note},
        )
    )


def unmark(connection: sa.Connection, item: str) -> None:
    """Takes a mark back; one that is not there is no error."""
    connection.execute(sa.delete(table).where(table.c.item == item))


def _item(name: str, look: _Look, marked: Mark | None) -> Item:
    if marked is not None:
        note = f": {marked.note}" if marked.note else ""
        return Item(name, "ok", f"marked by {marked.by} on {marked.at[:10]}{note}", "")
    if name in _LOOKS:
        return _LOOKS[name](look)
    words, how = MARKED[name]
    return _todo(name, f"not yet: {words}", how)


def _todo(name: str, detail: str, how: str) -> Item:
    if name in MARKED:
        how += f" Then: `holdfast checklist done {name}`."
    return Item(name, "todo", detail, how)


def _lists(look: _Look) -> Item:
    banks = evidence.trusted_banks(look.connection)
    if banks:
        return Item("lists", "ok", f"trusted lists with entries: {', '.join(banks)}", "")
    how = "Get access (docs/hash-lists.md), then `holdfast bank create NAME --trusted` and `bank import`."
    return Item("lists", "todo", "no trusted bank has entries: nothing can be found", how)


def _policy(look: _Look) -> Item:
    try:
        rows = evidence.unconfirmed_rows(look.settings, look.home)
    except SettingsError as error:
        return Item("policy", "problem", str(error), "Mend the file.")
    if not rows:
        return Item("policy", "ok", "every row that looks at content says who confirmed it", "")
    how = "Have counsel confirm each row, and write who and when under confirmed_by: docs/legal.md."
    return Item("policy", "todo", f"rows that nobody confirmed: {', '.join(rows)}", how)


def _shadow(look: _Look) -> Item:
    days = evidence.shadow_days(look.connection)
    if days >= 7:
        return Item("shadow_week", "ok", f"rules in shadow were tried for {days:.0f} days", "")
    words, how = MARKED["shadow_week"]
    return _todo("shadow_week", f"not yet ({days:.0f} of 7 days): {words}", how)


def _alarm(look: _Look) -> Item:
    name = evidence.delivered_test(look.connection)
    if name is not None:
        return Item("alarm", "ok", f"a test message was delivered to the webhook {name!r}", "")
    words, how = MARKED["alarm"]
    return _todo("alarm", f"not yet: {words}", how)


def _backup(look: _Look) -> Item:
    at = evidence.last_backup(look.connection)
    how = "`holdfast vault backup DIR`, every day by a timer, to another machine: docs/running.md."
    if at is None:
        return Item("backup", "todo", "no backup was ever made", how)
    age = now() - at
    if age > BACKUP_AGE:
        return Item("backup", "warning", f"the last backup is {age.days} days old", how)
    return Item("backup", "ok", f"the last backup is of {at:%Y-%m-%d %H:%M} UTC", "")


def _tls(look: _Look) -> Item:
    host = look.settings.server.host
    if evidence.is_loopback(host):
        words, how = MARKED["tls"]
        return _todo("tls", f"the service listens on {host} only. Not yet: {words}", how)
    how = f"{MARKED['tls'][1]} Then: `holdfast checklist done tls`."
    detail = f"the service listens on {host} without TLS: keys and uploads can be read on the way"
    return Item("tls", "problem", detail, how)


def _first_keys(look: _Look) -> Item:
    names = evidence.first_keys_in_use(look.connection)
    if not names:
        return Item("first_keys", "ok", "the first keys were rotated or revoked", "")
    how = "Make keys for each service and person, then `holdfast key rotate ID` or `holdfast key revoke ID`."
    return Item("first_keys", "todo", f"still as they were printed: {', '.join(names)}", how)


_ORDER: Final = (
    "registration",
    "lists",
    "policy",
    "shadow_week",
    "test_report",
    "alarm",
    "backup",
    "key_copy",
    "tls",
    "first_keys",
)
_LOOKS: Final[Mapping[str, Callable[[_Look], Item]]] = {
    "lists": _lists,
    "policy": _policy,
    "shadow_week": _shadow,
    "alarm": _alarm,
    "backup": _backup,
    "tls": _tls,
    "first_keys": _first_keys,
}
