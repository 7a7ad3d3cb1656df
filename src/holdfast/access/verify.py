"""Who is this? A key's text and the caller's address in, a `Principal` out, or a refusal.

An upload must not pay for a look into the records, so what was found is remembered for `CACHE_S`; this is
also the longest that a revocation, a new network list or another role needs to take effect in a process.
Only the digest of a secret is remembered. When the records cannot be reached, an unknown or stale key
raises `RecordsUnavailableError` (HTTP 503): nobody comes in unchecked, and no good key is called bad.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from holdfast.access.keys import KeyRecord, key_record
from holdfast.access.keytext import KeyText, parse_key_text
from holdfast.access.networks import Network, inside, parse_networks
from holdfast.access.principal import Principal
from holdfast.access.roles import Permission
from holdfast.errors import NotAuthenticatedError
from holdfast.records.database import Database
from holdfast.records.tables.access import api_key_secrets, api_keys
from holdfast.records.tables.base import now as this_moment

__all__ = ["CACHE_S", "Denial", "KeyVerifier"]

CACHE_S = 3.0
MAX_REMEMBERED = 10_000

_SECRETS_OF_KEY = sa.select(api_key_secrets.c.digest, api_key_secrets.c.valid_until).where(
    api_key_secrets.c.key_id == sa.bindparam("key_id")
)
_KEY = sa.select(api_keys).where(api_keys.c.id == sa.bindparam("key_id"))


class Denial(StrEnum):
    """Why somebody was not recognised. For the audit log; a caller hears the same words for all."""

    MISSING = "missing"  # no key was sent
    MALFORMED = "malformed"  # not the form of a key, or its checksum is wrong
    UNKNOWN = "unknown"  # no key of this id
    WRONG_SECRET = "wrong_secret"  # noqa: S105  (a reason, no secret)
    ROTATED_OUT = "rotated_out"  # the old secret, after the overlap
    EXPIRED = "expired"
    REVOKED = "revoked"
    SOURCE_NETWORK = "source_network"  # sent from outside the key's networks
    NOT_IN_PATH = "not_in_path"  # stood in a URL without the grant for it


@dataclass(slots=True)
class _Known:
    """A key as the records had it at ``read_s`` (monotonic seconds)."""

    record: KeyRecord
    principal: Principal
    secrets: tuple[tuple[bytes, datetime | None], ...] = field(repr=False)
    networks: tuple[Network, ...]
    read_s: float
    used_noted: bool = False


class KeyVerifier:
    """Recognises keys, from memory where it may. Safe to use from many threads; one per process."""

    def __init__(
        self, database: Database, *, cache_s: float = CACHE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._cache_s = cache_s
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()
        self._used_hours: dict[str, datetime] = {}

    def verify(
        self, text: str | None, source_ip: str | None, now: datetime | None = None, *, in_path: bool = False
    ) -> Principal:
        """The principal of a key. ``source_ip`` is the peer's address, or what a trusted proxy says it is.

        Raises `NotAuthenticatedError`, whose ``reason`` is a `Denial`; `RecordsUnavailableError`.
        """
        moment = now or this_moment()
        if not text:
            raise NotAuthenticatedError(Denial.MISSING)
        key = parse_key_text(text)
        if key is None:
            raise NotAuthenticatedError(Denial.MALFORMED)
        known, in_memory = self._known.get(key.key_id), True
        if known is None or self._clock() - known.read_s >= self._cache_s:
            known, in_memory = self._read(key.key_id), False
        denial = _denial(known, key, source_ip, moment, in_path)
        if denial is Denial.WRONG_SECRET and in_memory:
            # The key may have been rotated just now, and its new secret is promised to be valid at once.
            known = self._read(key.key_id)
            denial = _denial(known, key, source_ip, moment, in_path)
        if known is None or denial is not None:
            raise NotAuthenticatedError(denial or Denial.UNKNOWN)
        if not known.used_noted:
            self._note_used(known, moment)
        return known.principal

    def recall(self, text: str | None, source_ip: str | None, *, in_path: bool = False) -> Principal | None:
        """The principal of a key that is remembered and valid; None when `verify` has to look.

        Never waits for the records, so that an event loop may call it.
        """
        key = parse_key_text(text) if text else None
        known = None if key is None else self._known.get(key.key_id)
        if key is None or known is None or self._clock() - known.read_s >= self._cache_s:
            return None
        moment = this_moment()
        if _denial(known, key, source_ip, moment, in_path) is not None:
            return None
        if not known.used_noted:
            self._note_used(known, moment)
        return known.principal

    def remembers(self, text: str) -> bool:
        """Whether this key, with this secret, was known when last looked at, however long ago that was."""
        key = parse_key_text(text)
        known = None if key is None else self._known.get(key.key_id)
        return (
            key is not None
            and known is not None
            and any(hmac.compare_digest(digest, key.digest) for digest, _ in known.secrets)
        )

    def forget(self, key_id: str) -> None:
        """Looks again at the next use: call it after changing or revoking a key in this process."""
        self._known.pop(key_id, None)

    def write_last_used(self, connection: sa.Connection) -> int:
        """Writes down in which hour keys were last used; gives how many rows changed.

        For a caller's housekeeping, every few minutes: a key's row is written at most once an hour, and
        an upload never waits for it. What a killed process had not written is lost.
        """
        with self._lock:
            used, self._used_hours = self._used_hours, {}
        changed = 0
        for key_id, hour in sorted(used.items()):
            older = sa.or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < hour)
            update = sa.update(api_keys).where(api_keys.c.id == key_id, older).values(last_used_at=hour)
            changed += connection.execute(update).rowcount
        return changed

    def _read(self, key_id: str) -> _Known | None:
        read_s = self._clock()  # before the look, so that nothing is believed for longer than cache_s
        with self._database.read() as connection:
            row = connection.execute(_KEY, {"key_id": key_id}).first()
            secrets = connection.execute(_SECRETS_OF_KEY, {"key_id": key_id}).all()
        if row is None:  # not remembered: a flood of invented ids would push out the real ones
            self.forget(key_id)
            return None
        record = key_record(row)
        principal = Principal(
            f"key:{key_id}", record.name, record.roles, record.grants, record.banks, record.limits
        )
        pairs = tuple((digest, until) for digest, until in secrets)
        known = _Known(record, principal, pairs, parse_networks(record.networks), read_s)
        with self._lock:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[key_id] = known
        return known

    def _note_used(self, known: _Known, moment: datetime) -> None:
        known.used_noted = True
        hour = moment.replace(minute=0, second=0, microsecond=0)
        before = known.record.last_used_at
        if before is None or before < hour:
            with self._lock:
                self._used_hours[known.record.key_id] = hour


def _denial(
    known: _Known | None, key: KeyText, source_ip: str | None, moment: datetime, in_path: bool
) -> Denial | None:
    """Why the key is refused, or None. The secret comes first: nobody without it learns of the rest."""
    if known is None:
        return Denial.UNKNOWN
    matching = [until for digest, until in known.secrets if hmac.compare_digest(digest, key.digest)]
    if not matching:
        return Denial.WRONG_SECRET
    record, until = known.record, matching[0]
    if record.revoked_at is not None:
        return Denial.REVOKED
    if record.expires_at is not None and record.expires_at <= moment:
        return Denial.EXPIRED
    if until is not None and until <= moment:
        return Denial.ROTATED_OUT
    if known.networks and not inside(source_ip, known.networks):
        return Denial.SOURCE_NETWORK
    if in_path and Permission.HMA_PATH_KEY not in record.grants:
        return Denial.NOT_IN_PATH
    return None
