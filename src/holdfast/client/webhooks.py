"""For the receiver of webhooks: is this message really from our Holdfast, unchanged and fresh?

    message = verify(SECRET, request.headers, request.body)     # raises WebhookVerificationError
    if seen_before(request.headers["webhook-id"]):               # a message may come more than once
        return 200

Standard library only. Standard Webhooks 1.0.0, https://www.standardwebhooks.com: the signature is the
HMAC-SHA256 of "id.timestamp.body" under the secret's bytes; the header may hold several, of which one
must fit, so that secrets can be changed without losing a message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["WebhookVerificationError", "verify"]

PREFIX = "whsec_"


class WebhookVerificationError(Exception):
    """The message is not from who it says, was changed, or is too old. Answer 400 and do nothing."""


def verify(
    secret: str | Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    tolerance_s: float = 300,
    *,
    now_s: float | None = None,
) -> Any:
    """The message's JSON, once it is proven genuine. Raises `WebhookVerificationError`.

    ``secret`` is the text that begins with ``whsec_``, or several while you change it. ``body`` is the
    request body as it came: parse it after, never before. ``tolerance_s`` is how far the sender's clock
    may be from ours, in seconds; an older message may be a recorded one sent again.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    message_id = _header(lower, "webhook-id")
    timestamp = _header(lower, "webhook-timestamp")
    given = _header(lower, "webhook-signature")
    _check_time(timestamp, tolerance_s, time.time() if now_s is None else now_s)
    signed = f"{message_id}.{timestamp}.".encode() + body
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not any(_fits(_bytes_of(text), signed, given) for text in secrets):
        raise WebhookVerificationError("no signature fits the secret: the message was changed or is not ours")
    try:
        return json.loads(body)
    except ValueError as error:
        raise WebhookVerificationError("the signature is right, but the body is not JSON") from error


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookVerificationError(f"the header {name} is missing")
    return value


def _check_time(timestamp: str, tolerance_s: float, now_s: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        raise WebhookVerificationError("the header webhook-timestamp is not a number of seconds")
    if abs(now_s - int(timestamp)) > tolerance_s:
        raise WebhookVerificationError("the message is too old or from the future: compare both clocks")


def _fits(key: bytes, signed: bytes, given: str) -> bool:
    expected = hmac.new(key, signed, hashlib.sha256).digest()
    for one in given.split():
        version, _, text = one.partition(",")
        if version != "v1":
            continue
        try:
            signature = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if hmac.compare_digest(signature, expected):
            return True
    return False


def _bytes_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WebhookVerificationError("the secret is not whsec_ and base64: check the setting") from error
    if not key:
        raise WebhookVerificationError("the secret is empty: anybody could sign with it")
    return key
