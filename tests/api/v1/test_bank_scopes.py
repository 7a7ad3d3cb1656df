"""A key that is bound to some banks: every route of `/v1`, on both databases.

A route stands in the table below, or the first test fails: a new one cannot forget what such a key may see.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.api.app import create_routes
from holdfast.api.guard import routes_of
from holdfast.api.v1.shown import in_scope
from holdfast.api.writes import REPLAYED
from holdfast.banks.service import delete_bank
from holdfast.records.tables.drafts import report_drafts
from holdfast.reporting.drafts.sending import send_due
from holdfast.reporting.filing import alarms
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.screening.verdict import SUPPRESSED
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.v1.conftest import KNOWN, PDQ, hold, problem, upload
from tests.reporting.samples import MAIL

NARROWED: Final = "a page without what is of other banks"
REFUSED: Final = "403: the key may not see the bank"
ALL: Final = (Role.LEAD, Role.REVIEWER, Role.ANALYST, Role.ADMIN, Role.UPLOADER, Role.EXCHANGE)
F: Final = {"fence": 1}
WHY: Final = {"purpose": "because"}
REASON: Final = {"reason": "because"}
ORDER: Final = {"kind": "law_enforcement", "reference": "order 7", "agency": "Example Police"}
MESSAGES: Final = {"messages": [{"sender": "user-4711", "text": "hello"}]}
HASHES: Final = {"label": "x", "hashes": [{"algorithm": "pdq", "value": PDQ}]}
DECISION: Final = {**F, **REASON, "version": 1, "outcome": "hold"}
RECIPIENT: Final = {"recipient": "holdfast-recipient-x"}
OVERTURN: Final = {"statement": "wrong", "not_a_match": "not_abuse"}

# Routes that say nothing of any bank, or of all to everybody, and why.
FREE: Final = {
    "the decision goes by all banks; what is told of matches: the second test": (
        "POST /v1/screen",
        "POST /v1/screen/form",
        "POST /v1/screen/url",
        "POST /v1/screen/hashes",
        "POST /v1/lookup",
        "GET /v1/events",
        "GET /v1/events/{event}",
        "GET /v1/jobs",
        "GET /v1/jobs/{job}",
        "POST /v1/jobs/{job}/cancel",
        "POST /v1/jobs/{job}/retry",
    ),
    "of what was sent, no bank is asked": ("POST /v1/hash", "POST /v1/hash/form", "POST /v1/hash/url"),
    "anybody may tell the platform of something, and learns nothing": (
        "POST /v1/notices",
        "POST /v1/appeals",
    ),
    "whoever uploads removes what any bank matched": (
        "GET /v1/actions",
        "GET /v1/actions/times",
        "GET /v1/actions/{action}",
        "POST /v1/actions/{action}/confirm",
    ),
    "a reveal is its person's own, and no key's": (
        "GET /v1/reveals/{reveal}/original",
        "GET /v1/reveals/{reveal}/{rendition}",
        "POST /v1/reveals/{reveal}/events",
        "POST /v1/reveals/{reveal}/attest",
    ),
    "counts of everything, or words": (
        "GET /v1/report-counts",
        "GET /v1/report-automatic",
        "POST /v1/report-automatic",
        "GET /v1/review-words",
        "GET /v1/counters",
        "GET /v1/sources",
    ),
    "about people and their work": (
        "GET /v1/reviewers/me",
        "PATCH /v1/reviewers/me",
        "POST /v1/reviewers/{person}/trained",
        "GET /v1/people",
        "POST /v1/people",
        "PUT /v1/people/{person}/roles",
        "POST /v1/people/{person}/disable",
        "POST /v1/people/{person}/enable",
        "GET /v1/audit",
        "GET /v1/audit/head",
        "GET /v1/audit/export",
    ),
    "about the running of it": (
        "GET /v1/rules",
        "GET /v1/policy",
        "POST /v1/rules/reload",
        "POST /v1/rules/dry-run",
        "GET /v1/webhooks",
        "POST /v1/webhooks",
        "GET /v1/webhooks/{webhook}",
        "PATCH /v1/webhooks/{webhook}",
        "DELETE /v1/webhooks/{webhook}",
        "POST /v1/webhooks/{webhook}/rotate",
        "POST /v1/webhooks/{webhook}/test",
        "GET /v1/webhooks/{webhook}/deliveries",
        "GET /v1/webhooks/{webhook}/deliveries/{delivery}",
        "POST /v1/webhooks/{webhook}/deliveries/{delivery}/replay",
        "POST /v1/webhooks/{webhook}/replay",
        "GET /v1/keys",
        "POST /v1/keys",
        "POST /v1/keys/{key_id}/rotate",
        "POST /v1/keys/{key_id}/revoke",
        "GET /v1/checklist",
        "PUT /v1/checklist/{item}",
        "DELETE /v1/checklist/{item}",
    ),
}

# The others, with what is sent. {names} stand for what the fixture `world` made, all of the bank LIST.
BOUND: Final[dict[str, tuple[str, Any]]] = {
    "GET /v1/banks": (NARROWED, None),
    "POST /v1/banks": (REFUSED, {"name": "LIST2"}),
    "GET /v1/banks/{bank}": (REFUSED, None),
    "PATCH /v1/banks/{bank}": (REFUSED, {"enabled": False}),
    "DELETE /v1/banks/{bank}": (REFUSED, None),
    "PUT /v1/sources/{source}/terms": (REFUSED, {"may_export": True}),
    "POST /v1/banks/{bank}/imports": (REFUSED, b"x"),
    "GET /v1/banks/{bank}/entries": (REFUSED, None),
    "POST /v1/banks/{bank}/entries": (REFUSED, HASHES),
    "POST /v1/banks/{bank}/media": (REFUSED, b"x"),
    "GET /v1/banks/{bank}/entries/{entry}": (REFUSED, None),
    "PATCH /v1/banks/{bank}/entries/{entry}": (REFUSED, {"note": "x"}),
    "DELETE /v1/banks/{bank}/entries/{entry}": (REFUSED, None),
    "POST /v1/banks/{bank}/entries/{entry}/reviews": (REFUSED, {"verdict": "dispute", **REASON}),
    "GET /v1/decisions": (NARROWED, None),
    "GET /v1/decisions/{event}": (REFUSED, None),
    "POST /v1/decisions/{event}/review": (REFUSED, {"verdict": "dispute", **REASON}),
    "GET /v1/holds": (NARROWED, None),
    "GET /v1/holds/{hold}": (REFUSED, None),
    "POST /v1/holds/{hold}/release": (REFUSED, WHY),
    "POST /v1/holds/{hold}/hold-again": (REFUSED, WHY),
    "POST /v1/holds/{hold}/legal-holds": (REFUSED, {"reference": "order 1"}),
    "POST /v1/holds/{hold}/legal-holds/{legal_hold}/lift": (REFUSED, WHY),
    "DELETE /v1/holds/{hold}": (REFUSED, None),
    "POST /v1/holds/{hold}/reveal": (REFUSED, None),
    "POST /v1/destructions": (REFUSED, {**ORDER, "holds": ["{hold}"]}),
    "GET /v1/destructions": (NARROWED, None),
    "POST /v1/destructions/{request}/approve": (REFUSED, None),
    "POST /v1/destructions/{request}/withdraw": (REFUSED, None),
    "GET /v1/reports": (NARROWED, None),
    "POST /v1/reports": (REFUSED, {"case": "{case}"}),
    "GET /v1/reports/{report}": (REFUSED, None),
    "GET /v1/reports/{report}/content": (REFUSED, None),
    "PUT /v1/reports/{report}/content": (REFUSED, {"version": 1, "content": "{content}"}),
    "GET /v1/reports/{report}/preview": (REFUSED, None),
    "POST /v1/reports/{report}/batch": (REFUSED, {"version": 1, "item_id": "x", "accounts": ["user-2"]}),
    "POST /v1/reports/{report}/follow-up": (REFUSED, None),
    "GET /v1/reports/{report}/receipt": (REFUSED, None),
    "POST /v1/reports/{report}/approve": (REFUSED, {"version": 1}),
    "POST /v1/reports/{report}/cancel": (REFUSED, REASON),
    "POST /v1/reports/{report}/imminent": (REFUSED, REASON),
    "POST /v1/reports/{report}/receipt": (REFUSED, {"receipt": "x"}),
    "GET /v1/report-alarms": (NARROWED, None),
    "POST /v1/report-alarms/{alarm}/clear": (REFUSED, None),
    "GET /v1/cases": (NARROWED, None),
    "GET /v1/cases/count": (NARROWED, None),
    "POST /v1/cases/next": (NARROWED, {}),
    "GET /v1/cases/{case}": (REFUSED, None),
    "POST /v1/cases/{case}/lease": (REFUSED, {}),
    "POST /v1/cases/{case}/heartbeat": (REFUSED, F),
    "POST /v1/cases/{case}/hand-back": (REFUSED, F),
    "POST /v1/cases": (REFUSED, {"account": "user-4711", **MESSAGES}),
    "POST /v1/cases/{case}/messages": (REFUSED, MESSAGES),
    "POST /v1/cases/{case}/media/{media}/label": (REFUSED, {**F, "label": "A1"}),
    "POST /v1/cases/{case}/annotations": (REFUSED, F),
    "POST /v1/cases/{case}/notes": (REFUSED, {"text": "x"}),
    "POST /v1/cases/{case}/priority": (REFUSED, {"priority": 1}),
    "POST /v1/cases/{case}/imminent": (REFUSED, {}),
    "POST /v1/cases/{case}/merge": (REFUSED, {**F, "source": "{case}"}),
    "POST /v1/cases/{case}/split": (REFUSED, {**F, "media": ["{media}"]}),
    "POST /v1/cases/{case}/decisions": (REFUSED, DECISION),
    "POST /v1/cases/{case}/decisions/{decision}/undo": (REFUSED, {}),
    "POST /v1/cases/{case}/export": (REFUSED, {}),
    "POST /v1/cases/{case}/evidence": (REFUSED, RECIPIENT),
    "GET /v1/cases/{case}/media/{media}/{rendition}": (REFUSED, None),
    "POST /v1/cases/{case}/media/{media}/reveal": (REFUSED, F),
    "GET /v1/approvals": (NARROWED, None),
    "POST /v1/approvals": (REFUSED, {"hold": "{hold}", "why": "x"}),
    "POST /v1/approvals/{approval}/answer": (REFUSED, {"verdict": "refused"}),
    "GET /v1/notices": (NARROWED, None),
    "GET /v1/notices/{notice}": (REFUSED, None),
    "POST /v1/notices/{notice}/close": (REFUSED, {"outcome": "acted"}),
    "GET /v1/appeals": (NARROWED, None),
    "POST /v1/appeals/{appeal}/uphold": (REFUSED, {"statement": "right"}),
    "POST /v1/appeals/{appeal}/overturn": (REFUSED, OVERTURN),
    "GET /v1/second-reviews": (NARROWED, None),
    "POST /v1/second-reviews/{review}": (REFUSED, {"label": "A1"}),
    "GET /v1/review-figures": (NARROWED, None),
}
QUERIES: Final = {
    "POST /v1/banks/{bank}/imports": {"source": "own"},
    "POST /v1/banks/{bank}/media": {"label": "x"},
    "DELETE /v1/holds/{hold}": WHY,
    "GET /v1/decisions": {"state": "all"},
    "GET /v1/notices": {"state": "all"},
}


@dataclass
class World:
    """Everything that there is of the bank LIST, by the names that the routes use."""

    lead: TestClient
    bound: TestClient  # sees the bank ELSE alone
    names: dict[str, Any]


@pytest.fixture
def runtime(either: dict[str, Any], make_runtime: RuntimeFactory, rules: Any) -> Runtime:
    reporting = {"test_url": "https://127.0.0.1:9", "reporter_email": MAIL, "hold_s": 0.0}
    review = {"undo_s": 0, "second_review_share": 1.0}
    return make_runtime(rules={"rules_file": rules}, review=review, reporting=reporting, **either)


@pytest.fixture
def world(runtime: Runtime, lead: TestClient, client: ClientFactory) -> World:
    bound = client(*ALL, banks=BankScope(see=("ELSE",), change=()))
    held = hold(lead, runtime)
    _made(lead.post("/v1/banks", json={"name": "ELSE"}))
    found: dict[str, Any] = {"bank": "LIST", "source": "own", "rendition": "blur6-grey-small"}
    found |= {"event": held["event"], "hold": held["hold"], "entry": 1}
    notice = {"kind": "survivor", "content_references": ["post/1"], "account": "user-4711"}
    _made(lead.post("/v1/notices", json=notice))
    found["notice"] = _only(lead, "/v1/notices")["id"]
    found["case"] = case = _only(lead, "/v1/cases")["id"]
    found |= _decide(client(Role.LEAD), case)
    _made(lead.post("/v1/appeals", json={"account": "user-4711", "text": "My garden."}))
    found["appeal"] = _only(lead, "/v1/appeals")["id"]
    found["review"] = _only(lead, "/v1/second-reviews")["id"]
    _made(lead.post("/v1/approvals", json={"hold": held["hold"], "why": "a question"}))
    found["approval"] = _only(lead, "/v1/approvals")["id"]
    found["request"] = _made(lead.post("/v1/destructions", json={**ORDER, "holds": [held["hold"]]}))["id"]
    placed = _made(lead.post(f"/v1/holds/{held['hold']}/legal-holds", json={"reference": "order 1"}))
    found["legal_hold"] = placed["legal_holds"][0]["id"]
    found |= _report(lead, runtime, case)
    upload(lead, runtime, "post/2")
    assert _only(lead, "/v1/cases")["id"] != case  # the next of the account, which is open
    return World(lead, bound, found)


def _decide(lead: TestClient, case: int) -> dict[str, Any]:
    fence = {"fence": _made(lead.post(f"/v1/cases/{case}/lease", json={}))["fence"]}
    shown = lead.get(f"/v1/cases/{case}").json()
    media = shown["media"][0]["id"]
    _made(lead.post(f"/v1/cases/{case}/media/{media}/label", json={**fence, "label": "A1"}))
    said = {**fence, **REASON, "version": shown["case"]["version"], "outcome": "report"}
    made = _made(lead.post(f"/v1/cases/{case}/decisions", json=said))
    return {"media": media, "decision": made["id"]}


def _report(lead: TestClient, runtime: Runtime, case: int) -> dict[str, Any]:
    """A report on its way, with an alarm about it."""
    (report,) = _made(lead.post("/v1/reports", json={"case": case}))["reports"]
    path = f"/v1/reports/{report['id']}"
    content = lead.get(f"{path}/content").json()["content"]
    _made(lead.post(f"{path}/approve", json={"version": report["version"]}))
    assert send_due(runtime.database, runtime.desk) == 1
    with runtime.database.write() as connection:
        filing = connection.scalar(
            sa.select(report_drafts.c.filing_id).where(report_drafts.c.id == report["id"])
        )
        assert filing is not None
        alarms.raise_alarm(connection, filing, AlarmKind.BLOCKED, "a test")
        (alarm,) = alarms.list_alarms(connection)
    return {"report": report["id"], "content": content, "alarm": alarm.id}


def _made(answer: Any) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def _only(client: TestClient, path: str) -> Any:
    (one,) = client.get(path).json()["items"]
    return one


def test_no_route_is_forgotten(runtime: Runtime) -> None:
    there = {
        f"{method} {route.path_format}"
        for route in routes_of(create_routes(runtime))
        for method in route.methods or ()
        if route.path.startswith("/v1/")
    }
    free = [name for names in FREE.values() for name in names]
    assert len(free) == len(set(free)) and not set(free) & set(BOUND)
    assert there == set(free) | set(BOUND)


def test_nothing_of_another_bank_is_read_or_changed(world: World) -> None:
    """Refused for its bank, or not in the page: and there for a key that sees all banks."""
    before = _all(world.lead)
    wrong = []
    for name, (rule, body) in BOUND.items():
        answer = _ask(world.bound, name, world.names, body)
        if rule is NARROWED:
            if _items(answer) or (
                answer.request.method == "GET" and not _items(_ask(world.lead, name, {}, body))
            ):
                wrong.append((name, answer.status_code, answer.text))
        elif answer.status_code != 403 or not re.search("may not (see|change) the bank", answer.text):
            wrong.append((name, answer.status_code, answer.text))
    assert not wrong, "\n".join(map(str, wrong))
    assert _all(world.lead) == before


def test_what_came_of_a_bank_that_is_gone_is_for_keys_of_all_banks(world: World, runtime: Runtime) -> None:
    with runtime.database.write() as connection:
        delete_bank(connection, "LIST")
    for path in ("/v1/cases/{case}", "/v1/holds/{hold}", "/v1/decisions/{event}", "/v1/notices/{notice}"):
        where = path.format(**world.names)
        assert world.lead.get(where).status_code == 200
        assert "a bank that is gone" in problem(world.bound.get(where), 403, "not-allowed")
    for path in ("/v1/cases", "/v1/holds", "/v1/notices?state=all", "/v1/reports"):
        assert _items(world.lead.get(path)) and not _items(world.bound.get(path))


def test_the_decision_goes_by_all_banks_and_the_detail_by_those_that_are_seen(
    world: World, client: ClientFactory
) -> None:
    """Also in an answer that was stored for the same key, and of ready hashes."""
    _made(world.lead.post("/v1/banks/ELSE/media?label=same", content=KNOWN))
    digest = hashlib.sha1(KNOWN, usedforsecurity=False).hexdigest()
    item = {"hashes": {"sha1": digest}}
    banks = BankScope(see=("ELSE",), change=())
    for known, sees in ((banks, ["ELSE"]), (None, ["ELSE", "LIST"])):
        asking = client(Role.ANALYST, banks=known)
        for again in (False, True):
            answer = asking.post("/v1/screen", content=KNOWN, headers={"Idempotency-Key": "one"})
            assert (REPLAYED in answer.headers) == again, answer.headers
            assert _banks(answer.json()) == sees
            (of_hash,) = asking.post("/v1/screen/hashes", json={"items": [item]}).json()["answers"]
            assert _banks(of_hash) == sees
            assert {answer.json()["decision"]["class"], of_hash["decision"]["class"]} == {"known"}
        found = _made(asking.post("/v1/lookup", json={"algorithm": "sha1", "value": digest}))
        assert sorted(match["bank"] for match in found["matches"]) == sees


def _banks(answer: Any) -> list[str]:
    assert answer["outcome"] == "match"
    return sorted({match["bank"] for match in answer["matches"]})


def test_words_that_name_a_hidden_bank_are_not_told() -> None:
    match, other = {"bank": "LIST", "entry": 1}, {"bank": "ELSE", "entry": 2}
    answer = {"reason": SUPPRESSED, "detail": "as in LIST", "matches": [], "suppressed": [match, other]}
    shown = in_scope(answer, BankScope(see=("ELSE",), change=()))
    assert shown == {"reason": "", "detail": "", "matches": [], "suppressed": [other]}
    assert in_scope(answer, BankScope(see=("LIST", "ELSE"), change=())) == answer
    assert in_scope(answer, BankScope()) is answer


def test_its_own_work_goes_on(world: World) -> None:
    """What is of no bank is everybody's; nothing of another bank comes into it."""
    own = _made(world.bound.post("/v1/cases", json={"account": "user-2", **MESSAGES}))["id"]
    assert world.bound.get("/v1/cases/count").json() == {"count": 1}
    lease = _made(world.bound.post("/v1/cases/next", json={}))
    assert lease["case"] == own
    merged = {"fence": lease["fence"], "source": world.names["case"]}
    assert "'LIST'" in problem(world.bound.post(f"/v1/cases/{own}/merge", json=merged), 403, "not-allowed")
    _made(world.bound.post(f"/v1/cases/{own}/notes", json={"text": "mine"}))


