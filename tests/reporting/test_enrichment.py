"""What the platform adds: signed question, limits, a checked answer, nothing overwritten, nothing made up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.decisions.webhooks.endpoints import Reach
from holdfast.errors import SettingsError
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_drafts
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import approve
from holdfast.reporting.drafts.enrichment import enrich_due
from holdfast.reporting.drafts.models import Draft, Enrichment, State
from holdfast.reporting.drafts.platform import (
    AnswerRefusedError,
    Platform,
    open_platform,
    read_platform_answer,
)
from holdfast.settings import ReportingSettings
from tests.reporting.drafting import ANA, Office, make_office
from tests.reporting.world import World

SECRET = b"s" * 32
ANSWER: dict[str, Any] = {
    "account": "user-1",
    "person": {
        "screen_name": "holiday_maker",
        "person_or_user_reported_person": {
            "emails": [{"value": "someone@example.net", "verified": True}],
            "phones": [{"value": "5550100", "country_calling_code": "+1"}],
        },
        "ip_capture_events": [{"ip_address": "203.0.113.9", "event_name": "Login"}],
        "associated_accounts": [{"type": "Parent/Guardian", "esp_identifier": "parent-1"}],
    },
    "victims": [{"victim_person": {"age": 9}}],
}
LOOPBACK = Reach(lambda address: address.is_loopback, allow_loopback_http=True)


@dataclass
class Service:
    """The platform's end. ``script``: (status, body) in turn; the last one again and again."""

    url: str = ""
    script: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def serving(service: Service) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            service.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, answer = service.script.pop(0) if len(service.script) > 1 else service.script[0]
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/accounts"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service(script=[(200, json.dumps(ANSWER).encode())])
    with serving(made):
        yield made


@pytest.fixture
def office(one_world: World, service: Service) -> Office:
    one_world.kept = None
    return make_office(one_world, enrichment_url=service.url)


def drafted(office: Office) -> Draft:
    case = office.upload()
    office.decide(case)
    return office.one(case)


def ask(office: Office, service: Service, **more: Any) -> int:
    platform = Platform(service.url, SECRET, LOOPBACK, 5.0)
    return enrich_due(office.world.database, office.desk, platform, **more)


def let_pauses_pass(office: Office) -> None:
    with office.world.database.write() as connection:
        waits = report_drafts.c.enrichment == "wanted"
        connection.execute(sa.update(report_drafts).where(waits).values(enrichment_due_at=now()))


def test_what_the_platform_knows_is_added_and_kept_as_it_came(office: Office, service: Service) -> None:
    draft = drafted(office)
    assert draft.enrichment is Enrichment.WANTED
    assert ask(office, service) == 1 and ask(office, service) == 0
    richer = office.get(draft.id)
    report = office.content(richer).report
    (person,) = report.persons_reported
    assert person.esp_identifier == "user-1" and person.screen_name == "holiday_maker"
    assert [one.ip_address for one in person.ip_capture_events] == ["198.51.100.7", "203.0.113.9"]
    assert (
        person.associated_accounts[0].type == "Parent/Guardian" and report.victims[0].victim_person.age == 9
    )
    assert richer.score > draft.score and richer.enrichment is Enrichment.ANSWERED
    assert richer.sealed_answer is not None and b"holiday_maker" not in richer.sealed_answer
    context = rows._context("answer", richer.case_reference, richer.destination, richer.revision)
    assert json.loads(office.world.sealer.unseal(richer.sealed_answer, context=context)) == ANSWER
    sources = {one.field: one.source for one in office.content(richer).origins}
    assert sources["victims"] == "platform"


def test_the_question_is_signed_and_says_no_more_than_it_must(office: Office, service: Service) -> None:
    draft = drafted(office)
    ask(office, service)
    ((headers, body),) = service.asked
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(body) == {
        "type": "report.account",
        "account": "user-1",
        "report": draft.id,
        "content_references": ["post/1"],
    }


def test_what_is_there_is_never_overwritten(office: Office, service: Service) -> None:
    service.script = [(200, json.dumps({"account": "user-1", "person": {"esp_service": "Other"}}).encode())]
    draft = drafted(office)
    ask(office, service)
    (person,) = office.content(office.get(draft.id)).report.persons_reported
    assert person.esp_service == "Example Photos"


