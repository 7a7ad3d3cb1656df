"""HTTP: routes, credentials, faults."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import time
import uuid
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast

from standins.cybertipline.answers import NOT_FILED, Answer, failure, success
from standins.cybertipline.faults import Fault
from standins.cybertipline.forms import read_form

if TYPE_CHECKING:
    from standins.cybertipline.server import StandIn

__all__ = ["Handler"]

BASE = "/ispws/"
CONTROLS = "/_standin/"
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_DRAINED_BYTES = 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server_version = "standin-cybertipline"
    timeout = 30
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for 40 ms

    @property
    def stand_in(self) -> StandIn:
        return cast("StandIn", self.server.stand_in)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        if self.path.startswith(CONTROLS):
            return self._control()
        if self.path == f"{BASE}status":
            return self._call("status")
        if self.path == f"{BASE}xsd":
            return self._send(failure(1210, "the schema is not part of the stand-in"))
        return self._send(failure(1210))

    def do_POST(self) -> None:
        if self.path.startswith(CONTROLS):
            return self._control()
        call = self.path.removeprefix(BASE)
        if call in ("submit", "upload", "fileinfo", "finish", "retract"):
            return self._call(call)
        self._drain()
        return self._send(failure(1210))

    def _call(self, call: str) -> None:
        user = self._user()
        if user is None:
            self._drain()
            return self._send(failure(2000))
        fault = self.stand_in.faults.next(call)
        kind = fault.kind if fault is not None else ""
        if fault is not None and kind in ("code", "drop_before", "stall_before", "html", "late"):
            with contextlib.suppress(OSError):
                body = self._body()
            if kind == "late":
                time.sleep(fault.hold_s)
                self._take_effect(call, user, body)
            return self._go_wrong(fault, None)
        answer = self._take_effect(call, user, self._body())
        return self._send(answer) if fault is None else self._go_wrong(fault, answer)

    def _take_effect(self, call: str, user: str, body: Any) -> Answer:
        desk = self.stand_in.desk
        if call == "status":
            return success(description=f"Remote User : {user}, Remote Ip : {self.client_address[0]}")
        if call == "submit":
            return desk.submit(user, body)
        if call == "fileinfo":
            return desk.file_details(user, body)
        report_id = body.fields.get("id", "") if body is not None else ""
        if not report_id.isdigit():
            return failure(4000, "id is required")
        if call == "upload":
            file = body.files.get("file")
            if file is None:
                return failure(4200, "file is required", int(report_id))
            return desk.upload(user, int(report_id), file.name, file.md5, file.sha256, file.size_bytes)
        return (desk.finish if call == "finish" else desk.retract)(user, int(report_id))

    def _body(self) -> Any:
        """Bytes of a document, or a form; None for a form that cannot be read."""
        size = int(self.headers.get("Content-Length", 0))
        if self.headers.get("Content-Type", "").startswith(("text/xml", "application/xml")):
            return self.rfile.read(min(size, MAX_DOCUMENT_BYTES))
        if size == 0:
            return None
        try:
            return read_form(self.rfile.read, size, self.headers.get("Content-Type", ""))
        except ValueError:
            self.close_connection = True
            return None

    def _go_wrong(self, fault: Fault, answer: Answer | None) -> None:
        if fault.kind in ("code", "code_after"):
            return self._send(failure(fault.code, "scripted"))
        if fault.kind == "html":
            return self._send(Answer(fault.code or 502, b"<html><body>No</body></html>", 0, "text/html"))
        if fault.kind.startswith("stall"):
            time.sleep(fault.hold_s)
        if answer is None or fault.kind in ("drop_after", "stall_after"):
            self.close_connection = True
            return None
        if fault.kind == "cut_xml":
            return self._send(Answer(answer.status, answer.body[: len(answer.body) // 2], answer.code))
        if fault.kind == "slow":
            return self._send(answer, pause_s=fault.hold_s / len(answer.body))
        return self._send(Answer(answer.status, _changed(fault.kind, answer.body), answer.code))

    def _send(self, answer: Answer, *, pause_s: float = 0.0) -> None:
        with contextlib.suppress(OSError):  # the client may be gone
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Request-ID", uuid.uuid4().hex)
            self.send_header("X-Stand-In", NOT_FILED)
            if self.close_connection:
                self.send_header("Connection", "close")
            if answer.status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="stand-in"')
            self.end_headers()
            if not pause_s:
                self.wfile.write(answer.body)
                return
            for place in range(len(answer.body)):
                self.wfile.write(answer.body[place : place + 1])
                time.sleep(pause_s)

    def _user(self) -> str | None:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        wanted = self.stand_in.accounts.get(user)
        is_right = wanted is not None and hmac.compare_digest(wanted.encode(), password.encode())
        return user if is_right else None

    def _drain(self) -> None:
        """An unread body would be taken for the next request: read a small one, else end the connection."""
        size = int(self.headers.get("Content-Length", 0))
        if size > MAX_DRAINED_BYTES:
            self.close_connection = True
        else:
            self.rfile.read(size)

    def _control(self) -> None:
        """What another process steers the stand-in with; on loopback, without credentials."""
        size = min(int(self.headers.get("Content-Length", 0)), 100_000)
        wishes = json.loads(self.rfile.read(size) or b"{}")
        result = self.stand_in.control(self.path.removeprefix(CONTROLS), wishes)
        status = 404 if result is None else 200
        self._send(Answer(status, json.dumps(result).encode(), 0, "application/json"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence: the address line is all that is printed."""


def _changed(kind: str, body: bytes) -> bytes:
    start, end = (b"<hash>", b"</hash>") if kind == "wrong_md5" else (b"<reportId>", b"</reportId>")
    if start not in body:
        return body
    head, rest = body.split(start, 1)
    value, tail = rest.split(end, 1)
    other = b"0" * 32 if kind == "wrong_md5" else str(int(value) + 1_000_000).encode()
    return head + start + other + end + tail
