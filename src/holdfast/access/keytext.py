"""The text of an API key: ``hf_<id>_<secret><checksum>``, 65 letters and digits in a row.

    hf_            says whose key it is, to people and to secret scanners
    id             12 of 0-9a-z: public, may stand in logs and pages
    secret         43 of 0-9A-Za-z: 256 bits from the operating system's generator
    checksum       6 of 0-9A-Za-z: CRC-32 of all before it, so that a scanner is sure that it found a
                   key, and a mistyped one is refused without a look in the records

The checksum protects nothing: who has the key can compute it. Scanner pattern: `PATTERN`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field

__all__ = ["PATTERN", "KeyText", "new_id", "new_key_text", "parse_key_text", "redact"]

PATTERN = r"\bhf_[0-9a-z]{12}_[0-9A-Za-z]{49}\b"

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LETTERS = _LETTERS[:10] + _LETTERS[36:]
_ID_LENGTH, _SECRET_LENGTH, _CHECKSUM_LENGTH = 12, 43, 6
_FORM = re.compile(r"hf_([0-9a-z]{12})_[0-9A-Za-z]{49}")
_SECRET_PART = re.compile(r"(hf_[0-9a-z]{12}_)[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key of the right form; whether it is known is for the records to say.

    ``digest`` is the SHA-256 of the text (32 bytes). Neither it nor the text is in the representation.
    """

    key_id: str
    text: str = field(repr=False)
    digest: bytes = field(repr=False)


def new_key_text(key_id: str | None = None) -> KeyText:
    """A fresh key with a new secret; ``key_id`` keeps the id of a key that is being rotated."""
    if key_id is None:
        key_id = new_id()
    body = f"hf_{key_id}_{_base62(secrets.randbits(256), _SECRET_LENGTH)}"
    text = body + _checksum(body)
    return KeyText(key_id, text, hashlib.sha256(text.encode()).digest())


def new_id() -> str:
    """A random public id of a key, a person, a session: 12 of 0-9a-z."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


def parse_key_text(text: str) -> KeyText | None:
    """The parts of a key, or None when the form or the checksum is wrong."""
    form = _FORM.fullmatch(text)
    if form is None or _checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        return None
    return KeyText(form[1], text, hashlib.sha256(text.encode()).digest())


def redact(text: str) -> str:
    """The text without the secret of any key in it, even one cut short: for logs of paths and headers."""
    return _SECRET_PART.sub(r"\1[redacted]", text)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_LETTERS[digit])
    return "".join(reversed(digits))
