"""Keys in the records: making, listing, rotating, revoking, the first key."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from holdfast.access.keys import (
    KeyRecord,
    NewKey,
    create_first_key,
    create_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from holdfast.access.limits import KeyLimits
from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission, Role
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.database import Database
from holdfast.records.tables.access import api_key_secrets, api_keys

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make(database: Database, **changes: object) -> NewKey:
    asked: dict[str, object] = {"name": "uploads", "roles": [Role.UPLOADER], "created_by": "test", "now": NOW}
    with database.write() as connection:
        return create_key(connection, **(asked | changes))  # type: ignore[arg-type]


def listed(database: Database, **options: bool) -> list[KeyRecord]:
    with database.read() as connection:
        return list_keys(connection, **options)


def test_create_and_list(keys_database: Database) -> None:
    made = make(
        keys_database,
        name="Coop, staging",
        roles=[Role.ANALYST, Role.UPLOADER],
        grants=[Permission.HMA_BANK_DELETE],
        banks=BankScope(see=("shared",), change=("COOP_*",)),
        networks=["192.0.2.0/24", "::ffff:10.0.0.0/104"],
        limits=KeyLimits(requests_per_s=5, bytes_per_minute=None),
        lifetime=timedelta(days=30),
    )
    assert listed(keys_database) == [
        KeyRecord(
            key_id=made.key_id,
            name="Coop, staging",
            roles=frozenset({Role.ANALYST, Role.UPLOADER}),
            grants=frozenset({Permission.HMA_BANK_DELETE}),
            banks=BankScope(see=("shared",), change=("COOP_*",)),
            networks=("192.0.2.0/24", "10.0.0.0/8"),
            limits=KeyLimits(requests_per_s=5, bytes_per_minute=None),
            created_at=NOW,
            created_by="test",
            expires_at=NOW + timedelta(days=30),
            last_used_at=None,
            revoked_at=None,
            revoked_by=None,
        )
    ]


def test_defaults_are_narrow_in_time(keys_database: Database) -> None:
    make(keys_database)
    make(keys_database, name="for ever", lifetime=None)
    assert [key.expires_at for key in sorted(listed(keys_database), key=lambda key: key.name)] == [
        None,
        NOW + timedelta(days=365),
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a" * 201}, "name"),
        ({"roles": []}, "without role"),
        ({"grants": [Permission.VAULT_OPEN]}, r"vault\.open cannot be granted"),
        ({"grants": [Permission.KEY_MANAGE, Permission.METRICS_READ]}, r"^key\.manage cannot"),
        ({"grants": [Permission.HMA_PATH_KEY]}, "bound to networks"),
        ({"networks": ["192.0.2.1/24"]}, "not a network"),
        ({"lifetime": timedelta(0)}, "expired already"),
    ],
)
def test_what_cannot_be_made(keys_database: Database, changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(keys_database, **changes)
    assert listed(keys_database) == []


def test_a_key_may_live_by_grant_alone(keys_database: Database) -> None:
    make(keys_database, name="prometheus", roles=[], grants=[Permission.METRICS_READ])
    assert listed(keys_database)[0].grants == {Permission.METRICS_READ}


def test_the_caller_owns_the_transaction(keys_database: Database) -> None:
    with pytest.raises(RuntimeError, match="afterwards"), keys_database.write() as connection:
        create_key(connection, name="never", roles=[Role.ADMIN], created_by="test")
        raise RuntimeError("afterwards")
    assert listed(keys_database) == []


def test_rotate(keys_database: Database) -> None:
    old = make(keys_database)
    with keys_database.write() as connection:
        new = rotate_key(connection, old.key_id, rotated_by="test", overlap=2 * HOUR, now=NOW)
    assert new.key_id == old.key_id
    assert new.text != old.text
    assert _valid_until(keys_database) == [NOW + 2 * HOUR, None]
    assert listed(keys_database)[0].expires_at == NOW + timedelta(days=365)


def test_rotate_again_never_lengthens_an_old_secret(keys_database: Database) -> None:
    key_id = make(keys_database).key_id
    with keys_database.write() as connection:
        rotate_key(connection, key_id, rotated_by="test", overlap=2 * HOUR, now=NOW)
        rotate_key(connection, key_id, rotated_by="test", overlap=24 * HOUR, now=NOW + HOUR)
    assert _valid_until(keys_database) == [NOW + 2 * HOUR, NOW + 25 * HOUR, None]
    with keys_database.write() as connection:  # no overlap: both old ones end now, the one passed is removed
        rotate_key(connection, key_id, rotated_by="test", overlap=timedelta(0), now=NOW + 3 * HOUR)
    assert _valid_until(keys_database) == [NOW + 3 * HOUR, NOW + 3 * HOUR, None]


def test_rotate_with_a_new_expiry(keys_database: Database) -> None:
    key_id = make(keys_database, lifetime=timedelta(days=1)).key_id
    with keys_database.write() as connection:
        rotate_key(connection, key_id, rotated_by="test", lifetime=timedelta(days=90), now=NOW + HOUR)
    assert listed(keys_database)[0].expires_at == NOW + HOUR + timedelta(days=90)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=31)])
def test_rotate_with_a_senseless_overlap(keys_database: Database, overlap: timedelta) -> None:
    key_id = make(keys_database).key_id
    with pytest.raises(UsageError, match="0 to 30 days"), keys_database.write() as connection:
        rotate_key(connection, key_id, rotated_by="test", overlap=overlap, now=NOW)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=-1)])
def test_rotate_into_the_past(keys_database: Database, lifetime: timedelta) -> None:
    key_id = make(keys_database).key_id
    with pytest.raises(UsageError, match="expired already"), keys_database.write() as connection:
        rotate_key(connection, key_id, rotated_by="test", lifetime=lifetime, now=NOW)


def test_rotate_what_has_ended(keys_database: Database) -> None:
    expired = make(keys_database, lifetime=HOUR).key_id
    with pytest.raises(ConflictError, match="is expired"), keys_database.write() as connection:
        rotate_key(connection, expired, rotated_by="test", now=NOW + HOUR)
    revoked = make(keys_database).key_id
    with keys_database.write() as connection:
        revoke_key(connection, revoked, revoked_by="test", now=NOW)
    with pytest.raises(ConflictError, match="is revoked"), keys_database.write() as connection:
        rotate_key(connection, revoked, rotated_by="test", now=NOW)


def test_revoke_and_again(keys_database: Database) -> None:
    key_id = make(keys_database).key_id
    with keys_database.write() as connection:
        revoke_key(connection, key_id, revoked_by="first", now=NOW)
        record = revoke_key(connection, key_id, revoked_by="second", now=NOW + HOUR)
    assert (record.revoked_at, record.revoked_by) == (NOW, "first")
    assert record.state(NOW) == "revoked"
    assert listed(keys_database) == [record]
    assert listed(keys_database, include_revoked=False) == []


def test_no_such_key(keys_database: Database) -> None:
    with pytest.raises(NotFoundError, match="nope"), keys_database.write() as connection:
        revoke_key(connection, "nope", revoked_by="test")
    with pytest.raises(NotFoundError, match="nope"), keys_database.write() as connection:
        rotate_key(connection, "nope", rotated_by="test")


def test_state(keys_database: Database) -> None:
    make(keys_database, lifetime=HOUR)
    (record,) = listed(keys_database)
    assert [record.state(NOW + HOUR * n / 2) for n in (0, 1, 2)] == ["active", "active", "expired"]


def test_first_key_once(keys_database: Database) -> None:
    with keys_database.write() as connection:
        first = create_first_key(connection, now=NOW)
    assert first is not None
    with keys_database.write() as connection:
        revoke_key(connection, first.key_id, revoked_by="test")
        assert create_first_key(connection) is None  # never again by itself, not even after a revocation
    (record,) = listed(keys_database)
    assert record.roles == {Role.ADMIN}


def test_first_key_of_two_processes(keys_database: Database) -> None:
    """The second begins while the first has not committed: it waits, and gets none."""
    made: list[NewKey | None] = []

    def start() -> None:
        with keys_database.write() as connection:
            made.append(create_first_key(connection))

    with keys_database.write() as connection:
        assert create_first_key(connection) is not None
        second = threading.Thread(target=start)
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join()
    assert made == [None]
    assert len(listed(keys_database)) == 1


def test_the_secret_is_nowhere_in_the_records(
    keys_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    old = make(keys_database)
    with keys_database.write() as connection:
        new = rotate_key(connection, old.key_id, rotated_by="test")
    with keys_database.read() as connection:
        tables = (api_keys, api_key_secrets)
        rows = [repr(tuple(row)) for table in tables for row in connection.execute(sa.select(table))]
    assert len(rows) == 3
    kept = " ".join([*rows, *(repr(key) for key in listed(keys_database)), caplog.text, repr(old), str(new)])
    for key in (old, new):
        assert key.text[16:59] not in kept
        assert key.key_id in kept


def test_what_this_version_does_not_know_is_denied(keys_database: Database) -> None:
    key_id = make(keys_database).key_id
    with keys_database.write() as connection:
        update = sa.update(api_keys).where(api_keys.c.id == key_id)
        connection.execute(update.values(roles=["uploader", "emperor"], grants=["vault.open", "reign"]))
    (record,) = listed(keys_database)
    assert record.roles == {Role.UPLOADER}
    assert record.grants == frozenset()


def _valid_until(database: Database) -> list[datetime | None]:
    with database.read() as connection:
        ends = connection.execute(sa.select(api_key_secrets.c.valid_until)).scalars().all()
    return sorted((end for end in ends if end), key=datetime.timestamp) + [
        None for end in ends if end is None
    ]