def _all(lead: TestClient) -> list[Any]:
    """What the all-seeing key reads: a refused write has changed none of it."""
    reads = [name for name, (rule, _) in BOUND.items() if rule is NARROWED and name.startswith("GET")]
    return [_ask(lead, name, {}, None).json() for name in reads]


def _items(answer: Any) -> Any:
    """What a page holds, whatever it is called; a case that was taken; a count."""
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    body = answer.json()
    for name in ("items", "alarms", "technologies", "count"):
        if name in body:
            return [one for one in body[name] if one.get("name") != "ELSE"] if name == "items" else body[name]
    return body


def _ask(client: TestClient, name: str, names: dict[str, Any], body: Any) -> Any:
    method, path = name.split(" ")
    filled = _filled(body, names)
    given = (
        {"content": filled} if isinstance(filled, bytes) else {"json": filled} if filled is not None else {}
    )
    return client.request(method, path.format(**names), params=QUERIES.get(name), **given)


def _filled(body: Any, names: dict[str, Any]) -> Any:
    if isinstance(body, str) and (found := re.fullmatch(r"\{(\w+)\}", body)):
        return names[found[1]]
    if isinstance(body, dict):
        return {key: _filled(value, names) for key, value in body.items()}
    return [_filled(one, names) for one in body] if isinstance(body, list) else body
