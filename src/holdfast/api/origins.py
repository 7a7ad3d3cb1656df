"""From where the console may be used: one name, which settings give, or else this machine's own.

A browser sends cookies to whatever name leads here. Requests with a session are therefore answered only under
the console's own name, and those that change something only from its own pages (`Origin`, RFC 6454).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from holdfast.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.settings import ConsoleSettings

__all__ = [
    "CONSOLE",
    "COOKIE",
    "cookie_name",
    "cookie_of",
    "is_console",
    "own_origin",
    "refuse_foreign",
    "session_of",
]

CONSOLE = "/console"
COOKIE = "holdfast"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_console(path: str) -> bool:
    """Whether a path is one of the console's."""
    return path == CONSOLE or path.startswith(CONSOLE + "/")


def own_origin(settings: ConsoleSettings, headers: Mapping[bytes, bytes]) -> str:
    """The origin under which this request came, where it is the console's. Raises `Problem` (421)."""
    host = headers.get(b"host", b"").decode("latin-1")
    if settings.origin is not None:
        if host == urlsplit(settings.origin).netloc:
            return settings.origin
        raise _misdirected(f"The console is at {settings.origin}.")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in _LOOPBACK:
        raise _misdirected("The console answers on loopback only; the setting console.origin changes that.")
    return f"http://{host}"


def refuse_foreign(origin: str, method: str, headers: Mapping[bytes, bytes]) -> None:
    """Nothing, or `Problem` (403) where what changes something does not come from our own pages."""
    if method in _SAFE:
        return
    sent = headers.get(b"origin", b"").decode("latin-1")
    if sent != origin:
        words = (
            "The request did not come from a page of the console. Nothing was done. Open the console again."
        )
        raise Problem(403, "foreign-origin", "Not from the console's own pages", words)


def cookie_name(settings: ConsoleSettings, kind: str) -> str:
    """The name of a cookie. ``__Host-`` makes the browser insist on TLS, this host and the whole path."""
    prefix = "__Host-" if (settings.origin or "").startswith("https://") else ""
    return f"{prefix}{COOKIE}-{kind}"


def session_of(settings: ConsoleSettings, headers: Mapping[bytes, bytes]) -> str | None:
    """The session's token, when one was sent."""
    return cookie_of(headers, cookie_name(settings, "session"))


def cookie_of(headers: Mapping[bytes, bytes], name: str) -> str | None:
    """The value of a cookie."""
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
            return value
    return None


def _misdirected(where: str) -> Problem:
    words = f"{where} Nothing was done."
    return Problem(421, "misdirected", "Not the console's address", words)
