"""Texts of other people in a form that the document can carry, changed as little as can be."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

__all__ = ["ascii_url", "carried"]

_UNCARRIED: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT: Final = "%/:=&?~#+!$,;'@()*[]-._"


def carried(text: str) -> str:
    """The text with a replacement character for each that XML cannot carry (XML 1.0, section 2.2)."""
    return _UNCARRIED.sub("\ufffd", text)


def ascii_url(url: str) -> str | None:
    """The same address in visible ASCII; None where there is no such form."""
    if url.isascii():
        return url
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        place = host if parts.port is None else f"{host}:{parts.port}"
        path, query, fragment = (
            quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment)
        )
        return urlunsplit((parts.scheme, place, path, query, fragment))
    except ValueError:  # also what IDNA refuses
        return None
