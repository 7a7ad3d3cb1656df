"""Destinations and jurisdictions: who gets a report, what they ask for, and packets from order to receipt."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.decisions.vocabulary import COUNTRIES, SURFACES
from holdfast.errors import (
    ConflictError,
    DestinationError,
    InvalidDocumentError,
    NotFoundError,
    SettingsError,
)
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_packets
from holdfast.records.tables.vault import vault_items
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.destination import Order, Phase
from holdfast.reporting.destinations.packet import acknowledge
from holdfast.reporting.destinations.registry import Destinations, open_destinations
from holdfast.reporting.destinations.table import DEFAULT_FILE, load_rules
from holdfast.reporting.filing.models import Submission
from holdfast.reporting.packets.outbox import PacketWriter
from holdfast.reporting.packets.read import read_packet
from holdfast.reporting.packets.signer_file import create_signer, open_signer
from holdfast.settings import ReportingSettings
from holdfast.vault.sealing import Identity
from holdfast.vault.signing import Signer
from tests.reporting.samples import minimum_report
from tests.reporting.world import World, about

FILE = """
version = "test"
[[destination]]
name = "cybertipline"
kind = "cybertipline"
title = "NCMEC"
retention_days = 365
source = "the law"
[[destination]]
name = "police"
kind = "packet"
title = "Police of a country"
recipient = "{recipient}"
requires = ["account"]
retention_days = 400
source = "the law"
[[rule]]
id = "all"
country = "*"
surface = ["public", "private", "unknown"]
destination = "{first}"
deadline_hours = 24
imminent_hours = 1
reason = "r"
legal_basis = "l"
"""


@pytest.fixture
def identity() -> Identity:
    return Identity.new()


@pytest.fixture
def destinations(world: World, tmp_path: Path, identity: Identity) -> Destinations:
    file = tmp_path / "destinations.toml"
    file.write_text(FILE.format(recipient=identity.recipient, first="police"))
    settings = ReportingSettings(destinations_file=file, test_url=world.stand_in.url)
    return open_destinations(settings, tmp_path / "home", world.sealer)


def order(submission: Submission | None = None) -> Order:
    return Order("case-1", submission or Submission(report=about("a-1")), "ana")


def test_the_shipped_rules_send_everything_to_somebody() -> None:
    rules = load_rules()
    for country in (None, *COUNTRIES):
        for surface in SURFACES:
            names = [rule.destination for rule in rules.duties(country, surface, imminent=False)]
            assert names == ["cybertipline"], (country, surface)
    assert all(rule.legal_basis and not rule.confirmed_by for rule in rules.rules)  # counsel writes that


def test_what_goes_to_ncmec_anyway_need_not_go_to_the_agency_too() -> None:
    rules = load_rules()
    names = [rule.destination for rule in rules.duties("DE", "private", imminent=True)]
    assert names == ["cybertipline", "eu-police"]
    british = next(rule for rule in rules.rules if rule.id == "united-kingdom")
    assert british.unless == "cybertipline"
    at = now()
    assert british.due_at(at, imminent=True) - at == timedelta(hours=1)


def test_a_british_case_that_is_not_at_ncmec_goes_to_the_agency(tmp_path: Path) -> None:
    file = tmp_path / "destinations.toml"
    text = DEFAULT_FILE.read_text()
    file.write_text(text.replace('unless_reported_to = "cybertipline"', "", 1))
    names = [rule.destination for rule in load_rules(file).duties("GB", "public", imminent=False)]
    assert names == ["cybertipline", "nca"]
    only_us = text.replace('country = "*"', 'country = "US"', 1)
    file.write_text(only_us)
    names = [rule.destination for rule in load_rules(file).duties("GB", "public", imminent=False)]
    assert names == ["nca"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('destination = "police"', 'destination = "polcie"', "destination"),
        ('country = "*"', 'country = "Atlantis"', "country"),
        ("deadline_hours = 24", "deadline_hours = 0", "deadline_hours"),
        ('requires = ["account"]', 'requires = ["acount"]', "requires"),
        ('recipient = "', 'recipient = "x', "recipient"),
        ('reason = "r"', 'raeson = "r"', "reason"),
        ('name = "police"', 'name = "cybertipline"', "name"),
    ],
)
def test_a_slip_of_the_pen_is_named(
    tmp_path: Path, identity: Identity, old: str, new: str, told: str
) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(FILE.format(recipient=identity.recipient, first="police").replace(old, new))
    with pytest.raises(SettingsError, match=told):
        load_rules(file)


def test_a_report_for_the_test_service_is_none_for_production(
    destinations: Destinations, world: World, tmp_path: Path
) -> None:
    assert destinations.get("cybertipline-test").banner.startswith("TEST")
    with pytest.raises(NotFoundError, match="test service"):
        destinations.get("cybertipline-production")


def test_a_destination_says_what_it_takes_no_report_without(destinations: Destinations) -> None:
    police = destinations.get("police")
    assert police.lacks(Submission(report=about("a-1"))) == []
    nameless = Submission(report=minimum_report())
    assert [one.field for one in police.lacks(nameless)] == ["account"]
    assert destinations.get("cybertipline").lacks(nameless) == []
    blank = about("a-1").model_copy(update={"persons_reported": (PersonOrUserReported(esp_identifier=" "),)})
    (lack,) = destinations.get("cybertipline").lacks(Submission(report=blank))
    assert lack.must and "espIdentifier" in lack.field


def test_the_cybertipline_behind_the_interface(destinations: Destinations, world: World) -> None:
    there = destinations.get("cybertipline")
    with world.database.write() as connection:
        first = there.hand_over(connection, order())
        assert there.standing(connection, first.number).phase is Phase.WAITING
        assert there.receipt(connection, first.number) is None
    world.work()
    with world.database.write() as connection:
        standing, receipt = there.standing(connection, first.number), there.receipt(connection, first.number)
        assert standing.phase is Phase.FILED and receipt is not None and receipt.body is not None
        assert receipt.reference.encode() in receipt.body
        second = there.hand_over(connection, order())  # the next revision: it names the first
        assert there.cancel(connection, second.number).phase is Phase.CANCELLED
        with pytest.raises(ConflictError):
            there.cancel(connection, first.number)


def test_a_packet_from_order_to_receipt(
    destinations: Destinations, world: World, tmp_path: Path, identity: Identity
) -> None:
    police = destinations.get("police")
    content = b"an ordinary photograph" * 100
    submission = Submission(report=about("a-1"), files=(world.file(content),))
    with world.database.write() as connection:
        made = police.hand_over(connection, order(submission=submission))
    signer = Signer.new()
    writer = PacketWriter(world.database, world.sealer, world.contents, tmp_path / "packets", signer, "us")
    (described,) = destinations.packets
    assert described.described.recipient is not None
    assert writer.write_due("police", described.described.recipient) == 1
    assert writer.write_due("police", described.described.recipient) == 0
    with world.database.read() as connection:
        standing = police.standing(connection, made.number)
    assert standing.phase is Phase.UNDER_WAY and standing.reference is not None
    path = tmp_path / "packets" / standing.reference
    opened = read_packet([path.read_bytes()], identity, tmp_path / "opened", [signer.verifier])
    assert (opened.folder / opened.manifest.files[0].name).read_bytes() == content
    assert content[:22] not in path.read_bytes() and path.stat().st_mode & 0o077 == 0
    with world.database.write() as connection:
        assert police.receipt(connection, made.number) is None
        acknowledge(connection, made.number, b"received: 17/2026", by="ana")
        receipt = police.receipt(connection, made.number)
        assert receipt is not None and receipt.body == b"received: 17/2026"
        with pytest.raises(ConflictError):
            acknowledge(connection, made.number, b"again", by="ana")
        with pytest.raises(ConflictError):
            police.cancel(connection, made.number)
    assert [kind for kind in world.events() if kind.startswith("report.")] == [
        "report.requested",
        "report.packet_written",
        "report.filed",
    ]


def test_a_packet_whose_content_is_gone_is_refused_and_one_without_a_key_never_made(
    destinations: Destinations, world: World, tmp_path: Path
) -> None:
    police = destinations.get("police")
    held = world.file(b"some bytes")
    with world.database.write() as connection:
        made = police.hand_over(connection, order(submission=Submission(report=about("a"), files=(held,))))
    with world.database.write() as connection:  # as if its year were over
        connection.execute(sa.update(vault_items).values(keep_until=now()))
    world.vault.destroy(held.item_id, actor="tests", purpose="a test")
    writer = PacketWriter(
        world.database, world.sealer, world.contents, tmp_path / "packets", Signer.new(), "us"
    )
    (described,) = destinations.packets
    assert described.described.recipient is not None
    assert writer.write_due("police", described.described.recipient) == 0
    with world.database.read() as connection:
        assert police.standing(connection, made.number).phase is Phase.REFUSED
    assert not list((tmp_path / "packets").iterdir())
    shipped = open_destinations(ReportingSettings(), tmp_path / "home", world.sealer)
    with world.database.write() as connection, pytest.raises(DestinationError, match="recipient"):
        shipped.get("nca").hand_over(connection, order())


def test_a_packet_that_is_cancelled_while_it_is_written_is_not_left_there(
    destinations: Destinations, world: World, tmp_path: Path
) -> None:
    police = destinations.get("police")
    with world.database.write() as connection:
        made = police.hand_over(connection, order())
    folder = tmp_path / "packets"
    writer = PacketWriter(world.database, world.sealer, world.contents, folder, Signer.new(), "us")
    row = writer._claim("police")
    assert row is not None
    with world.database.write() as connection:
        police.cancel(connection, made.number)
    (described,) = destinations.packets
    assert described.described.recipient is not None
    writer._write(row, described.described.recipient)
    assert not list(folder.iterdir())
    with world.database.read() as connection:
        assert connection.scalar(sa.select(report_packets.c.state)) == "cancelled"


def test_a_packet_that_two_workers_wrote_is_there_and_is_the_one_that_is_on_record(
    destinations: Destinations, world: World, tmp_path: Path
) -> None:
    with world.database.write() as connection:
        destinations.get("police").hand_over(connection, order())
    folder = tmp_path / "packets"
    writer = PacketWriter(world.database, world.sealer, world.contents, folder, Signer.new(), "us")
    slow = writer._claim("police")
    assert slow is not None
    with world.database.write() as connection:
        connection.execute(sa.update(report_packets).values(lease_until=now()))
    (described,) = destinations.packets
    assert described.described.recipient is not None
    assert writer.write_due("police", described.described.recipient) == 1
    writer._write(slow, described.described.recipient)
    (path,) = folder.iterdir()
    with world.database.read() as connection:
        state, sha256 = connection.execute(sa.select(report_packets.c.state, report_packets.c.sha256)).one()
    assert state == "written" and sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert world.events().count("report.packet_written") == 1


def test_required_fields_are_asked_for_at_the_door(destinations: Destinations, world: World) -> None:
    with world.database.write() as connection, pytest.raises(InvalidDocumentError):
        destinations.get("police").hand_over(
            connection, order(submission=Submission(report=minimum_report()))
        )


def test_a_signing_key_is_made_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    settings = ReportingSettings(signer_file=tmp_path / "keys" / "our.signer")
    with pytest.raises(SettingsError, match="there is none"):
        open_signer(settings, home)
    made = create_signer(settings, home)
    assert open_signer(settings, home) == made
    with pytest.raises(ConflictError):
        create_signer(settings, home)
    inside = ReportingSettings(signer_file=home / "our.signer")
    with pytest.raises(SettingsError, match="inside the home"):
        create_signer(inside, home)