@pytest.mark.parametrize(
    "answer",
    [
        {"account": "user-2"},
        {"account": "user-1", "person": {"esp_identifier": "user-2"}},
        {"account": "user-1", "person": {"shoe_size": 43}},
        {"account": "user-1", "person": {"ip_capture_events": [{"ip_address": "203.0.113.9"}] * 501}},
        {"account": "user-1", "person": {"screen_name": "x" * 300}},
        {"account": "user-1", "person": {"screen_name": "a\x00b"}},
        {"account": "user-1", "person": {"prior_reports": [10**26]}},
        {"account": "user-1", "person": {"ip_capture_events": [{"ip_address": "not an address"}]}},
        {},
    ],
)
def test_an_answer_that_cannot_be_used_changes_nothing_and_is_said(
    office: Office, service: Service, answer: dict[str, Any]
) -> None:
    service.script = [(200, json.dumps(answer).encode())]
    draft = drafted(office)
    before = office.content(draft)
    assert ask(office, service) == 0
    after = office.get(draft.id)
    assert after.enrichment is Enrichment.FAILED and office.content(after) == before
    assert after.reason is not None and "not an address" not in after.reason
    assert office.world.events()[-1] == "report.changed"


def test_a_platform_that_is_away_is_asked_again_and_in_the_end_given_up(
    office: Office, service: Service
) -> None:
    service.script = [(503, b"")]
    draft = drafted(office)
    for _ in range(9):
        ask(office, service)
        let_pauses_pass(office)
    assert office.get(draft.id).enrichment is Enrichment.WANTED
    ask(office, service)
    assert office.get(draft.id).enrichment is Enrichment.FAILED and len(service.asked) == 10


def test_an_answer_after_approval_is_kept_and_not_merged(office: Office, service: Service) -> None:
    draft = drafted(office)
    with office.world.database.write() as connection:
        approved = approve(connection, office.desk, draft.id, version=draft.version, by=ANA)
    assert ask(office, service) == 1
    after = office.get(draft.id)
    assert after.state is State.HOLDING and after.sealed_answer is not None
    assert office.content(after) == office.content(approved)


def test_a_huge_answer_a_redirect_and_an_address_inside_are_refused(office: Office, service: Service) -> None:
    platform = Platform(service.url, SECRET, LOOPBACK, 5.0)
    for status, body in ((200, b" " * (600 * 1024)), (302, b"")):
        service.script = [(status, body)]
        with pytest.raises(AnswerRefusedError):
            platform.ask("msg_1", "user-1", 1, [])
    nowhere = Platform("https://localhost/x", SECRET, Reach(lambda _: False), 5.0)
    with pytest.raises(AnswerRefusedError, match="not public"):
        nowhere.ask("msg_1", "user-1", 1, [])


def test_errors_quote_nothing() -> None:
    with pytest.raises(AnswerRefusedError) as caught:
        read_platform_answer(b'{"account": "user-1", "person": {"secret name": "Jane Doe"}}', "user-1")
    assert "Jane Doe" not in str(caught.value) and "secret" not in str(caught.value)
    for name in ("\x1b[31m", "\x00"):  # a name of theirs may be anything
        with pytest.raises(AnswerRefusedError) as caught:
            read_platform_answer(json.dumps({"account": "user-1", name: 1}).encode(), "user-1")
        assert name not in str(caught.value)


def test_without_a_secret_nothing_is_asked(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert open_platform(ReportingSettings(), home, LOOPBACK) is None
    settings = ReportingSettings(enrichment_url="https://example.org/x")
    with pytest.raises(SettingsError, match="unsigned"):
        open_platform(settings, home, LOOPBACK)
    file = tmp_path / "secret"
    file.write_text("whsec_" + base64.b64encode(SECRET).decode())
    file.chmod(0o600)
    chosen = settings.model_copy(update={"enrichment_secret_file": file})
    made = open_platform(chosen, home, LOOPBACK)
    assert made is not None and made.secret == SECRET and "sss" not in repr(made)
