"""Recognising keys: every reason to refuse, the cache and its age, several processes, no leak."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.access import verify as verify_module
from holdfast.access.keys import NewKey, create_key, list_keys, revoke_key, rotate_key
from holdfast.access.keytext import new_key_text
from holdfast.access.limits import KeyLimits
from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission, Role
from holdfast.access.verify import CACHE_S, Denial, KeyVerifier
from holdfast.errors import NotAuthenticatedError, RecordsUnavailableError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables.access import api_key_secrets

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(keys_database: Database, clock: Clock) -> KeyVerifier:
    return KeyVerifier(keys_database, clock=clock)


def make(database: Database, **changes: object) -> NewKey:
    asked: dict[str, object] = {"name": "uploads", "roles": [Role.UPLOADER], "created_by": "test", "now": NOW}
    with database.write() as connection:
        return create_key(connection, **(asked | changes))  # type: ignore[arg-type]


def reason(
    verifier: KeyVerifier,
    text: str | None,
    ip: str | None = "192.0.2.1",
    now: datetime = NOW,
    *,
    path: bool = False,
) -> str:
    """Why it was refused; "" when it was not."""
    try:
        verifier.verify(text, ip, now, in_path=path)
    except NotAuthenticatedError as error:
        return error.reason
    return ""


def test_principal(keys_database: Database, verifier: KeyVerifier) -> None:
    scope, limits = BankScope(see=("a",), change=("b",)), KeyLimits(requests_per_s=3)
    grants = [Permission.HMA_BANK_DELETE]
    key = make(keys_database, roles=[Role.ANALYST], grants=grants, banks=scope, limits=limits)
    principal = verifier.verify(key.text, None, NOW)
    assert principal.subject == f"key:{key.key_id}"
    assert principal.roles == {Role.ANALYST}
    assert (principal.name, principal.banks, principal.limits) == ("uploads", scope, limits)
    assert principal.allows("hma.bank_delete")
    assert principal.allows("screen.hash")
    assert not principal.allows("bank.delete")
    assert verifier.verify(key.text, None, NOW) is principal


@pytest.mark.parametrize("text", [None, ""])
def test_missing(verifier: KeyVerifier, text: str | None) -> None:
    assert reason(verifier, text) == Denial.MISSING


@pytest.mark.parametrize(
    "text", ["x", "hf__", "hf_abc_def", "Bearer hf_a_b", "hf_" + "a" * 62, "é" * 65, "\x00"]
)
def test_malformed(verifier: KeyVerifier, text: str) -> None:
    assert reason(verifier, text) == Denial.MALFORMED


def test_unknown_and_wrong_secret(keys_database: Database, verifier: KeyVerifier) -> None:
    key = make(keys_database)
    assert reason(verifier, new_key_text().text) == Denial.UNKNOWN
    assert reason(verifier, new_key_text(key.key_id).text) == Denial.WRONG_SECRET
    assert reason(verifier, key.text) == ""
    assert reason(verifier, new_key_text(key.key_id).text) == Denial.WRONG_SECRET  # also from memory


def test_expiry_to_the_moment(keys_database: Database, verifier: KeyVerifier) -> None:
    key = make(keys_database, lifetime=HOUR)
    assert reason(verifier, key.text, now=NOW + HOUR - timedelta(microseconds=1)) == ""
    assert (
        reason(verifier, key.text, now=NOW + HOUR) == Denial.EXPIRED
    )  # from memory: no waiting for the cache


def test_rotation_overlap(keys_database: Database, verifier: KeyVerifier) -> None:
    """The new secret counts at once, even while the verifier still remembers the key without it."""
    old = make(keys_database)
    assert reason(verifier, old.text) == ""
    with keys_database.write() as connection:
        new = rotate_key(connection, old.key_id, rotated_by="test", overlap=HOUR, now=NOW)
    assert reason(verifier, new.text) == ""
    assert reason(verifier, old.text) == ""
    assert reason(verifier, old.text, now=NOW + HOUR - timedelta(microseconds=1)) == ""
    assert reason(verifier, old.text, now=NOW + HOUR) == Denial.ROTATED_OUT
    assert reason(verifier, new.text, now=NOW + HOUR) == ""


def test_revocation_takes_effect_when_the_cache_is_stale(
    keys_database: Database, verifier: KeyVerifier, clock: Clock
) -> None:
    key = make(keys_database)
    assert reason(verifier, key.text) == ""
    with keys_database.write() as connection:
        revoke_key(connection, key.key_id, revoked_by="test", now=NOW)
    clock.now_s = CACHE_S - 0.01
    assert reason(verifier, key.text) == ""
    clock.now_s = CACHE_S
    assert reason(verifier, key.text) == Denial.REVOKED
    assert CACHE_S <= 5


def test_revocation_at_once_in_the_same_process(keys_database: Database, verifier: KeyVerifier) -> None:
    key = make(keys_database)
    assert reason(verifier, key.text) == ""
    with keys_database.write() as connection:
        revoke_key(connection, key.key_id, revoked_by="test", now=NOW)
    verifier.forget(key.key_id)
    assert reason(verifier, key.text) == Denial.REVOKED
    assert (
        reason(verifier, new_key_text(key.key_id).text) == Denial.WRONG_SECRET
    )  # tells nobody that it was revoked


def test_constant_use_does_not_keep_a_key_alive(
    keys_database: Database, verifier: KeyVerifier, clock: Clock
) -> None:
    key = make(keys_database)
    assert reason(verifier, key.text) == ""
    with keys_database.write() as connection:
        revoke_key(connection, key.key_id, revoked_by="test", now=NOW)
    answers = []
    for step in range(40):
        clock.now_s = step / 10
        answers.append(reason(verifier, key.text))
    assert answers == [""] * 30 + [Denial.REVOKED] * 10


def test_from_memory_the_records_are_not_asked(
    keys_database: Database, verifier: KeyVerifier, clock: Clock
) -> None:
    key = make(keys_database)
    statements: list[str] = []
    sa.event.listen(
        keys_database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
    )
    for _ in range(100):
        verifier.verify(key.text, "192.0.2.1", NOW)
    first = len([s for s in statements if s.startswith("SELECT")])
    clock.now_s = CACHE_S
    verifier.verify(key.text, "192.0.2.1", NOW)
    assert first == 2
    assert len([s for s in statements if s.startswith("SELECT")]) == 4


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.9", ""),
        ("::ffff:192.0.2.9", ""),
        ("2001:db8::5", ""),
        ("192.0.3.9", Denial.SOURCE_NETWORK),
        ("2001:db9::5", Denial.SOURCE_NETWORK),
        (None, Denial.SOURCE_NETWORK),
        ("unknown", Denial.SOURCE_NETWORK),
    ],
)
def test_source_networks(
    keys_database: Database, verifier: KeyVerifier, ip: str | None, expected: str
) -> None:
    key = make(keys_database, networks=["192.0.2.0/24", "2001:db8::/32"])
    assert reason(verifier, key.text, ip) == expected


def test_in_a_path_only_with_the_grant(keys_database: Database, verifier: KeyVerifier) -> None:
    plain = make(keys_database)
    grants, networks = [Permission.HMA_PATH_KEY], ["192.0.2.0/24"]
    path_key = make(keys_database, roles=[Role.ANALYST], grants=grants, networks=networks)
    assert reason(verifier, plain.text, path=True) == Denial.NOT_IN_PATH
    assert reason(verifier, path_key.text, path=True) == ""
    assert reason(verifier, path_key.text, "198.51.100.1", path=True) == Denial.SOURCE_NETWORK
    # Stolen from a log and sent in a header, it opens no more than in the path.
    assert not verifier.verify(path_key.text, "192.0.2.1", NOW).allows("screen.hash")


def test_a_caller_hears_the_same_for_every_reason(keys_database: Database, verifier: KeyVerifier) -> None:
    key = make(keys_database, lifetime=HOUR, networks=["192.0.2.0/24"])
    asked = [
        (None, None, NOW),
        ("x", None, NOW),
        (new_key_text().text, None, NOW),
        (new_key_text(key.key_id).text, None, NOW),
        (key.text, "198.51.100.1", NOW),
        (key.text, "192.0.2.1", NOW + HOUR),
    ]
    heard, reasons = set(), set()
    for text, ip, now in asked:
        with pytest.raises(NotAuthenticatedError) as refused:
            verifier.verify(text, ip, now)
        heard.add(str(refused.value))
        reasons.add(refused.value.reason)
    assert len(heard) == 1
    assert len(reasons) == 6


def test_secrets_are_compared_in_constant_time(
    keys_database: Database, verifier: KeyVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every secret of the key is compared, with `hmac.compare_digest`, whether or not one fits."""
    key = make(keys_database)
    with keys_database.write() as connection:
        new = rotate_key(connection, key.key_id, rotated_by="test", overlap=HOUR, now=NOW)
    real: Callable[[bytes, bytes], bool] = hmac.compare_digest
    compared: list[tuple[int, int]] = []

    class Watched:
        @staticmethod
        def compare_digest(a: bytes, b: bytes) -> bool:
            compared.append((len(a), len(b)))
            return real(a, b)

    monkeypatch.setattr(verify_module, "hmac", Watched)
    verifier.verify(key.text, None, NOW)
    verifier.verify(new.text, None, NOW)
    assert reason(verifier, new_key_text(key.key_id).text) == Denial.WRONG_SECRET
    assert set(compared) == {(32, 32)}
    assert len(compared) == 8  # a secret that is not remembered is looked for once more in the records


