"""What the records and settings show of the go-live checklist, one small look each."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from holdfast.banks.service import bank_counts, list_banks
from holdfast.decisions.policy import load_policy
from holdfast.records.tables.access import api_key_secrets, api_keys
from holdfast.records.tables.base import now
from holdfast.records.tables.events import counters
from holdfast.records.tables.outbox import webhook_deliveries, webhook_endpoints
from holdfast.service import facts
from holdfast.service.opening import policy_file
from holdfast.service.setup import FIRST_UPLOAD_KEY
from holdfast.settings import Settings

__all__ = [
    "FIRST_KEYS",
    "delivered_test",
    "first_keys_in_use",
    "is_loopback",
    "last_backup",
    "shadow_days",
    "trusted_banks",
    "unconfirmed_rows",
]

# Names of the keys that `holdfast init` and a first `holdfast serve` print.
FIRST_KEYS: Final = ("first key", FIRST_UPLOAD_KEY)


def trusted_banks(connection: sa.Connection) -> list[str]:
    """Names of trusted, enabled banks of known content that hold something."""
    return [
        bank.name
        for bank in list_banks(connection)
        if bank.trusted and bank.enabled and bank.kind == "known" and bank_counts(connection, bank.id).active
    ]


def unconfirmed_rows(settings: Settings, home: Path) -> list[str]:
    """Rows of the policy in force that look at content and name nobody who confirmed it.

    Raises PolicyError when the file cannot be read.
    """
    return [row.row for row in load_policy(policy_file(settings, home)).unconfirmed(now())]


def shadow_days(connection: sa.Connection) -> float:
    """Days between the first and the last time that a rule in shadow held."""
    query = sa.select(sa.func.min(counters.c.bucket), sa.func.max(counters.c.bucket))
    first, last = connection.execute(query.where(counters.c.name == "decided.shadow")).one()
    return 0.0 if first is None else (last - first).total_seconds() / 86400


def delivered_test(connection: sa.Connection) -> str | None:
    """The name of a webhook endpoint that took a test message; None when none did."""
    d = webhook_deliveries
    query = (
        sa.select(webhook_endpoints.c.name)
        .join(d, d.c.endpoint_id == webhook_endpoints.c.id)
        .where(d.c.kind == "test", d.c.state == "delivered")
        .limit(1)
    )
    name: str | None = connection.execute(query).scalar()
    return name


def last_backup(connection: sa.Connection) -> datetime | None:
    """When the last encrypted backup was made."""
    return facts.moment_of(facts.read(connection, facts.BACKUP))


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach a service that listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def first_keys_in_use(connection: sa.Connection) -> list[str]:
    """Ids of the first keys that are valid and have only the secret that was printed."""
    newer = sa.exists().where(
        api_key_secrets.c.key_id == api_keys.c.id, api_key_secrets.c.created_at > api_keys.c.created_at
    )
    query = sa.select(api_keys.c.id).where(
        api_keys.c.name.in_(FIRST_KEYS),
        api_keys.c.created_by == "holdfast",
        api_keys.c.revoked_at.is_(None),
        sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now()),
        ~newer,
    )
    return list(connection.scalars(query.order_by(api_keys.c.created_at)))
