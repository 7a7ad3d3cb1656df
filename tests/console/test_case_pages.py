"""Case pages without a browser: what is refused and why, two people on one case, text as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Protocol

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.access.people import add_person
from holdfast.access.roles import Role
from holdfast.access.sessions import start_session
from holdfast.records import audit
from holdfast.records.tables.review import case_decisions, cases
from holdfast.records.tables.viewing import media_shapes
from holdfast.review.ledger import views_of_items
from holdfast.review.opening import gather
from holdfast.review.wellness import pause, set_trained
from holdfast.service.runtime import Runtime
from holdfast.vault.listing import get_item
from tests.api.conftest import make_runtime, pool, runtime, server
from tests.pictures import encoded, picture

__all__ = ["make_runtime", "pool", "runtime", "server"]

ORIGIN = "http://localhost:8600"
FROM_HERE = {"origin": ORIGIN, "accept": "text/html"}


class Enter(Protocol):
    def __call__(self, name: str, *roles: Role, trained: bool = True) -> Visitor: ...


class Visitor:
    """Somebody who is signed in, with forms that carry the token."""

    def __init__(self, client: TestClient, subject: str) -> None:
        self.client, self.subject = client, subject
        self.csrf = re.search(r'name="csrf" content="([0-9a-f]{64})"', self.get("/console"))[1]  # type: ignore[index]

    def get(self, path: str) -> str:
        answer = self.client.get(path, headers=FROM_HERE)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def post(self, path: str, **fields: object) -> tuple[int, str]:
        """Status, and where it leads or what it says."""
        answer = self.client.post(path, data={"csrf": self.csrf, **fields}, headers=FROM_HERE)
        return answer.status_code, answer.headers.get("location", answer.text)


@pytest.fixture
def enter(server: TestClient, runtime: Runtime) -> Iterator[Enter]:
    with ExitStack() as opened:

        def make(name: str, *roles: Role, trained: bool = True) -> Visitor:
            with runtime.database.write() as connection:
                person = add_person(connection, name=name, roles=roles, by="tests")
                if trained:
                    set_trained(connection, person.subject, by="tests")
                token = start_session(connection, person, method="link", lifetime=timedelta(hours=1))
            client = TestClient(server.app, base_url=ORIGIN, follow_redirects=False)
            client.portal = server.portal
            client.cookies.set("holdfast-session", token)
            opened.callback(client.close)
            return Visitor(client, person.subject)

        yield make


@pytest.fixture
def case(runtime: Runtime) -> int:
    with runtime.database.write() as connection:
        return gather(connection, "user-1", runtime.review, kind="text", priority=2, by="tests").id


def fence_of(runtime: Runtime, case: int) -> int:
    with runtime.database.read() as connection:
        return int(connection.scalar(sa.select(cases.c.fence).where(cases.c.id == case)) or 0)


def test_a_case_that_another_took_is_not_decided_over_their_head(
    runtime: Runtime, enter: Enter, case: int
) -> None:
    ana, lead = enter("Ana", Role.REVIEWER), enter("Kofi", Role.LEAD)
    assert ana.post(f"/console/cases/{case}/take") == (303, f"/console/cases/{case}")
    old = fence_of(runtime, case)
    assert lead.post(f"/console/cases/{case}/take")[0] == 303
    said = {"fence": old, "version": 0, "outcome": "nothing", "reason": "x", "go": "yes"}
    status, text = ana.post(f"/console/cases/{case}/decide", **said)
    assert status == 409 and "is no longer yours" in text and "<h1>It changed in between</h1>" in text
    assert ana.post(f"/console/cases/{case}/heartbeat", fence=old)[0] == 409
    assert ana.post(f"/console/cases/{case}/hand-back", fence=old)[0] == 409
    said["fence"] = fence_of(runtime, case)
    assert lead.post(f"/console/cases/{case}/decide", **said) == (303, f"/console/cases/{case}")
    assert lead.post(f"/console/cases/{case}/decide", **said)[0] == 409  # the same form, sent twice
    with runtime.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(case_decisions)) == 1


def test_going_back_from_the_confirmation_decides_nothing(runtime: Runtime, enter: Enter, case: int) -> None:
    ana = enter("Ana", Role.REVIEWER)
    ana.post("/console/queue/next")
    said = {"fence": fence_of(runtime, case), "version": 0, "outcome": "nothing", "reason": "x"}
    status, text = ana.post(f"/console/cases/{case}/confirm", **said)
    assert status == 200 and "It takes another key" in text
    assert ana.post(f"/console/cases/{case}/decide", **said, go="no") == (303, f"/console/cases/{case}")
    assert "Held by you" in ana.get(f"/console/cases/{case}")


def test_who_may_see_no_media_is_told_why_and_given_no_case(
    runtime: Runtime, enter: Enter, case: int
) -> None:
    new = enter("Neu", Role.REVIEWER, trained=False)
    assert "Your training is not noted yet" in new.get("/console")
    assert new.post("/console/queue/next") == (303, "/console")
    assert new.post(f"/console/cases/{case}/take")[0] == 409
    tired = enter("Ana", Role.REVIEWER)
    with runtime.database.write() as connection:
        pause(connection, tired.subject, minutes=10)
    assert "You are in a pause until" in tired.get("/console/queue")
    assert tired.post("/console/settings/opt-out", out="yes")[0] == 303
    assert "You chose to see no media" in tired.get("/console")
    assert fence_of(runtime, case) == 0


def test_a_lead_notes_training_and_nobody_their_own(enter: Enter) -> None:
    lead, new = enter("Kofi", Role.LEAD, trained=False), enter("Neu", Role.REVIEWER, trained=False)
    assert lead.get("/console/wellbeing").count("Note training") == 1
    assert lead.post("/console/wellbeing/trained", person=new.subject.removeprefix("person:"))[0] == 303
    assert lead.post("/console/wellbeing/trained", person=lead.subject.removeprefix("person:"))[0] == 403
    assert "training is not noted" not in new.get("/console")


def test_nobody_chooses_less_than_the_floor(runtime: Runtime, enter: Enter) -> None:
    ana = enter("Ana", Role.REVIEWER)
    gentler = {"blur": runtime.review.floor_blur, "greyscale": "no", "small": "yes", "files": "20"}
    assert ana.post("/console/settings/wellness", **gentler)[0] == 303
    page = ana.get("/console/settings")
    assert 'value="20"' in page and '<option value="no"' not in page  # grey is the floor, whatever was chosen
    below = {**gentler, "blur": runtime.review.floor_blur - 1}
    assert ana.post("/console/settings/wellness", **below)[0] == 422
    assert "Limit 20 files" in ana.get("/console")


def test_imminent_danger_goes_first_and_shows(runtime: Runtime, enter: Enter, case: int) -> None:
    ana = enter("Ana", Role.REVIEWER)
    assert "whoever is on call is paged" in ana.get(f"/console/cases/{case}/imminent")
    assert ana.post(f"/console/cases/{case}/imminent", go="yes")[0] == 303
    assert "Imminent danger, noted by you" in ana.get(f"/console/cases/{case}")
    assert 'class="state danger"' in ana.get("/console/queue")


def test_notes_are_shown_as_text_and_never_as_markup(enter: Enter, case: int) -> None:
    ana = enter("<b>Ana</b>", Role.REVIEWER)
    assert ana.post(f"/console/cases/{case}/note", text="<script>alert(1)</script> سلام")[0] == 303
    page = ana.get(f"/console/cases/{case}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; سلام" in page and "<script>alert" not in page
    assert "<b>Ana</b>" not in page


def test_whoever_holds_a_case_says_how_urgent_it_is_and_what_belongs_to_it(
    runtime: Runtime, enter: Enter, case: int
) -> None:
    ana, bea = enter("Ana", Role.REVIEWER), enter("Bea", Role.REVIEWER)
    ana.post(f"/console/cases/{case}/take")
    held = {"fence": fence_of(runtime, case)}
    path = f"/console/cases/{case}"
    assert 'value="2" selected' in ana.get(path) and "Split off" not in ana.get(path)
    assert "Set the priority" not in bea.get(path)
    for step, said in (
        ("priority", {"priority": "1"}),
        ("merge", {"source": "99"}),
        ("split", {"files": "1"}),
    ):
        assert bea.post(f"{path}/{step}", **held, **said)[0] in (404, 409), step
    assert ana.post(f"{path}/priority", **held, priority=4) == (303, path)
    assert ana.post(f"{path}/priority", **held, priority=0)[0] == 422
    with runtime.database.write() as connection:
        other = gather(connection, None, runtime.review, kind="text", priority=1, by="tests").id
    assert ana.post(f"{path}/merge", **held, source=other) == (303, path)
    with runtime.database.read() as connection:
        found = connection.execute(sa.select(cases.c.state, cases.c.priority).order_by(cases.c.id)).all()
    assert [tuple(one) for one in found] == [("open", 1), ("merged", 1)]
    assert ana.post(f"{path}/split", **held, files="x,1")[0] == 422
    assert ana.post(f"{path}/split", **held)[0] == 422


def test_an_original_outside_a_case_is_opened_once_by_who_asked(runtime: Runtime, enter: Enter) -> None:
    ana, bea = enter("Ana", Role.LEAD), enter("Bea", Role.LEAD)
    item = runtime.vault.hold(b"a held file", reason="test", actor="tests")
    path = "/console/originals"
    assert ana.post(path, hold="everything", why="x")[0] == 422
    assert ana.post(path, hold="0" * 32, why="x")[0] == 404
    assert ana.post(path, hold=f" {item} ", why="the police asked again") == (303, path)
    assert f"{path}/1" in ana.get(path) and "waits for a second person" in ana.get(f"{path}/1")
    assert ana.post(f"{path}/1/reveal")[0] == ana.post("/console/approvals/1", go="yes")[0] == 403
    assert "the police asked again" in bea.get("/console/approvals/1")
    assert bea.post("/console/approvals/1", go="yes") == (303, "/console/approvals")
    assert bea.post(f"{path}/1/reveal")[0] == 404 and item not in bea.get(path)
    page = ana.get(f"{path}/1")
    assert f'data-files="{path}/1"' in page and "/blurred" not in page and 'data-hold="look"' not in page
    status, told = ana.post(f"{path}/1/reveal")
    assert status == 200
    original = f"/console/views/{json.loads(told)['grant']}/original"
    assert ana.get(original) == "a held file"
    assert bea.client.get(original, headers=FROM_HERE).status_code == 403
    assert ana.post(f"{path}/1/reveal")[0] == 403  # an approval serves once
    page = ana.get(f"{path}/1")
    assert "was opened" in page and "data-files" not in page and "Opened by you" in page
    with runtime.database.read() as connection:
        done = [one.action for one in audit.read(connection, target=f"item:{item}")]
    assert done == ["approval.ask", "approval.approved", "media.reveal_outside_case"]


def test_of_an_original_outside_a_case_a_view_can_be_proved(runtime: Runtime, enter: Enter) -> None:
    ana, bea = enter("Ana", Role.LEAD), enter("Bea", Role.LEAD)
    item = runtime.vault.hold(encoded(picture(2)), reason="test", actor="tests")
    ana.post("/console/originals", hold=item, why="a check")
    bea.post("/console/approvals/1", go="yes")
    assert ana.post("/console/originals/1/reveal")[0] == 200
    with runtime.database.read() as connection:
        shape = connection.scalar(sa.select(media_shapes.c.shape).where(media_shapes.c.item_id == item))
        served = views_of_items(connection, [item])[item].served
    assert (shape, served) == ("still", ())  # it is known what it is, and nothing of it went out


def test_evidence_is_destroyed_by_two(runtime: Runtime, enter: Enter) -> None:
    ana, bea = enter("Ana", Role.LEAD), enter("Bea", Role.LEAD)
    item = runtime.vault.hold(b"x", reason="test", actor="tests")
    path = "/console/destructions"
    said = {"kind": "law_enforcement", "reference": "order 7", "agency": "Example Police", "holds": item}
    assert ana.post(path, **{**said, "holds": "everything"})[0] == 422
    assert ana.post(path, **said) == (303, path)
    assert f"{path}/1" in bea.get(path) and "Example Police" in bea.get(f"{path}/1")
    assert "You asked for this yourself" in ana.get(f"{path}/1")
    assert ana.post(f"{path}/1", go="yes")[0] == 403
    assert bea.post(f"{path}/1", go="no") == (303, path)  # refused: nothing is destroyed
    assert bea.post(f"{path}/1", go="yes")[0] == 409
    ana.post(path, **said)
    assert bea.post(f"{path}/2", go="yes") == (303, path)
    with runtime.database.read() as connection:
        assert get_item(connection, item).state == "destroyed"


def test_a_transcript_is_a_note_that_says_which_file_it_is_of(enter: Enter, case: int) -> None:
    ana = enter("Ana Ruiz", Role.REVIEWER)
    ana.post(f"/console/cases/{case}/note", text="“Hello.”\r\n“Good-bye.”", transcript_of="7")
    assert "Transcript of file 7:\n“Hello.”\n“Good-bye.”" in ana.get(f"/console/cases/{case}")
