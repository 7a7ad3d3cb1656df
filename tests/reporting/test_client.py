"""The client against a real server that misbehaves on script."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import pytest

from holdfast.errors import ReportingError, UnansweredError
from holdfast.reporting.cybertip.answers import read_answer
from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.codes import CODES, Meaning, meaning_of
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline, Environment
from holdfast.reporting.cybertip.models.file_details import FileDetails
from standins.cybertipline import StandIn
from standins.cybertipline.answers import TEXTS
from tests.reporting.samples import full_report, minimum_report
from tests.reporting.world import ACCOUNT

CONTENT = bytes(range(256)) * 3000


def _pieces(content: bytes = CONTENT, size: int = 10_000) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def _open(client: Client) -> int:
    answer = client.submit(build_report(minimum_report()))
    assert answer.report_id is not None
    return answer.report_id


def test_a_report_with_a_file_from_opening_to_receipt(client: Client, stand_in: StandIn) -> None:
    assert client.status().meaning is Meaning.DONE
    opened = client.submit(build_report(full_report()))
    assert (opened.code, opened.status) == (0, 200)
    assert opened.request_id
    report_id = opened.report_id or 0
    uploaded = client.upload(report_id, "file-1.jpg", len(CONTENT), _pieces())
    assert uploaded.md5 == hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    details = FileDetails(report_id=report_id, file_id=uploaded.file_id or "", file_viewed_by_esp=False)
    assert client.file_details(build_file_details(details)).meaning is Meaning.DONE
    assert client.file_details(build_file_details(details)).meaning is Meaning.REFUSED
    receipt = client.finish(report_id)
    assert receipt.file_ids == (uploaded.file_id,)
    assert b"NOT FILED" in receipt.body
    assert client.finish(report_id).meaning is Meaning.FINISHED
    assert client.retract(report_id).meaning is Meaning.FINISHED
    (stored,) = stand_in.desk.finished()
    assert [file.name for file in stored.files.values()] == ["file-1.jpg"]


def test_a_retracted_report_is_gone(client: Client) -> None:
    report_id = _open(client)
    assert client.retract(report_id).meaning is Meaning.DONE
    assert client.retract(report_id).code == 5101
    assert client.upload(report_id, "a", 1, [b"x"]).meaning is Meaning.REPORT_GONE
    assert client.finish(1).code == 5001


def test_wrong_credentials(stand_in: StandIn) -> None:
    destination = CyberTipline(Environment.TEST, stand_in.url)
    with Client(destination, Credentials("usr123", "wrong")) as client:
        assert client.status().meaning is Meaning.BLOCKED
        assert client.submit(build_report(minimum_report())).meaning is Meaning.BLOCKED
    assert stand_in.desk.reports() == []


@pytest.mark.parametrize(
    ("fault", "took_effect"),
    [
        ("drop_before", False),
        ("drop_after", True),
        ("stall_before", False),
        ("stall_after", True),
        ("cut_xml", True),
        ("html", False),
        ("slow", True),
    ],
)
def test_without_an_answer_it_says_that_it_does_not_know(
    client: Client, stand_in: StandIn, fault: str, took_effect: bool
) -> None:
    report_id = _open(client)
    stand_in.faults.add("finish", fault, hold_s=60)
    wait_s = 1.0 if fault.startswith(("stall", "slow")) else 120.0
    with (
        Client(client.destination, ACCOUNT, timeout_s=wait_s) as waiting,
        pytest.raises(UnansweredError) as caught,
    ):
        waiting.finish(report_id)
    assert caught.value.was_sent
    (report,) = stand_in.desk.reports()
    assert (report.state == "finished") == took_effect
    if fault == "html":
        assert (caught.value.status, bool(caught.value.request_id)) == (502, True)
        assert caught.value.body.startswith(b"<html>")


def test_an_absent_server_was_sent_nothing() -> None:
    destination = CyberTipline(Environment.TEST, "http://127.0.0.1:9/ispws")
    with (
        Client(destination, Credentials("a", "b"), timeout_s=60) as client,
        pytest.raises(UnansweredError, match="could not be reached") as caught,
    ):
        client.status()
    assert not caught.value.was_sent


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_content_of_another_size_is_not_added(client: Client, stand_in: StandIn, size: int) -> None:
    report_id = _open(client)
    with pytest.raises(ReportingError, match="not sent"):
        client.upload(report_id, "a", size, _pieces())
    assert client.status().code == 0
    assert stand_in.desk.reports()[0].files == {}


def test_an_error_of_the_content_passes_through(client: Client, stand_in: StandIn) -> None:
    def damaged() -> Iterator[bytes]:
        yield CONTENT[:1000]
        raise KeyError("the disk")

    report_id = _open(client)
    with pytest.raises(KeyError, match="the disk"):
        client.upload(report_id, "a", len(CONTENT), damaged())
    assert client.finish(report_id).file_ids == ()


def test_an_upload_that_takes_for_ever_ends(client: Client) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            time.sleep(0.1)
            yield b"x"

    report_id = _open(client)
    with (
        Client(client.destination, ACCOUNT, timeout_s=0.5) as hasty,
        pytest.raises(UnansweredError, match="may or may not"),
    ):
        hasty.upload(report_id, "a", 1000, endless())


def test_every_code_of_the_documentation_has_a_meaning() -> None:
    assert set(CODES) == {0, *TEXTS}
    assert meaning_of(1) is Meaning.UNKNOWN
    assert {code for code in CODES if meaning_of(code) is Meaning.TRY_AGAIN} == {1000, 1100, 1110, 1111, 1300}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<html/>",
        b"<reportResponse/>",
        b"<reportResponse><responseCode>zero</responseCode></reportResponse>",
        b"<reportResponse><responseCode>0</responseCode><reportId>1 or 2</reportId></reportResponse>",
        b"<reportResponse><responseCode>0</responseCode><fileId>a b</fileId></reportResponse>",
        b'<!DOCTYPE x [<!ENTITY a "0">]><reportResponse><responseCode>&a;</responseCode></reportResponse>',
    ],
)
def test_what_is_no_answer_is_not_read_as_one(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\bits? "):
        read_answer(body, status=200, request_id=None)


def test_success_under_a_failing_status_is_not_believed() -> None:
    with pytest.raises(ValueError, match="contradicts"):
        read_answer(
            b"<reportResponse><responseCode>0</responseCode></reportResponse>", status=500, request_id=None
        )


def test_an_error_under_status_200_is_an_error() -> None:
    answer = read_answer(
        b"<reportResponse><responseCode>4100</responseCode><responseDescription>x</responseDescription></reportResponse>",
        status=200,
        request_id="r",
    )
    assert answer.meaning is Meaning.REFUSED
    assert "x" not in repr(answer).replace("request_id", "")
