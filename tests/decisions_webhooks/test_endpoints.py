"""Endpoints: which URLs are allowed, and secrets that are sealed, shown once and changed without a gap."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address

import pytest
import sqlalchemy as sa

from holdfast.decisions.webhooks import endpoints, outbox
from holdfast.decisions.webhooks.endpoints import check_url
from holdfast.decisions.webhooks.signing import new_secret, parse_secret, secret_text
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.outbox import webhook_secrets
from tests.decisions_webhooks.reach import PUBLIC, WITH_LOOPBACK
from tests.decisions_webhooks.sealing import AesSealer

URL = "https://platform.example/hooks"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (URL, None),
        ("https://198.51.100.7:8443/in?x=1", "198.51.100.7"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
    ],
)
def test_https_is_allowed(url: str, address: str | None) -> None:
    assert check_url(url, PUBLIC) == (None if address is None else ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.5:8443",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "169.254.169.254",
        "169.254.169.254.",
        "2852039166",
        "0xa9fea9fe",
        "169.254.43518",
        "127.1",
        "010.0.0.1",
        "[::ffff:a00:1]",
        "[fe80::1%25eth0]",
    ],
)
def test_an_address_out_of_reach_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(UsageError):
        check_url(f"https://{host}/latest", PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "http://platform.example/hooks",
        "http://192.168.0.1/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://[::2]/",
        "ftp://platform.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@platform.example/",
        "https://user@platform.example/",
        "https://platform.example/#part",
        "https://platform.example:99999/",
        "https://platform.example/a b",
        "https://platform.example/\r\nx: y",
        "https://[::1/",
        "https://plätform.example/",
        "https://platform.example/" + "x" * 2000,
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        check_url(url, WITH_LOOPBACK)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "http://localhost/", "http://[::1]:5/"])
def test_loopback_http_needs_the_setting(url: str) -> None:
    check_url(url, WITH_LOOPBACK)
    with pytest.raises(UsageError):
        check_url(url, PUBLIC)


def test_create_change_list_delete(database: Database, sealer: AesSealer) -> None:
    with database.write() as connection:
        made, text = endpoints.create(connection, sealer, name="takedown", url=URL, kinds=["match"])
        endpoints.create(connection, sealer, name="audit", url=URL)
        outbox.publish(connection, "match", {})
    assert (made.name, made.kinds, made.enabled, made.failing_since) == ("takedown", ("match",), True, None)
    assert len(parse_secret(text)) == 32
    with database.write() as connection:
        changed = endpoints.update(connection, made.id, url=URL + "2", enabled=False, kinds=["*"])
        assert (changed.url, changed.enabled, changed.kinds) == (URL + "2", False, ("*",))
        assert [one.name for one in endpoints.list_endpoints(connection)] == ["audit", "takedown"]
        endpoints.delete(connection, made.id)
        assert [one.name for one in endpoints.list_endpoints(connection)] == ["audit"]
        assert outbox.counts(connection) == {("audit", "pending"): 1}
        with pytest.raises(NotFoundError):
            endpoints.get(connection, made.id)
        with pytest.raises(NotFoundError):
            endpoints.delete(connection, made.id)
        with pytest.raises(NotFoundError):
            endpoints.update(connection, made.id, enabled=True)


def test_bad_names_kinds_and_doubles(database: Database, sealer: AesSealer) -> None:
    for name, kinds in (("Bad name", ["match"]), ("x", ["no_match"]), ("x", [])):
        with pytest.raises(UsageError), database.write() as connection:
            endpoints.create(connection, sealer, name=name, url=URL, kinds=kinds)
    with database.write() as connection:
        endpoints.create(connection, sealer, name="x", url=URL)
    with pytest.raises(ConflictError), database.write() as connection:
        endpoints.create(connection, sealer, name="x", url=URL)


def test_the_database_never_holds_a_readable_secret(database: Database, sealer: AesSealer) -> None:
    with database.write() as connection:
        made, text = endpoints.create(connection, sealer, name="x", url=URL)
    secret = parse_secret(text)
    with database.read() as connection:
        sealed = connection.execute(sa.select(webhook_secrets.c.sealed)).scalar_one()
        assert secret not in bytes(sealed)
        assert endpoints.valid_secrets(connection, sealer, made.id) == [secret]


def test_an_operator_may_bring_a_secret(database: Database, sealer: AesSealer) -> None:
    mine = new_secret()
    with database.write() as connection:
        _, text = endpoints.create(
            connection, sealer, name="x", url=URL, secret=parse_secret(secret_text(mine))
        )
    assert text == secret_text(mine)
    for bad in ("whsec_", "whsec_c2hvcnQ=", "whsec_???", secret_text(bytes(65))):
        with pytest.raises(UsageError) as raised:
            parse_secret(bad)
        assert bad == "whsec_" or bad.removeprefix("whsec_") not in str(raised.value)


def test_rotation_overlaps(database: Database, sealer: AesSealer) -> None:
    with database.write() as connection:
        made, first = endpoints.create(connection, sealer, name="x", url=URL)
        second = endpoints.rotate(connection, sealer, made.id, overlap_s=3600)
        assert endpoints.valid_secrets(connection, sealer, made.id) == [
            parse_secret(second),
            parse_secret(first),
        ]
    with database.write() as connection:
        ending = webhook_secrets.c.expires_at.is_not(None)
        connection.execute(
            sa.update(webhook_secrets).where(ending).values(expires_at=now() - timedelta(seconds=1))
        )
        assert endpoints.valid_secrets(connection, sealer, made.id) == [parse_secret(second)]
        assert endpoints.prune_secrets(connection) == 1
        third = endpoints.rotate(connection, sealer, made.id, overlap_s=0)
        assert endpoints.valid_secrets(connection, sealer, made.id) == [parse_secret(third)]
