"""Signatures of the Standard Webhooks specification 1.0.0, https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from holdfast.errors import UsageError

__all__ = ["new_secret", "parse_secret", "secret_text", "signed_headers"]

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> bytes:
    """A fresh secret: 32 random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """How a secret is given to the receiver: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(secret).decode("ascii")


def parse_secret(text: str) -> bytes:
    """The bytes of a secret that an operator brings along. Raises `UsageError`; the text is not quoted."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("The webhook secret is not whsec_ and base64; it was not kept.") from error
    if not 24 <= len(secret) <= 64:
        raise UsageError(f"The webhook secret has {len(secret)} bytes, not 24 to 64; it was not kept.")
    return secret


def signed_headers(
    message_id: str, timestamp_s: int, body: bytes, valid_secrets: Sequence[bytes]
) -> dict[str, str]:
    """The three headers of a message. Every valid secret signs, so that either end may change first."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")
        for secret in valid_secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }
