"""`holdfast report` from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.opened import open_home
from holdfast.errors import ConflictError, SettingsError, UsageError
from holdfast.reporting.cybertip.build import build_report
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import CyberTipline, Environment
from standins.cybertipline import StandIn
from tests.cli.conftest import Commands
from tests.reporting.drafting import make_office
from tests.reporting.samples import MAIL, minimum_report
from tests.reporting.world import ACCOUNT, World

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="report"><xs:complexType><xs:sequence>
<xs:element name="somethingElse" type="xs:string"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""


def test_documents_are_checked(commands: Commands, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    xml = build_report(minimum_report())
    good.write_bytes(xml)
    bad.write_bytes(xml.replace(b"reportingPerson", b"reportingMan"))
    assert "every rule is kept" in commands.run("report", "validate", good)
    rules = {one["rule"] for one in commands.json("report", "validate", bad, status=1)}
    assert rules == {"unknown", "missing"}
    assert MAIL not in commands.run("report", "validate", bad, status=1)


def test_an_operators_own_schema_is_asked_too(commands: Commands, tmp_path: Path) -> None:
    document, schema = tmp_path / "report.xml", tmp_path / "own.xsd"
    document.write_bytes(build_report(minimum_report()))
    schema.write_text(SCHEMA)
    found = commands.json("report", "validate", document, "--xsd", schema, status=1)
    assert {one["rule"] for one in found} == {"xsd"}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn() as server:
        monkeypatch.setenv("HOLDFAST_REPORTING__TEST_URL", server.url)
        monkeypatch.setenv("HOLDFAST_REPORTING__REPORTER_EMAIL", MAIL)
        monkeypatch.setenv("HOLDFAST_REPORTING__HOLD_S", "0")
        monkeypatch.setenv("HOLDFAST_CYBERTIPLINE_TEST_USER", "usr123")
        monkeypatch.setenv("HOLDFAST_CYBERTIPLINE_TEST_PASSWORD", "pswd123")
        yield server


def decided(commands: Commands, stand_in: StandIn, **context: Any) -> int:
    """A case that somebody decided to report."""
    with open_home(commands.home) as opened:
        client = Client(CyberTipline(Environment.TEST, stand_in.url), ACCOUNT)
        world = World(opened.database, opened.vault, None, opened.sealer, stand_in, client, commands.home)
        office = make_office(world)
        case = office.upload(**context)
        office.decide(case)
    return case


def test_from_a_case_to_the_receipt(commands: Commands, stand_in: StandIn, tmp_path: Path) -> None:
    case = decided(commands, stand_in)
    assert "answers: 0" in commands.run("report", "check")
    (draft,) = commands.json("report", "draft", case)
    number = draft["report"]
    assert (draft["state"], draft["lacks"], draft["there"]) == ("draft", 0, None)
    assert draft["created_by"].startswith(("local:", "cli:"))
    shown = commands.run("report", "show", number)
    assert "<espIdentifier>user-1</espIdentifier>" in shown and "<fileViewedByEsp>false" in shown
    commands.run("report", "approve", number, "--version", 1)
    (filed,) = commands.json("report", "file")
    assert filed == {"handed_over": 1, "worked_at": 1, "alarms": 0}
    (told,) = stand_in.desk.finished()
    (status,) = commands.json("report", "status", number)
    assert (status["there"], status["there_reference"]) == ("filed", str(told.id))
    assert "NOT FILED" in commands.run("report", "receipt", number)
    (receipt,) = commands.json("report", "receipt", number)
    assert receipt["reference"] == str(told.id)
    folder = tmp_path / "evidence"
    commands.run("report", "export", number, folder)
    assert (folder / "receipt.xml").read_bytes() == receipt["body"].encode()
    assert (folder / "001-submit-sent.xml").read_bytes() == told.xml
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.iterdir()])
    with pytest.raises(ConflictError):
        commands.run("report", "cancel", number, "--reason", "too late")
    (more,) = commands.json("report", "follow-up", number)
    assert more["revision"] == 2
    (cancelled,) = commands.json("report", "cancel", more["report"], "--reason", "nothing to add")
    assert cancelled["state"] == "cancelled"
    assert [one["report"] for one in commands.json("report", "list")] == [more["report"], number]
    assert commands.run("report", "alarms") == "Nothing needs a person.\n"


def test_a_draft_is_edited_through_its_content(commands: Commands, stand_in: StandIn, tmp_path: Path) -> None:
    (draft,) = commands.json("report", "draft", decided(commands, stand_in))
    file = tmp_path / "content.json"
    content = json.loads(commands.run("report", "show", draft["report"], "--content"))
    content["report"]["additional_info"] = "One more thing."
    file.write_text(json.dumps(content))
    (changed,) = commands.json("report", "edit", draft["report"], file, "--version", 1)
    assert changed["version"] == 2 and changed["state"] == "draft"
    with pytest.raises(ConflictError, match="changed since"):
        commands.run("report", "edit", draft["report"], file, "--version", 1)
    file.write_text('{"report": {"shoe_size": "Jane Doe"}}')
    with pytest.raises(UsageError) as caught:
        commands.run("report", "edit", draft["report"], file, "--version", 2)
    assert "Jane Doe" not in str(caught.value)


def test_a_user_alone_and_imminent_danger(commands: Commands, stand_in: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    report = {
        "incident_summary": {
            "incident_type": "Online Enticement of Children for Sexual Acts",
            "incident_date_time": "2026-10-01T12:00:00Z",
        },
        "reporter": {"reporting_person": {"emails": [{"value": MAIL}]}},
        "persons_reported": [{"esp_identifier": "user-9"}],
    }
    file.write_text(json.dumps(report))
    (draft,) = commands.json("report", "draft", "--report", file, "--reference", "ticket 1")
    (marked,) = commands.json("report", "imminent", draft["report"], "--reason", "a threat for tonight")
    assert marked["imminent"] and marked["state"] == "draft"
    commands.run("report", "approve", draft["report"], "--version", 2)
    commands.run("report", "file")
    assert b"a threat for tonight" in stand_in.desk.finished()[0].xml


def test_what_reports_need_is_shown(commands: Commands, stand_in: StandIn) -> None:
    (line,) = [one for one in commands.json("report", "destinations") if one.get("destination") == "nca"][:1]
    assert line["set_up"] is False
    with pytest.raises(SettingsError, match="--new"):
        commands.run("report", "signer")
    public = commands.run("report", "signer", "--new")
    assert public.startswith("holdfast-verifier-") and commands.run("report", "signer") == public
    assert commands.json("report", "automatic")[0]["state"] == "off"
    assert commands.json("report", "automatic", "stop")[0]["state"] == "off"


def test_production_asks_first(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_REPORTING__ENVIRONMENT", "production")
    monkeypatch.setenv("HOLDFAST_CYBERTIPLINE_PRODUCTION_USER", "u")
    monkeypatch.setenv("HOLDFAST_CYBERTIPLINE_PRODUCTION_PASSWORD", "p")
    monkeypatch.setattr(CyberTipline, "check_addresses", lambda *_: None)  # no name server here
    commands.run("report", "file", input="n\n", status=1)
