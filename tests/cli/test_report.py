"""`holdfast report` from the command line."""

from __future__ import annotations

from pathlib import Path

from holdfast.reporting.cybertip.build import build_report
from tests.cli.conftest import Commands
from tests.reporting.samples import MAIL, minimum_report

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
