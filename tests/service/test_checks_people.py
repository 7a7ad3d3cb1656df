"""What `holdfast doctor` says of people, the console's address and the audit log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.access.people import add_person, disable_person, set_roles
from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.records.database import Database
from holdfast.records.tables.audit import audit_head, audit_log
from holdfast.service.checks import people
from holdfast.service.checks.finding import Finding, Look
from holdfast.settings import ConsoleSettings, ServerSettings, Settings


def look(connection: sa.Connection, host: str = "127.0.0.1", **console: Any) -> Look:
    settings = Settings(console=ConsoleSettings(**console), server=ServerSettings(host=host))
    return Look(settings, Path("/nowhere"), connection)


def found(database: Database, host: str = "127.0.0.1", **console: Any) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(one.check, one.state) for one in people.console(look(connection, host, **console))]


def test_somebody_has_to_be_able_to_sign_in(database: Database) -> None:
    assert found(database) == [("people", "warning")]
    assert found(database, enabled=False) == []
    with database.write() as connection:
        ana = add_person(connection, name="Ana", roles=[Role.ADMIN], by="t")
    assert found(database) == [("people", "ok")]
    with database.write() as connection:
        set_roles(connection, ana.id, [Role.LEAD], by="t")
    assert found(database) == [("people", "warning")]
    with database.write() as connection:
        disable_person(connection, ana.id, by="t")
    assert found(database) == [("people", "warning")]


@pytest.mark.parametrize(
    ("host", "origin", "state"),
    [
        ("127.0.0.1", None, None),
        ("0.0.0.0", None, "warning"),
        ("0.0.0.0", "https://holdfast.example.org", None),
        ("127.0.0.1", "http://holdfast.example.org", "problem"),
        ("127.0.0.1", "http://localhost:8600", None),
    ],
)
def test_the_address_has_to_be_safe(
    database: Database, host: str, origin: str | None, state: str | None
) -> None:
    with database.write() as connection:
        add_person(connection, name="Ana", roles=[Role.ADMIN], by="t")
    expected = [("people", "ok"), *([("console", state)] if state else [])]
    assert found(database, host, origin=origin) == expected


def test_a_log_that_was_tampered_with_is_told(database: Database) -> None:
    def checked(full: bool) -> Finding:
        with database.read() as connection:
            (one,) = people.audit_log(look(connection), full)
        return one

    assert checked(False).state == checked(True).state == "ok"
    with database.write() as connection:
        for n in range(3):
            audit.append(connection, actor="person:a", action="case.note", target=f"case:{n}")
    assert checked(False).state == checked(True).state == "ok"
    with database.write() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER audit_log_no_update")
            connection.exec_driver_sql("DROP TRIGGER audit_log_no_delete")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_log DISABLE TRIGGER ALL")
        connection.execute(sa.update(audit_log).where(audit_log.c.position == 2).values(actor="person:b"))
    assert (checked(False).state, checked(True).state) == ("ok", "problem")
    with database.write() as connection:
        connection.execute(sa.delete(audit_log).where(audit_log.c.position == 3))
        assert connection.execute(sa.select(audit_head.c.position)).scalar_one() == 3
    assert checked(False).state == "problem" and "row 3" in checked(False).detail
