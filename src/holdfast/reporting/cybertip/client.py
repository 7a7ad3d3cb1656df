"""The web service's calls, one method each. What follows from an answer is decided in `filing`.

    with Client(destination, credentials) as client:
        answer = client.submit(xml)

Every method gives the answer, whatever its code, or raises `UnansweredError`, which says whether the request
can have had an effect. A try is bounded as a whole: reading and writing stop at a deadline. No redirect is
followed and nothing is taken from the environment; ``proxy`` names a proxy.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import TracebackType
from typing import Self

import httpx2

import holdfast
from holdfast.errors import UnansweredError
from holdfast.reporting.cybertip.answers import Answer, read_answer
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline
from holdfast.reporting.cybertip.multipart import UploadForm, id_form

__all__ = ["Client"]

TIMEOUT_S = 60.0
CONNECT_S = 15.0
KEEPALIVE_S = 2.0
UPLOAD_BYTES_PER_S = 64 * 1024  # the slowest line on which an upload is still waited for
MAX_ANSWER_BYTES = 1024 * 1024
XML_HEADERS = {"content-type": "text/xml; charset=utf-8"}

# Nothing of the request was sent.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


class Client:
    """Calls one destination. Safe to use from many threads; one connection each is kept.

    ``timeout_s`` bounds a call; an upload has as much again as its size needs on a slow line. ``tls`` is for
    destinations with a certificate authority of their own. Raises `DestinationError` (see `CyberTipline`).
    """

    def __init__(
        self,
        destination: CyberTipline,
        credentials: Credentials,
        *,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        if proxy is None:
            destination.check_addresses()
        self.destination = destination
        self.timeout_s = timeout_s
        self._http = httpx2.Client(
            auth=httpx2.BasicAuth(credentials.user, credentials.password),
            verify=tls or _system_tls(),
            proxy=proxy,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            # A connection that the server closes meanwhile looks like a request without an answer.
            limits=httpx2.Limits(keepalive_expiry=KEEPALIVE_S),
            headers={"user-agent": f"Holdfast/{holdfast.__version__}", "accept": "text/xml, application/xml"},
        )

    def status(self) -> Answer:
        """Whether the service can be reached and knows the credentials. Changes nothing."""
        return self._call("GET", "status", {}, None)

    def submit(self, xml: bytes) -> Answer:
        """Open a report. Nothing is filed yet."""
        return self._call("POST", "submit", XML_HEADERS, xml)

    def upload(self, report_id: int, file_name: str, size_bytes: int, pieces: Iterable[bytes]) -> Answer:
        """Add a file to an open report. Errors of ``pieces`` pass through; nothing was added then."""
        form = UploadForm(report_id, file_name, size_bytes)
        more_s = size_bytes / UPLOAD_BYTES_PER_S
        return self._call("POST", "upload", form.headers, form.body(pieces), more_s=more_s)

    def file_details(self, xml: bytes) -> Answer:
        """Describe an uploaded file: once."""
        return self._call("POST", "fileinfo", XML_HEADERS, xml)

    def finish(self, report_id: int) -> Answer:
        """File the report. This cannot be taken back."""
        return self._with_id("finish", report_id)

    def retract(self, report_id: int) -> Answer:
        """Withdraw an open report."""
        return self._with_id("retract", report_id)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _with_id(self, call: str, report_id: int) -> Answer:
        headers, body = id_form(report_id)
        return self._call("POST", call, headers, body)

    def _call(
        self,
        method: str,
        call: str,
        headers: dict[str, str],
        body: bytes | Iterator[bytes] | None,
        *,
        more_s: float = 0.0,
    ) -> Answer:
        deadline = time.monotonic() + self.timeout_s + more_s
        content = body if body is None or isinstance(body, bytes) else _until(deadline, body)
        url = f"{self.destination.base_url.rstrip('/')}/{call}"
        try:
            with self._http.stream(method, url, headers=headers, content=content) as response:
                status = response.status_code
                request_id = _plain(response.headers.get("request-id"))
                answer = _read(response, deadline)
        except _NOT_SENT as error:
            raise UnansweredError(
                f"The CyberTipline could not be reached ({type(error).__name__}); nothing was sent.",
                was_sent=False,
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            raise UnansweredError(
                f"/{call} had no answer ({type(error).__name__}): it may or may not have worked.",
                was_sent=True,
            ) from error
        try:
            return read_answer(answer, status=status, request_id=request_id)
        except ValueError as error:
            raise UnansweredError(
                f"/{call} had an answer that cannot be read (HTTP {status}): {error}.",
                was_sent=True,
                status=status,
                request_id=request_id,
                body=answer,
            ) from error


@lru_cache(maxsize=1)
def _system_tls() -> ssl.SSLContext:
    """TLS that trusts what the system trusts; reading all its certificates takes 0.1 s."""
    return ssl.create_default_context()


def _until(deadline: float, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if time.monotonic() > deadline:
            raise TimeoutError
        yield piece


def _read(response: httpx2.Response, deadline: float) -> bytes:
    answer = b""
    for piece in response.iter_bytes():
        answer += piece
        if len(answer) > MAX_ANSWER_BYTES:
            raise httpx2.ReadError("the answer is too large")
        if time.monotonic() > deadline:
            raise TimeoutError
    return answer


def _plain(request_id: str | None) -> str | None:
    """The header, where it is short and printable: it goes into rows and messages."""
    if request_id is None or not request_id.isprintable():
        return None
    return request_id[:200]
