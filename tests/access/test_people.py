"""People, links, sessions and begun sign-ins, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from holdfast.access import people, sessions, sign_ins
from holdfast.access.links import make_link, redeem_link
from holdfast.access.people import Person
from holdfast.access.roles import Role
from holdfast.access.sessions import SessionVerifier
from holdfast.errors import ConflictError, NotAuthenticatedError, NotFoundError, UsageError
from holdfast.records.database import Database
from holdfast.records.tables import people as tables
from holdfast.records.tables.base import now

HOUR = timedelta(hours=1)


def add(database: Database, name: str = "Ana", email: str | None = None) -> Person:
    with database.write() as connection:
        return people.add_person(connection, name=name, roles=[Role.REVIEWER], by="t", email=email)


def start(database: Database, person: Person) -> str:
    with database.write() as connection:
        return sessions.start_session(connection, person, method="link", lifetime=HOUR, address="192.0.2.1")


def test_what_people_set_for_themselves(database: Database) -> None:
    ana = add(database)
    with database.write() as connection:
        people.set_preferences(connection, ana.id, locale="es", theme="dark", key_map={"next": "x"})
        people.set_preferences(connection, ana.id)
        found = people.get_person(connection, ana.id)
    assert (found.locale, found.theme, found.key_map) == ("es", "dark", {"next": "x"})
    for wrong in ({"locale": "no such"}, {"theme": "pink"}, {"key_map": {"a": ""}}):
        with pytest.raises(UsageError), database.write() as connection:
            people.set_preferences(connection, ana.id, **wrong)


def test_addresses_belong_to_one_person(database: Database) -> None:
    add(database, email="Ana@example.org")
    with pytest.raises(ConflictError):
        add(database, "Bo", email="ana@EXAMPLE.org")
    add(database, "Cy", email="")
    add(database, "Di", email="  ")
    with database.read() as connection:
        assert [one.name for one in people.list_people(connection)] == ["Ana", "Cy", "Di"]


def test_roles_that_are_not_known_are_no_roles(database: Database) -> None:
    ana = add(database)
    with database.write() as connection:
        connection.execute(sa.update(tables.people).values(roles=["reviewer", "uploader", "king"]))
        assert people.get_person(connection, ana.id).roles == {Role.REVIEWER}
        with pytest.raises(NotFoundError):
            people.get_person(connection, "nobody")


def test_who_is_disabled_loses_everything_at_once(database: Database) -> None:
    ana, verifier = add(database), SessionVerifier(database, idle=HOUR)
    token = start(database, ana)
    assert verifier.verify(token).person.id == ana.id
    with database.write() as connection:
        link = make_link(connection, ana.id, by="t", minutes=5)
        first = people.disable_person(connection, ana.id, by="first")
        again = people.disable_person(connection, ana.id, by="second")
    assert first.disabled_by == again.disabled_by == "first"
    with pytest.raises(NotAuthenticatedError):
        verifier.verify(token)
    with pytest.raises(NotAuthenticatedError), database.write() as connection:
        redeem_link(connection, link)
    with pytest.raises(ConflictError), database.write() as connection:
        make_link(connection, ana.id, by="t", minutes=5)
    with database.write() as connection:
        assert people.enable_person(connection, ana.id, by="t").is_active


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1])
def test_links_are_short(database: Database, minutes: float) -> None:
    ana = add(database)
    with pytest.raises(UsageError), database.write() as connection:
        make_link(connection, ana.id, by="t", minutes=minutes)


def test_no_token_lies_in_the_database(database: Database) -> None:
    ana = add(database)
    token = start(database, ana)
    with database.write() as connection:
        link = make_link(connection, ana.id, by="t", minutes=5)
        begun = sign_ins.begin(connection, "oidc", {"state": "s"})
        for table in (tables.sessions, tables.person_links, tables.sign_ins):
            text = str([tuple(row) for row in connection.execute(sa.select(table))])
            assert not any(secret in text for secret in (token, link, begun))


def test_a_session_that_is_used_is_seen_and_an_idle_one_ends(database: Database) -> None:
    ana, verifier = add(database), SessionVerifier(database, idle=timedelta(minutes=30))
    token = start(database, ana)

    def seen(minutes_ago: float) -> None:
        with database.write() as connection:
            past = now() - timedelta(minutes=minutes_ago)
            connection.execute(sa.update(tables.sessions).values(seen_at=past))

    seen(20)
    assert verifier.verify(token).principal.subject == ana.subject
    with database.read() as connection:
        (one,) = sessions.list_sessions(connection, ana.id)
    assert now() - one.seen_at < timedelta(minutes=5)
    seen(31)
    with pytest.raises(NotAuthenticatedError):
        verifier.verify(token)
    for other in ("", "x", "A" * 43):
        with pytest.raises(NotAuthenticatedError):
            verifier.verify(other)


def test_sessions_end_one_by_one_and_together(database: Database) -> None:
    ana, bo = add(database), add(database, "Bo")
    for _ in range(3):
        start(database, ana)
    start(database, bo)
    with database.write() as connection:
        ids = [one.id for one in sessions.list_sessions(connection, ana.id)]
        assert not sessions.end_session(connection, bo, ids[0])  # not theirs
        assert sessions.end_session(connection, ana, ids[0])
        assert sessions.end_sessions(connection, ana.id, by="t", but=ids[1]) == 1
        assert [one.id for one in sessions.list_sessions(connection, ana.id)] == [ids[1]]
        assert len(sessions.list_sessions(connection, bo.id)) == 1


def test_a_begun_sign_in_is_taken_once_and_by_its_kind(database: Database) -> None:
    with database.write() as connection:
        token = sign_ins.begin(connection, "oidc", {"state": "s"})
    for kind, given in (("passkey", token), ("oidc", "A" * 43), ("oidc", None)):
        with pytest.raises(NotAuthenticatedError), database.write() as connection:
            sign_ins.take(connection, kind, given)
    with database.write() as connection:
        assert sign_ins.take(connection, "oidc", token) == {"state": "s"}
    with pytest.raises(NotAuthenticatedError), database.write() as connection:
        sign_ins.take(connection, "oidc", token)


def test_what_is_over_is_deleted(database: Database) -> None:
    ana = add(database)
    start(database, ana)
    with database.write() as connection:
        make_link(connection, ana.id, by="t", minutes=5)
        sign_ins.begin(connection, "oidc", {})
        assert sessions.prune(connection) == 0
        past = now() - HOUR
        connection.execute(sa.update(tables.sessions).values(expires_at=past))
        connection.execute(sa.update(tables.person_links).values(valid_until=past))
        connection.execute(sa.update(tables.sign_ins).values(valid_until=past))
        assert sessions.prune(connection) == 3
