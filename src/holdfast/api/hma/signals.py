"""Signal types (kinds of hash) and content types, by the names that HMA has for them or would have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from holdfast.api.hma.errors import HmaError
from holdfast.banks.models import VPDQ
from holdfast.errors import BadEntryError
from holdfast.screening.checked import STILL, Span
from holdfast.screening.lookup import GivenHash

__all__ = ["CONTENT_TYPES", "SIGNAL_TYPES", "SignalType", "chosen_types", "content_type", "signal_type"]


@dataclass(frozen=True, slots=True)
class SignalType:
    """A kind of hash. ``algorithm`` is what it is on our lists; ``form`` its hexadecimal text."""

    name: str
    algorithm: str
    title: str
    form: re.Pattern[str]

    def parse(self, text: object) -> GivenHash:
        """The hash, in either case of letters. Raises ValueError with HMA's words, never with the value."""
        if not isinstance(text, str) or not self.form.fullmatch(text.strip()):
            raise ValueError(f"invalid {self.title} hash")
        return GivenHash(self.algorithm, bytes.fromhex(text.strip()))

    def distance(self, bits: int, span: Span = STILL) -> str:
        """A distance as HMA writes it: digests are equal or not, and have none."""
        return str(bits) if self.algorithm == "pdq" else "-"


class _VideoSignal(SignalType):
    """vPDQ as the extension of HMA's library defines it: JSON text, and percentages for a distance."""

    __slots__ = ()

    def parse(self, text: object) -> GivenHash:
        # Few ask for it: whoever does not waits for nothing that hashes videos.
        from holdfast.hashing.videoblob import pack
        from holdfast.hashing.videotext import from_json

        try:
            return GivenHash(VPDQ, pack(from_json(text if isinstance(text, str) else "")))
        except BadEntryError as error:
            raise ValueError("invalid VPDQ hash") from error

    def distance(self, bits: int, span: Span = STILL) -> str:
        return f"{span.vpdq_query_percent or 0:.0f}%[{span.vpdq_ref_percent or 0:.0f}%]"


def _type(name: str, algorithm: str, title: str, digits: int) -> SignalType:
    return SignalType(name, algorithm, title, re.compile(f"[0-9a-fA-F]{{{digits}}}"))


SIGNAL_TYPES: Mapping[str, SignalType] = {
    one.name: one
    for one in (
        _type("pdq", "pdq", "PDQ", 64),
        _type("video_md5", "md5", "MD5", 32),
        _type("md5", "md5", "MD5", 32),
        _type("sha1", "sha1", "SHA1", 40),
        _type("sha256", "sha256", "SHA256", 64),
        _VideoSignal("vpdq", VPDQ, "VPDQ", re.compile("")),
    )
}
# Content type -> its signal types, HMA's own first.
CONTENT_TYPES: Mapping[str, tuple[str, ...]] = {
    "photo": ("pdq", "md5", "sha1", "sha256"),
    "video": ("video_md5", "md5", "sha1", "sha256", "vpdq"),
}
# What HMA itself makes of a content.
HMA_TYPES = frozenset({"pdq", "video_md5"})


def signal_type(name: str, enabled: Iterable[str] = SIGNAL_TYPES) -> SignalType:
    """Raises HmaError for one that does not exist or is not among ``enabled``."""
    found = SIGNAL_TYPES.get(name)
    if found is None:
        raise HmaError(400, f"No such SignalType '{name[:100]}'")
    if name not in enabled:
        raise HmaError(400, f"SignalType '{name}' is not enabled")
    return found


def content_type(name: str) -> str:
    """``name``. Raises HmaError when there is no such content type."""
    if name not in CONTENT_TYPES:
        raise HmaError(400, f"no such content_type: '{name[:100]}'")
    return name


def chosen_types(content: str, types: str | None, enabled: Iterable[str]) -> tuple[str, ...]:
    """The signal types to make of a content type: those that ``types`` names, by default all enabled ones.

    ``types`` is HMA's comma list. Raises HmaError for a name that is none of the content type's.
    """
    able = tuple(name for name in CONTENT_TYPES[content] if name in set(enabled))
    if types is None:
        if not able:
            raise HmaError(400, "empty signal type selection")
        return able
    wanted = dict.fromkeys(name for part in types.split(",") if (name := part.strip()))
    for name in wanted:
        if name not in able:
            raise HmaError(400, f"signal type '{name[:100]}' doesn't exist or is disabled")
    if not wanted:
        raise HmaError(400, "empty signal type selection")
    return tuple(wanted)
