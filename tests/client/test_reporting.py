"""Reports against the real service, with both clients."""

from __future__ import annotations

import json

import pytest

from holdfast.access.roles import Role
from holdfast.client import ConflictError, NotAllowedError, NotFoundError
from holdfast.reporting.drafts.by_hand import new_draft
from holdfast.reporting.drafts.models import DraftReport
from tests.client.conftest import Ask, Service

SAID = {
    "incident_summary": {
        "incident_type": "Online Enticement of Children for Sexual Acts",
        "incident_date_time": "2026-10-01T12:00:00Z",
    },
    "reporter": {"reporting_person": {"emails": [{"value": "safety@example.org"}]}},
    "persons_reported": [{"esp_identifier": "user-9"}],
}


def test_a_report_is_read_changed_approved_and_cancelled(ask: Ask, service: Service) -> None:
    runtime = service.runtime
    lead = ask(Role.LEAD)
    number = len(list(lead.reports()))
    with runtime.database.write() as connection:
        said = DraftReport.model_validate_json(json.dumps(SAID))
        draft = new_draft(
            connection, runtime.desk, f"ticket {number}", said, destination="cybertipline", by="tests"
        )
    assert [one.id for one in lead.first(1).reports()] == [draft.id]
    content = lead.report_content(draft.id)
    assert content.version == 1 and "upload_ip" in [one.field for one in content.lacks]
    changed = {**content.content}
    changed["report"] = {**changed["report"], "additional_info": "One more thing."}
    assert lead.change_report(draft.id, changed, 1).version == 2
    assert "One more thing." in lead.preview_report(draft.id).xml
    with pytest.raises(ConflictError):
        lead.approve_report(draft.id, 1)
    held = lead.approve_report(draft.id, 2)
    assert held.state == "holding" and held.hold_left_s > 500 and not held.is_filed
    urgent = lead.escalate_report(draft.id, "a threat for tonight")
    assert urgent.is_imminent and urgent.hold_left_s == 0
    with pytest.raises(NotFoundError):
        lead.report_receipt(draft.id)
    assert lead.cancel_report(draft.id, "it was a joke").state == "cancelled"
    assert lead.report(draft.id).reason == "it was a joke"
    follow = lead.follow_up_report(draft.id)
    assert follow.revision == 2 and lead.cancel_report(follow.id, "not needed").state == "cancelled"
    with pytest.raises(NotFoundError):
        lead.draft_report(10**9)
    with pytest.raises(NotAllowedError):
        ask(Role.UPLOADER).report(draft.id)
