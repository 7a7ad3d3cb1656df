"""What the platform knows of an account, asked for over HTTPS with a signature, and read with distrust.

    POST URL      {"type": "report.account", "account": "...", "report": 17, "content_references": [...]}
    200           {"account": "...", "person": {...}, "victims": [...], "intended_recipients": [...]}

The question is signed as webhooks are (Standard Webhooks). The answer's parts have the names and forms of our
models of the report; anything else is refused as a whole. docs/reporting.md has an example.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from pydantic import ValidationError
from pydantic_core import ErrorDetails

import holdfast
from holdfast.decisions.webhooks.endpoints import Reach, check_url
from holdfast.decisions.webhooks.signing import parse_secret, signed_headers
from holdfast.errors import ReportingError, SettingsError, UsageError
from holdfast.reporting.cybertip.models.common import Model
from holdfast.reporting.cybertip.models.incident import InternetDetails
from holdfast.reporting.cybertip.models.people import IntendedRecipient, PersonOrUserReported, Victim
from holdfast.reporting.secret_file import read_secret_file
from holdfast.settings import ReportingSettings

__all__ = ["AnswerRefusedError", "Platform", "PlatformAnswer", "open_platform", "read_platform_answer"]

MAX_ANSWER_BYTES = 512 * 1024
MAX_OF_EACH = 500
WHAT = "The secret that signs questions to the platform (reporting.enrichment_secret_file)"


class AnswerRefusedError(ReportingError):
    """The platform answered, and that is of no use: asking again does not help. It quotes no value."""


class PlatformAnswer(Model):
    """What the platform says. ``account`` must be the one that was asked about."""

    account: str
    person: PersonOrUserReported | None = None
    victims: tuple[Victim, ...] = ()
    intended_recipients: tuple[IntendedRecipient, ...] = ()
    internet_details: tuple[InternetDetails, ...] = ()


@dataclass(frozen=True)
class Platform:
    """Where the platform answers. Redirects are not followed, nothing is taken from the environment."""

    url: str
    secret: bytes = field(repr=False)
    reach: Reach
    timeout_s: float
    tls: ssl.SSLContext | None = None

    def ask(self, message_id: str, account: str, report: int, references: Sequence[str]) -> bytes:
        """The answer's bytes. Raises `ReportingError`: it may be asked again; `AnswerRefusedError`: not."""
        question = {
            "type": "report.account",
            "account": account,
            "report": report,
            "content_references": list(references)[:MAX_OF_EACH],
        }
        body = json.dumps(question, separators=(",", ":")).encode()
        self._check_reach()
        headers = signed_headers(message_id, int(time.time()), body, [self.secret])
        deadline = time.monotonic() + self.timeout_s
        try:
            with (
                self._client() as client,
                client.stream(
                    "POST", self.url, content=body, headers={**headers, "content-type": "application/json"}
                ) as response,
            ):
                return self._read(response, deadline)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise ReportingError(f"The platform did not answer ({type(error).__name__}).") from error

    def _read(self, response: httpx2.Response, deadline: float) -> bytes:
        if response.status_code != 200:
            text = f"The platform answered with HTTP {response.status_code}."
            final = 300 <= response.status_code < 500 and response.status_code not in (408, 425, 429)
            raise AnswerRefusedError(text) if final else ReportingError(text)
        body = b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise AnswerRefusedError(f"The platform's answer has more than {MAX_ANSWER_BYTES} bytes.")
            if time.monotonic() > deadline:
                raise ReportingError(f"The platform's answer took more than {self.timeout_s:g} s.")
        return body

    def _check_reach(self) -> None:
        try:
            if check_url(self.url, self.reach) is not None:
                return
            parts = urlsplit(self.url)
            found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
        except UsageError as error:
            raise AnswerRefusedError(f"reporting.enrichment_url is not allowed: {error}") from error
        except OSError as error:
            raise ReportingError("The platform's host has no address.") from error
        if not all(self.reach.may_reach(ip_address(str(entry[4][0]))) for entry in found):
            raise AnswerRefusedError(
                "The host of reporting.enrichment_url has an address that is not public; nothing was asked. "
                "Networks of your own are named in webhooks.allow_networks."
            )

    def _client(self) -> httpx2.Client:
        return httpx2.Client(
            verify=self.tls or True,
            trust_env=False,
            follow_redirects=False,
            timeout=self.timeout_s,
            headers={"user-agent": f"Holdfast/{holdfast.__version__}", "accept": "application/json"},
        )


def read_platform_answer(body: bytes, account: str) -> PlatformAnswer:
    """The answer, checked. Raises `AnswerRefusedError`, which names fields and quotes nothing."""
    try:
        answer = PlatformAnswer.model_validate_json(body)
    except ValidationError as error:
        places = ", ".join(_place(one) for one in error.errors(include_input=False)[:5])
        raise AnswerRefusedError(f"The platform's answer has another form: {places}.") from None
    if answer.account != account:
        raise AnswerRefusedError("The platform answered about another account.")
    person = answer.person
    if person is not None and person.esp_identifier not in (None, account):
        raise AnswerRefusedError("The platform answered about another account.")
    lists: list[tuple[object, ...]] = [answer.victims, answer.intended_recipients, answer.internet_details]
    lists += (
        [] if person is None else [person.ip_capture_events, person.device_ids, person.associated_accounts]
    )
    if any(len(one) > MAX_OF_EACH for one in lists):
        raise AnswerRefusedError(f"The platform's answer has a list of more than {MAX_OF_EACH}.")
    return answer


def _place(error: ErrorDetails) -> str:
    """Where an answer is wrong, in names of ours: a name that we do not know is theirs, and is not quoted."""
    is_theirs = error["type"] == "extra_forbidden"
    names = [*error["loc"][:-1], "an unknown name"] if is_theirs else error["loc"]
    return f"{'.'.join(map(str, names))} ({error['type']})"


def open_platform(settings: ReportingSettings, home: Path, reach: Reach) -> Platform | None:
    """The platform's address, None where none is set. Raises `SettingsError` without its secret."""
    if settings.enrichment_url is None:
        return None
    if settings.enrichment_secret_file is None:
        raise SettingsError(
            "reporting.enrichment_url is set and reporting.enrichment_secret_file is not: an unsigned "
            "question about an account could be anybody's. Nothing was asked."
        )
    text = read_secret_file(settings.enrichment_secret_file, home=home, what=WHAT).strip()
    try:
        secret = parse_secret(text)
    except UsageError:
        raise SettingsError(f"{WHAT}: the file holds no such secret. Nothing was asked.") from None
    return Platform(settings.enrichment_url, secret, reach, settings.enrichment_timeout_s)
