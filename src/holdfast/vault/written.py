"""Keys of 32 bytes in a form that can be written down: a prefix that says what it is, and 43 characters."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from holdfast.errors import UsageError

__all__ = ["parse_key", "write_key"]

KEY_BYTES = 32


def write_key(key: bytes, prefix: str) -> str:
    """The written form of a key: base64url (RFC 4648, section 5) without its padding."""
    return prefix + urlsafe_b64encode(key).decode().rstrip("=")


def parse_key(text: str, prefix: str) -> bytes:
    """The key, 32 bytes. Raises `UsageError` for anything that `write_key` did not make; it is not quoted."""
    body = text.strip().removeprefix(prefix)
    try:
        key = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if not text.strip().startswith(prefix) or len(key) != KEY_BYTES:
        raise UsageError(f"A key begins with {prefix} and has 43 characters after it; nothing was done.")
    return key
