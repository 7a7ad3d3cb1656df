"""Events, decisions, actions and held content against the real service, with both clients."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.access.roles import Role
from holdfast.client import Answer, Client, ConflictError, Context, Event, NotFoundError
from tests.client.conftest import Ask, Service
from tests.pictures import encoded, picture

KNOWN = encoded(picture(1))

Upload = Callable[[], Answer]


@pytest.fixture(scope="module", autouse=True)
def known(service: Service) -> None:
    with Client(service.url, service.key(Role.LEAD)) as lead:
        lead.create_bank("KNOWN", trusted=True)
        lead.add_media("KNOWN", KNOWN, "picture 1")
    service.runtime.screener.refresh()


@pytest.fixture
def upload(service: Service) -> Upload:
    """Uploads the known picture; the answer."""

    def make() -> Answer:
        context = Context(
            content_reference=f"post/{uuid.uuid4()}",
            surface="public",
            country="US",
            uploaded_at=datetime.now(UTC) - timedelta(seconds=5),
        )
        with Client(service.url, service.key(Role.UPLOADER)) as uploader:
            return uploader.screen(KNOWN, context)

    return make


def test_events_are_read_from_a_cursor_on(ask: Ask, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.client.pages.PAGE", 2)
    lead = ask(Role.LEAD)
    made = [upload().event or 0 for _ in range(3)]
    read = lead.events(after=made[0])
    assert [one.id for one in read if one.kind == "match"] == made[1:]
    assert [one.id for one in lead.first(2).events(after=made[0] - 1, kinds=["match"])] == made[:2]
    one = lead.event(made[0])
    assert (one.kind, one.facts["decision"]["rule"]) == ("match", "trusted-exact")
    with pytest.raises(NotFoundError):
        lead.event(10**9)


def test_an_auditor_reads_events_without_matches(ask: Ask, upload: Upload) -> None:
    event = ask(Role.AUDITOR).event(upload().event)
    assert "matches" not in event.facts["facts"]


def test_events_are_followed(ask: Ask, upload: Upload) -> None:
    lead = ask(Role.LEAD)
    last = upload().event
    assert last is not None
    came: list[Event] = []

    def follow() -> None:
        came.extend(lead.first(2).follow_events(after=last, kinds=["match"], every_s=0.05))

    thread = threading.Thread(target=follow)
    thread.start()
    made = []
    for _ in range(2):
        time.sleep(0.2)
        made.append(upload().event)
    thread.join(120)
    assert [one.id for one in came] == made


def test_a_match_is_reviewed_and_its_content_released(ask: Ask, upload: Upload) -> None:
    answer = upload()
    reviewer, lead = ask(Role.REVIEWER), ask(Role.LEAD)
    decision = reviewer.decision(answer.event)
    assert (decision.class_, decision.queue, decision.hold) == ("known", 1, answer.hold)
    assert answer.event in [one.event for one in reviewer.decisions()]
    reviewed = reviewer.review(answer.event, "dispute", "it is a picture of ours")
    assert (reviewed.decision.verdict, reviewed.standing) == ("dispute", "disputed")
    assert reviewed.destroy_at is None, "a trusted list named it: a second person releases"
    assert answer.event not in [one.event for one in reviewer.decisions()]
    released = lead.release_hold(answer.hold, "cleared")
    assert (released.state, released.id) == ("released", answer.hold)
    assert answer.hold in [one.id for one in lead.holds(state="released")]
    assert lead.hold_again(answer.hold, "no").state == "held"
    held = lead.place_legal_hold(answer.hold, "order 1")
    assert [one.reference for one in held.legal_holds] == ["order 1"]
    lead.release_hold(answer.hold, "cleared again")
    with pytest.raises(ConflictError):
        lead.destroy_hold(answer.hold, "too early")
    assert lead.lift_legal_hold(answer.hold, held.legal_holds[0].id, "lifted").legal_holds == ()
    reviewer.review(answer.event, "confirm", "it is what the list says after all")  # for the other client
    assert lead.hold(answer.hold).state == "released"


def test_a_removal_is_confirmed(ask: Ask, upload: Upload) -> None:
    uploader, lead = ask(Role.UPLOADER), ask(Role.LEAD)
    answer = upload()
    (asked,) = answer.actions
    assert [one.id for one in lead.actions(event=answer.event)] == [asked.id]
    assert asked.id in [one.id for one in lead.actions(unconfirmed_for_s=0)]
    removed_at = datetime.now(UTC)
    confirmed = uploader.confirm_action(asked.id, removed=["post", "cdn/post"], removed_at=removed_at)
    assert (confirmed.outcome, confirmed.removed) == ("removed", ("post", "cdn/post"))
    assert confirmed.removed_at == removed_at
    assert uploader.confirm_action(asked.id, removed=["post", "cdn/post"], removed_at=removed_at) == confirmed
    with pytest.raises(ConflictError, match="stands"):
        uploader.confirm_action(asked.id, outcome="already_gone")
    assert lead.action(asked.id).confirmed_at is not None
    times = lead.removal_times()
    assert times.asked >= 1
    assert times.from_upload.p50_s is not None
