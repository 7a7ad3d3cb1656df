"""The stand-in keeps the documented rules on the wire, by itself: no code of the product is used here."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator

import httpx2
import pytest

from standins.cybertipline import StandIn
from standins.cybertipline.desk import IDLE_FOR_S, OPEN_FOR_S
from standins.cybertipline.faults import CALLS, KINDS, Fault
from tests.conftest import REPOSITORY

SUMMARY = """
<incidentSummary>
  <incidentType>Online Enticement of Children for Sexual Acts</incidentType>
  <incidentDateTime>2024-10-01T12:00:00Z</incidentDateTime>
</incidentSummary>"""
REPORTER = "<reporter><reportingPerson><email>ana@example.org</email></reportingPerson></reporter>"
REPORT = f"<report>{SUMMARY}{REPORTER}</report>"
BATCHED = f'<report><batchedReport reason="VIRAL_POTENTIAL_MEME"/>{SUMMARY}{REPORTER}</report>'


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def http(server: StandIn) -> Iterator[httpx2.Client]:
    with httpx2.Client(auth=("usr123", "pswd123"), trust_env=False, timeout=120) as client:
        yield client


class Caller:
    """The calls as curl would make them."""

    def __init__(self, server: StandIn, http: httpx2.Client) -> None:
        self._url, self._http = server.url, http

    def xml(self, call: str, body: str) -> httpx2.Response:
        headers = {"content-type": "text/xml; charset=utf-8"}
        return self._http.post(f"{self._url}/{call}", content=body.encode(), headers=headers)

    def form(self, call: str, report_id: int | str, content: bytes | None = None) -> httpx2.Response:
        fields = {"id": (None, str(report_id))}
        files = fields if content is None else {**fields, "file": ("a.jpg", content)}
        return self._http.post(f"{self._url}/{call}", files=files)  # type: ignore[arg-type]

    def opened(self, body: str = REPORT) -> int:
        return int(field(self.xml("submit", body), "reportId") or 0)


@pytest.fixture
def call(server: StandIn, http: httpx2.Client) -> Caller:
    return Caller(server, http)


def field(response: httpx2.Response, name: str) -> str | None:
    found = re.search(f"<{name}>(.*?)</{name}>", response.text, re.DOTALL)
    return found[1] if found else None


def code(response: httpx2.Response) -> tuple[int, int]:
    return response.status_code, int(field(response, "responseCode") or -1)


def details(report_id: int, file_id: str, more: str = "") -> str:
    return f"<fileDetails><reportId>{report_id}</reportId><fileId>{file_id}</fileId>{more}</fileDetails>"


def test_a_whole_report(call: Caller, server: StandIn, http: httpx2.Client) -> None:
    assert code(http.get(f"{server.url}/status")) == (200, 0)
    report_id = call.opened()
    uploaded = call.form("upload", report_id, b"content")
    assert field(uploaded, "hash") == hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    file_id = field(uploaded, "fileId") or ""
    assert code(call.xml("fileinfo", details(report_id, file_id))) == (200, 0)
    assert code(call.xml("fileinfo", details(report_id, file_id))) == (400, 4100)
    receipt = call.form("finish", report_id)
    assert receipt.text.index("<files>") < receipt.text.index(file_id)
    for late in (
        call.form("finish", report_id),
        call.form("retract", report_id),
        call.form("upload", report_id, b"x"),
    ):
        assert code(late)[1] == 5102
    assert [report.id for report in server.desk.finished()] == [report_id]


def test_every_answer_says_that_nothing_was_filed(call: Caller) -> None:
    for response in (
        call.xml("submit", REPORT),
        call.xml("submit", "<report/>"),
        call.form("finish", call.opened()),
    ):
        assert "NOT FILED" in response.text
        assert "NOT FILED" in response.headers["x-stand-in"]
        assert response.headers["request-id"]


@pytest.mark.parametrize("auth", [None, ("usr123", "wrong"), ("nobody", "pswd123")])
def test_credentials(server: StandIn, auth: tuple[str, str] | None) -> None:
    with httpx2.Client(auth=auth, trust_env=False, timeout=120) as http:
        for name in ("status", "submit", "upload", "fileinfo", "finish", "retract"):
            ask = http.get if name == "status" else http.post
            assert code(ask(f"{server.url}/{name}")) == (401, 2000)


def test_another_company_has_no_say() -> None:
    with (
        StandIn(accounts={"a": "1", "b": "2"}) as server,
        httpx2.Client(trust_env=False, timeout=120) as http,
    ):
        headers = {"content-type": "text/xml"}
        opened = http.post(f"{server.url}/submit", content=REPORT, headers=headers, auth=("a", "1"))
        report_id = field(opened, "reportId") or ""
        assert code(http.post(f"{server.url}/finish", data={"id": report_id}, auth=("b", "2"))) == (403, 3300)
        assert code(http.post(f"{server.url}/finish", data={"id": report_id}, auth=("a", "1"))) == (200, 0)


@pytest.mark.parametrize(
    ("body", "wanted", "words"),
    [
        ("<report>", 4110, "no element found"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><report/>', 4110, "DOCTYPE"),
        ("<fileDetails/>", 4000, "expected"),
        ("<report/>", 4100, "cvc-complex-type.2.4.b: The content of element 'report' is not complete"),
        (
            f"<report>{REPORTER}{SUMMARY}</report>",
            4100,
            "One of '{batchedReport, incidentSummary}' is expected",
        ),
        (f"<report>{SUMMARY}{REPORTER}{REPORTER}</report>", 4100, "starting with element 'reporter'"),
        (f"<report>{SUMMARY}{REPORTER}<viewedByEsp/></report>", 4100, "starting with element 'viewedByEsp'"),
        (REPORT.replace("Sexual Acts", "Sexual Act"), 4100, "enumeration-valid"),
        (REPORT.replace("12:00:00Z", "12:00:00"), 4100, "time zone is required"),
        (REPORT.replace("2024-10-01", "2099-10-01"), 4100, "must be in the past"),
        (REPORT.replace("<email>ana@example.org</email>", ""), 4100, "email is required"),
        (BATCHED.replace("VIRAL", "OTHER"), 4100, "enumeration-valid"),
    ],
)
def test_what_is_wrong_is_said(call: Caller, server: StandIn, body: str, wanted: int, words: str) -> None:
    response = call.xml("submit", body)
    assert code(response) == (400, wanted)
    assert words in (field(response, "responseDescription") or "")
    assert server.desk.reports() == []


def test_a_second_ip_event_on_a_file_has_the_known_message(call: Caller) -> None:
    report_id = call.opened()
    file_id = field(call.form("upload", report_id, b"x"), "fileId") or ""
    event = "<ipCaptureEvent><ipAddress>192.0.2.1</ipAddress></ipCaptureEvent>"
    response = call.xml("fileinfo", details(report_id, file_id, event + event))
    assert "'{deviceId, details, additionalInfo}' is expected" in (
        field(response, "responseDescription") or ""
    )
    assert code(call.xml("fileinfo", details(report_id, file_id, event))) == (200, 0)


def test_files_belong_to_their_report(call: Caller) -> None:
    one, other = call.opened(), call.opened()
    file_id = field(call.form("upload", one, b"x"), "fileId") or ""
    assert code(call.xml("fileinfo", details(other, file_id)))[1] == 5002
    assert code(call.xml("fileinfo", details(1, file_id)))[1] == 5001
    assert code(call.form("upload", "none", b"x"))[1] == 4000
    assert code(call.form("upload", one))[1] == 4200


def test_a_batched_report_takes_one_file(call: Caller) -> None:
    report_id = call.opened(BATCHED)
    file_id = field(call.form("upload", report_id, b"x"), "fileId") or ""
    assert code(call.xml("fileinfo", details(report_id, file_id)))[1] == 4100
    viral = "<fileAnnotations><viral/></fileAnnotations>"
    assert code(call.xml("fileinfo", details(report_id, file_id, viral)))[1] == 0
    call.form("upload", report_id, b"y")
    assert code(call.form("finish", report_id)) == (400, 4100)
    assert code(call.form("retract", report_id)) == (200, 0)
    assert code(call.form("retract", report_id))[1] == 5101


def test_a_report_expires_a_day_after_it_was_opened(call: Caller, server: StandIn) -> None:
    report_id = call.opened()
    server.advance(OPEN_FOR_S - 60)
    assert code(call.form("upload", report_id, b"x"))[1] == 0
    server.advance(IDLE_FOR_S - 60)  # an upload within the last hour: the later of the two counts
    assert code(call.form("upload", report_id, b"y"))[1] == 0
    server.advance(IDLE_FOR_S + 60)
    assert code(call.form("finish", report_id))[1] == 5001
    assert [report.state for report in server.desk.reports()] == ["expired"]


def test_a_quiet_hour_alone_does_not_end_a_young_report(call: Caller, server: StandIn) -> None:
    report_id = call.opened()
    server.advance(IDLE_FOR_S * 20)
    assert code(call.form("finish", report_id))[1] == 0


def test_a_scripted_fault_meets_its_call_and_no_other(call: Caller, server: StandIn) -> None:
    server.faults.add("finish", "code:1000", times=2, after=1)
    first, second, third = call.opened(), call.opened(), call.opened()
    assert code(call.form("finish", first)) == (200, 0)
    assert code(call.form("finish", second)) == (500, 1000)
    assert code(call.form("finish", third)) == (500, 1000)
    assert code(call.form("finish", third)) == (200, 0)
    assert [report.id for report in server.desk.finished()] == [first, third]


@pytest.mark.parametrize(
    ("fault", "finished"),
    [
        ("code:5102", False),
        ("code_after:1000", True),
        ("drop_before", False),
        ("drop_after", True),
        ("stall_before", False),
        ("stall_after", True),
        ("html", False),
        ("cut_xml", True),
        ("slow", True),
        ("wrong_report", True),
    ],
)
def test_a_fault_takes_effect_or_not(call: Caller, server: StandIn, fault: str, finished: bool) -> None:
    report_id = call.opened()
    server.faults.add("finish", fault, hold_s=0.05)
    try:
        answer = call.form("finish", report_id)
    except httpx2.HTTPError:
        assert fault.startswith(("drop", "stall"))
    else:
        assert not fault.startswith(("drop", "stall"))
        assert fault != "wrong_report" or field(answer, "reportId") != str(report_id)
    assert bool(server.desk.finished()) == finished


def test_a_late_effect_comes_after_the_client_has_gone(
    call: Caller, server: StandIn, http: httpx2.Client
) -> None:
    report_id = call.opened()
    server.faults.add("finish", "late", hold_s=1.0)
    asked_s = time.monotonic()
    with pytest.raises(httpx2.ReadTimeout):
        http.post(f"{server.url}/finish", data={"id": str(report_id)}, timeout=httpx2.Timeout(120, read=0.05))
    finished = server.desk.finished()
    assert finished == [] or time.monotonic() - asked_s >= 1.0  # a busy machine may look late
    for _ in range(6000):
        if server.desk.finished():
            break
        time.sleep(0.02)
    assert [report.id for report in server.desk.finished()] == [report_id]


def test_a_wrong_md5_is_wrong(call: Caller, server: StandIn) -> None:
    server.faults.add("upload", "wrong_md5")
    assert field(call.form("upload", call.opened(), b"x"), "hash") == "0" * 32


def test_chance_is_the_same_for_the_same_seed(server: StandIn) -> None:
    def drawn() -> list[str]:
        server.faults.at_random(0.5, ["drop_before", "code:1000"], seed=4)
        return [fault.kind if (fault := server.faults.next("submit")) else "" for _ in range(50)]

    assert drawn() == drawn()
    assert {"", "drop_before", "code"} == set(drawn())


@pytest.mark.parametrize("text", ["nothing", "code", "drop_after:1", "code:x"])
def test_faults_that_do_not_exist(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no fault|invalid literal"):
        Fault.parse(text)
    assert len(CALLS) * len(KINDS) > 0


def test_content_is_digested_and_not_kept(call: Caller, server: StandIn) -> None:
    report_id, content = call.opened(), b"\x00\xff" * 4_000_000
    tracemalloc.start()
    try:
        assert code(call.form("upload", report_id, content))[1] == 0
        before = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    (file,) = server.desk.reports()[0].files.values()
    assert (file.size_bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert before < len(content) / 2


def test_it_runs_as_a_program_and_is_steered_over_http() -> None:
    command = [sys.executable, "-m", "standins.cybertipline", "--port", "0", "--fault", "submit=code:1100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "NOT FILED" in line
            url = line.split()[0]
            control = url.removesuffix("/ispws") + "/_standin"
            with httpx2.Client(auth=("usr123", "pswd123"), trust_env=False, timeout=120) as http:
                headers = {"content-type": "text/xml"}
                assert code(http.post(f"{url}/submit", content=REPORT, headers=headers)) == (500, 1100)
                http.post(f"{control}/faults", content=json.dumps({"call": "finish", "fault": "code:1300"}))
                report_id = (
                    field(http.post(f"{url}/submit", content=REPORT, headers=headers), "reportId") or ""
                )
                assert code(http.post(f"{url}/finish", data={"id": report_id})) == (500, 1300)
                http.post(f"{control}/clock", content=json.dumps({"advance_s": OPEN_FOR_S + 60}))
                (report,) = http.get(f"{control}/reports").json()
                assert (report["id"], report["state"]) == (int(report_id), "expired")
                http.post(f"{control}/forget")
                assert http.get(f"{control}/reports").json() == []
        finally:
            process.terminate()
