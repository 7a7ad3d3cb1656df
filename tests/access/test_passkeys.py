"""Passkeys: whatever a browser sends that is no sound answer is refused, and nothing else happens.

That sound ones are accepted is tested with a real browser: tests/browser/test_signin.py.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.access import passkeys
from holdfast.access.passkeys import Party
from holdfast.access.people import Person, add_person
from holdfast.access.roles import Role
from holdfast.errors import ConflictError, NotAuthenticatedError, NotFoundError, UsageError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables import people as tables
from holdfast.records.tables.base import now

PARTY = Party("https://holdfast.example.org", "holdfast.example.org")
HANDLE = b"h" * 32

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
encoded = st.binary(max_size=60).map(lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode())
NAMES = ("clientDataJSON", "authenticatorData", "signature", "attestationObject", "transports")
answers = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, encoded | json)).map(
    lambda response: {**response, "userHandle": text(HANDLE)}
)
credentials = st.fixed_dictionaries(
    {"id": st.just(""), "rawId": st.just(""), "type": st.just("public-key"), "response": answers}
)


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def add(database: Database, key: bytes = b"known") -> Person:
    with database.write() as connection:
        person = add_person(connection, name="Ana", roles=[Role.REVIEWER], by="t")
        connection.execute(sa.update(tables.people).values(handle=HANDLE))
        connection.execute(
            sa.insert(tables.passkeys).values(
                id="k1", credential_id=key, person_id=person.id, name="laptop", public_key=b"no key",
                sign_count=0, transports=[], created_at=now(),
            )
        )  # fmt: skip
    return person


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, sqlite_copy: Path) -> Any:
    path = tmp_path_factory.mktemp("passkeys") / "holdfast.db"
    path.write_bytes(sqlite_copy.read_bytes())
    with Database(sqlite_url(path)) as database:
        yield database, add(database)


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(credential=credentials | json, is_known=st.booleans())
def test_no_made_up_answer_signs_anybody_in_or_breaks_anything(
    known: Any, credential: Any, is_known: bool
) -> None:
    database, person = known
    if isinstance(credential, dict) and "rawId" in credential:
        credential = {**credential, "id": text(b"known"), "rawId": text(b"known" if is_known else b"other")}
    with pytest.raises(NotAuthenticatedError), database.write() as connection:
        passkeys.sign_in(connection, PARTY, challenge=b"c" * 32, credential=credential)
    wanted = credential if isinstance(credential, dict) else {}
    with pytest.raises(UsageError), database.write() as connection:
        passkeys.register(connection, person, PARTY, challenge=b"c" * 32, credential=wanted, name="x")


def test_what_the_browser_is_asked(database: Database) -> None:
    person = add(database)
    with database.read() as connection:
        made = passkeys.registration_options(connection, person, PARTY)
    selection = made.options["authenticatorSelection"]
    assert (selection["userVerification"], selection["residentKey"]) == ("required", "required")
    assert made.options["rp"]["id"] == "holdfast.example.org"
    assert [one["id"] for one in made.options["excludeCredentials"]] == [text(b"known")]
    assert len(made.value) >= 32 and made.options["challenge"] == text(made.value)
    asked = passkeys.sign_in_options(PARTY)
    assert asked.options["userVerification"] == "required" and not asked.options.get("allowCredentials")
    assert asked.value != passkeys.sign_in_options(PARTY).value


def test_ones_own_passkeys_are_listed_and_removed(database: Database) -> None:
    ana = add(database)
    with database.write() as connection:
        bo = add_person(connection, name="Bo", roles=[Role.LEAD], by="t")
        assert [one.name for one in passkeys.list_passkeys(connection, ana.id)] == ["laptop"]
        with pytest.raises(NotFoundError):
            passkeys.remove_passkey(connection, bo, "k1")
        passkeys.remove_passkey(connection, ana, "k1")
        assert passkeys.list_passkeys(connection, ana.id) == []


def test_there_is_an_end_to_how_many(database: Database) -> None:
    ana = add(database)
    with database.write() as connection:
        for n in range(passkeys.MAX_PASSKEYS - 1):
            connection.execute(
                sa.insert(tables.passkeys).values(
                    id=f"n{n}", credential_id=bytes([n]), person_id=ana.id, name="x", public_key=b"",
                    sign_count=0, transports=[], created_at=now(),
                )
            )  # fmt: skip
    with pytest.raises(ConflictError), database.write() as connection:
        passkeys.register(connection, ana, PARTY, challenge=b"", credential={}, name="one more")
