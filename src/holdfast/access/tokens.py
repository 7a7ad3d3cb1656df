"""Random values that prove something: one-time links, sessions, sign-ins under way.

Of each, 256 random bits, the records hold the SHA-256 only. A slow hash would add nothing: nobody guesses
them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

__all__ = ["csrf_token", "digest_of", "is_csrf_token", "new_token"]

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """43 letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes | None:
    """The SHA-256 of a token (32 bytes); None where it is none."""
    return hashlib.sha256(token.encode()).digest() if _FORM.fullmatch(token) else None


def csrf_token(session_token: str) -> str:
    """What forms and scripts of a session send along: made from its token, and worth nothing without it."""
    return hmac.new(session_token.encode(), b"holdfast csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: object, expected: str) -> bool:
    """Whether what came is the session's, compared in constant time."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
