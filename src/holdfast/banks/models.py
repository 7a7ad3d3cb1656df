"""The words of a hash list, as plain values that cannot be changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from holdfast.errors import UsageError

__all__ = [
    "ALGORITHMS",
    "CLASSIFICATIONS",
    "CONVENTIONS",
    "MATCHING",
    "MEDIA",
    "OPINIONS",
    "UPHOLDING",
    "VIEW",
    "VPDQ",
    "Bank",
    "Entry",
    "Fingerprint",
    "Handling",
    "Opinion",
    "Source",
    "StoredFingerprint",
    "tidy",
]

ALGORITHMS = {"pdq": 32, "md5": 16, "sha1": 20, "sha256": 32}  # bytes of a value
VPDQ = "vpdq"  # the frames of a video, and the name that they are known by (`hashing.videoblob`)
_VALUE_BYTES = {**ALGORITHMS, VPDQ: 32}
CONVENTIONS = ("full", "nearest-512", "unknown")  # how a PDQ hash's picture was scaled before hashing
VIEW = (
    "view"  # convention of a hash of what a crop of our own original shows: made here, never read, never sent
)
CLASSIFICATIONS = ("A1", "A2", "B1", "B2")
MEDIA = ("image", "video", "audio", "unknown")
BANK_KINDS = ("known", "benign")
MATCHING = ("classic", "calibrated")
SOURCE_KINDS = ("own", "import", "exchange", "sample")
OPINIONS = ("positive", "negative", "seed")
UPHOLDING = ("positive", "seed")  # opinions that keep a fingerprint in use


@dataclass(frozen=True, slots=True)
class Handling:
    """A source's sharing terms: may its hashes be matched, written to a file, given to whom.

    ``share_with`` names recipients, ``("*",)`` means anyone. The default allows matching only.
    """

    may_match: bool = True
    may_export: bool = False
    share_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bank:
    """A list. A match in a *benign* bank suppresses others; ``max_distance_bits`` is its radius for PDQ.

    ``matching`` "classic": what comes within the radius as it is, turned, mirrored or freed of a border.
    "calibrated": what lies beyond 31 bits, or is seen in another view, is judged by expected false alarms
    (docs/deep-matching.md). ``deep_per_hour``: so many deep checks an hour are made for it.
    ``reference_views``: views of its own media are stored beside their hashes.
    """

    id: int
    name: str
    kind: str
    trusted: bool
    enabled: bool
    max_distance_bits: int
    note: str
    created_at: datetime
    matching: str = "calibrated"
    deep_per_hour: int = 0
    reference_views: bool = False

    @property
    def asks_for_deep(self) -> bool:
        """Whether uploads that match nothing at once are to be looked at from all sides for this bank."""
        return (
            self.enabled and self.kind == "known" and self.matching == "calibrated" and self.deep_per_hour > 0
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so: this company ("own"), an imported file, an exchange."""

    id: int
    name: str
    kind: str
    handling: Handling
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One content. ``disabled_until``: it does not match before that moment."""

    id: int
    bank_id: int
    label: str
    classification: str | None
    medium: str
    note: str
    disabled_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One hash of a content. ``value`` is the raw hash in the order of its hexadecimal text.

    ``convention`` is "" for digests and one of `CONVENTIONS` or `VIEW` for PDQ; ``quality`` is PDQ's,
    0..100; ``size_bytes`` is the size of the file where the list gives it. ``view`` says in words what
    part of its original a `VIEW` shows. Of a video (`VPDQ`) the value is the hash's name and ``frames`` are
    its packed frames: see `banks.videos.video_fingerprint`.

    Raises
        UsageError: an unknown algorithm or convention, a wrong length, a number out of range.
    """

    algorithm: str
    value: bytes = field(repr=False)  # never logged
    convention: str = ""
    quality: int | None = None
    size_bytes: int | None = None
    view: str = ""
    frames: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.algorithm not in _VALUE_BYTES:
            raise UsageError(
                f"{self.algorithm!r} is not one of {', '.join(_VALUE_BYTES)}. Nothing was added."
            )
        size = _VALUE_BYTES[self.algorithm]
        if len(self.value) != size:
            raise UsageError(
                f"A value of {self.algorithm} is {size} bytes, not {len(self.value)}. Nothing was added."
            )
        if self.convention not in ((*CONVENTIONS, VIEW) if self.algorithm == "pdq" else ("",)):
            raise UsageError(
                f"{self.convention!r} is no convention of {self.algorithm}; "
                f"PDQ has {', '.join(CONVENTIONS)}, others none. Nothing was added."
            )
        if (self.convention == VIEW) != bool(self.view):
            raise UsageError("A view of an original has words that say which, other hashes have none.")
        if (self.algorithm == VPDQ) != bool(self.frames):
            raise UsageError("A video hash has frames, other hashes have none. Nothing was added.")
        if self.quality is not None and not 0 <= self.quality <= 100:
            raise UsageError(f"A quality is 0 to 100, not {self.quality}. Nothing was added.")
        if self.size_bytes is not None and not 0 <= self.size_bytes < 2**63:
            raise UsageError(f"{self.size_bytes} is not the size of a file. Nothing was added.")


@dataclass(frozen=True, slots=True)
class StoredFingerprint:
    """A fingerprint as it is kept. ``value`` is None where its sharing terms forbid showing it."""

    id: int
    entry_id: int
    algorithm: str
    value: bytes | None = field(repr=False)
    convention: str
    quality: int | None
    size_bytes: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one source says of one fingerprint. ``withdrawn_at`` is its tombstone."""

    fingerprint_id: int
    source_id: int
    source: str
    opinion: str
    provenance: str
    withdrawn_at: datetime | None
    updated_at: datetime

    @property
    def upholds(self) -> bool:
        return self.withdrawn_at is None and self.opinion in UPHOLDING


def tidy(text: str, limit: int, what: str) -> str:
    """``text`` on one line: control characters become spaces, characters that cannot be written become "?".

    Raises
        UsageError: it is longer than ``limit`` characters; the message calls it ``what``.
    """
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _printable(character) for character in text)
    text = text.strip()
    if len(text) > limit:
        raise UsageError(f"The {what} has {len(text)} characters, {limit} are allowed. Nothing was written.")
    return text


def _printable(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "?"  # half a surrogate pair: an undecodable byte of a file name
    # Unicode's line and paragraph separators end a line for some readers of an export.
    return (
        " " if character < " " or "\x7f" <= character <= "\x9f" or character in "\u2028\u2029" else character
    )
