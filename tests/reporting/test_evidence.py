"""The dossier of a reported case: what was found, seen, said, decided, sent and answered, no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import NotFoundError
from holdfast.reporting.drafts.approval import approve
from holdfast.reporting.drafts.sending import send_due
from holdfast.reporting.evidence import gather
from holdfast.review.texts import Message
from holdfast.vault.evidence import Dossier, open_evidence, write_evidence
from holdfast.vault.sealing import Identity
from holdfast.vault.signing import Signer
from tests.reporting.drafting import ANA, BEA, Office, make_office
from tests.reporting.world import World

POLICE, US = Identity.new(), Signer.new()


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world, two_people=False)


def reported(office: Office) -> int:
    """A case with two files and messages that is filed, receipt and all."""
    case = office.upload()
    office.upload(b"another photo")
    office.say(case, Message("user-1", "an ordinary message", is_suspect=True))
    office.decide(case)
    draft = office.one(case)
    with office.world.database.write() as connection:
        approve(connection, office.desk, draft.id, version=draft.version, by=BEA)
    send_due(office.world.database, office.desk)
    office.world.work()
    return case


def dossier(office: Office, case: int, **more: Any) -> Dossier:
    with office.world.database.read() as connection:
        return gather(connection, office.world.sealer, case, **more)


def test_a_filed_case_has_everything(office: Office, tmp_path: Path) -> None:
    case = reported(office)
    found = dossier(office, case)
    sections = found.sections
    json.dumps(dict(sections), allow_nan=False)
    assert found.reference == f"case:{case}"
    first = sections["matches"][0]
    assert first["upload"]["matches"][0]["algorithm"] == "pdq"
    assert first["upload"]["matches"][0]["distance_bits"] == 4
    assert first["upload"]["context"]["ip"] == "198.51.100.7"
    assert first["event"]["kind"] == "match"
    assert sections["messages"][0]["text"] == "an ordinary message"
    assert [one["outcome"] for one in sections["decisions"]] == ["report"]
    assert len(sections["views"]) == 2 and not sections["views"][0]["viewed_in_full"]
    (filing,) = sections["filings"]
    assert filing["state"] == "filed" and filing["report_id"] is not None
    calls = {call["step"]: call for call in filing["calls"]}
    assert {"submit", "upload", "fileinfo", "finish"} <= set(calls)
    assert all(call["request_id"] for call in filing["calls"])
    documents = {one.name: one.content for one in found.documents}
    assert documents[calls["submit"]["documents"]["sent"]].startswith(b"<?xml")
    assert b"reportId" in documents[calls["submit"]["documents"]["answer"]]
    with office.world.database.read() as connection:
        from holdfast.reporting.filing import requests

        kept = requests.get(connection, filing["id"])
    assert documents[f"report-{filing['id']}-receipt.xml"] == kept.receipt
    actions = [line["action"] for line in sections["audit"]]
    assert {"case.take", "case.label", "case.decide"} <= set(actions)
    assert sections["audit"] == sorted(sections["audit"], key=lambda line: line["position"])
    assert {line["actor"] for line in sections["audit"] if line["action"] == "case.decide"} == {ANA}
    held = {one["item"]["id"]: one for one in sections["custody"]}
    assert set(held) == {item for _, item in office.items(case)} == {one.item_id for one in found.originals}
    assert all(one["item"]["keep_until"] for one in held.values())
    assert "open" in {row["action"] for one in held.values() for row in one["access"]}
    package = write_evidence(
        office.world.vault, found, recipient=POLICE.recipient, signer=US, sender="Example", actor=BEA
    )
    manifest = open_evidence(package, POLICE, [US.verifier], folder=tmp_path / "in").manifest
    originals = [one for one in manifest["files"] if one["name"].startswith("originals/")]
    assert [(tmp_path / "in" / one["name"]).read_bytes() for one in originals] == [
        b"an ordinary photo",
        b"another photo",
    ]
    assert originals[0]["original_name"] == "holiday.jpg" and originals[0]["name"].endswith(".jpg")


def test_a_case_without_reports_has_what_there_is(office: Office) -> None:
    case = office.upload()
    found = dossier(office, case, leave_out=[office.items(case)[0][1]])
    assert (found.sections["filings"], found.sections["drafts"], found.documents) == ([], [], ())
    (original,) = found.originals
    assert original.leave_out is not None
    with pytest.raises(NotFoundError):
        dossier(office, 999)