def test_no_secret_in_errors_logs_or_memory_views(
    keys_database: Database, verifier: KeyVerifier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = make(keys_database)
    wrong = new_key_text(key.key_id)
    principal = verifier.verify(key.text, "192.0.2.1", NOW)
    with pytest.raises(NotAuthenticatedError) as refused:
        verifier.verify(wrong.text, "192.0.2.1", NOW)
    said = " ".join(
        [caplog.text, repr(refused.value), str(refused.value), repr(principal), repr(verifier.__dict__)]
    )
    for text in (key.text, wrong.text):
        assert text[16:59] not in said
    (digest,) = _digests(keys_database)
    assert repr(digest) not in said
    assert digest.hex() not in said


def test_last_used_is_the_hour_written_at_most_once(
    keys_database: Database, verifier: KeyVerifier, clock: Clock
) -> None:
    key = make(keys_database)
    changed = []
    for minute in range(0, 150, 10):  # from 10:30 to 12:50
        clock.now_s += 600
        verifier.verify(key.text, None, NOW + timedelta(minutes=minute))
        with keys_database.write() as connection:
            changed.append(verifier.write_last_used(connection))
    assert sum(changed) == 3  # at 10, 11 and 12 o'clock
    with keys_database.read() as connection:
        assert list_keys(connection)[0].last_used_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_last_used_of_a_slower_process_does_not_go_back(keys_database: Database) -> None:
    key = make(keys_database)
    early, late = KeyVerifier(keys_database), KeyVerifier(keys_database)
    early.verify(key.text, None, NOW)
    late.verify(key.text, None, NOW + 5 * HOUR)
    with keys_database.write() as connection:
        assert [late.write_last_used(connection), early.write_last_used(connection)] == [1, 0]
    with keys_database.read() as connection:
        assert list_keys(connection)[0].last_used_at == datetime(2026, 11, 24, 15, tzinfo=UTC)


def test_a_refused_key_is_not_used(keys_database: Database, verifier: KeyVerifier) -> None:
    key = make(keys_database, lifetime=HOUR)
    assert reason(verifier, key.text, now=NOW + HOUR) == Denial.EXPIRED
    with keys_database.write() as connection:
        assert verifier.write_last_used(connection) == 0


def test_records_that_cannot_be_reached_let_nobody_in(tmp_path: Path) -> None:
    with Database(sqlite_url(tmp_path / "absent" / "keys.sqlite")) as database:
        with pytest.raises(RecordsUnavailableError):
            KeyVerifier(database).verify(new_key_text().text, None)
        assert reason(KeyVerifier(database), "nonsense") == Denial.MALFORMED  # needs no records


def test_memory_is_bounded(
    keys_database: Database, verifier: KeyVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_module, "MAX_REMEMBERED", 3)
    keys = [make(keys_database) for _ in range(8)]
    for _ in range(2):
        assert [reason(verifier, key.text) for key in keys] == [""] * 8
    for _ in range(50):
        reason(verifier, new_key_text().text)
    assert len(verifier._known) <= 3


def test_under_threads_with_rotation(keys_database: Database) -> None:
    """Two verifiers (processes) under load while the key is rotated: nobody is ever turned away."""
    key = make(keys_database)
    verifiers = [KeyVerifier(keys_database, cache_s=0.01) for _ in range(2)]
    current, stop, refused = [key.text], threading.Event(), list[str]()

    def work(verifier: KeyVerifier) -> None:
        while not stop.is_set():
            answer = reason(verifier, current[0])
            if answer:
                refused.append(answer)

    threads = [threading.Thread(target=work, args=(verifier,)) for verifier in verifiers * 2]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            with keys_database.write() as connection:
                new = rotate_key(connection, key.key_id, rotated_by="test", overlap=HOUR, now=NOW)
            current[0] = new.text
            stop.wait(0.02)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert refused == []


def _digests(database: Database) -> list[bytes]:
    with database.read() as connection:
        return list(connection.execute(sa.select(api_key_secrets.c.digest)).scalars())


def test_a_key_is_remembered_with_its_secret_only(
    keys_database: Database, verifier: KeyVerifier, clock: Clock
) -> None:
    key = make(keys_database)
    assert not verifier.remembers(key.text)  # it was not seen yet
    verifier.verify(key.text, None, NOW)
    clock.now_s += 100 * CACHE_S
    assert verifier.remembers(key.text)
    assert not verifier.remembers(new_key_text(key.key_id).text)
    assert not verifier.remembers("no key")
