"""What is on the lists: banks, entries, their hashes. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "AddedEntry",
    "Bank",
    "BankCounts",
    "DeletedBank",
    "Entry",
    "EntryDetail",
    "EntryReview",
    "Fingerprint",
    "ListedHash",
    "Opinion",
]


@dataclass(frozen=True, slots=True)
class BankCounts:
    """What a bank holds; ``active`` fingerprints are those that match."""

    entries: int
    fingerprints: int
    active: int


@dataclass(frozen=True, slots=True)
class Bank:
    """One hash list. ``counts`` only where they were asked for.

    ``list_version`` only in the answer to a change: see `AddedEntry`.
    """

    name: str
    kind: str
    trusted: bool
    enabled: bool
    max_distance_bits: int
    note: str
    created_at: datetime
    matching: str = "classic"
    deep_per_hour: int = 0
    reference_views: bool = False
    counts: BankCounts | None = None
    list_version: int | None = None


@dataclass(frozen=True, slots=True)
class DeletedBank:
    """How many entries went with the bank. ``list_version``: see `AddedEntry`."""

    entries_deleted: int
    list_version: int


@dataclass(frozen=True, slots=True)
class ListedHash:
    """A ready hash to be put on a list, as hexadecimal text. ``convention`` and ``quality`` are PDQ's."""

    algorithm: str
    value: str = field(repr=False)
    convention: str | None = None
    quality: int | None = None
    size_bytes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The object of the API; absent fields are left out."""
        found = {name: getattr(self, name) for name in ("convention", "quality", "size_bytes")}
        given = {name: value for name, value in found.items() if value is not None}
        return {"algorithm": self.algorithm, "value": self.value, **given}


@dataclass(frozen=True, slots=True)
class Entry:
    """One content of a bank. ``standing``: none, confirmed, disputed or held (by the flood brake).

    ``list_version`` only in the answer to a change: see `AddedEntry`.
    """

    id: int
    bank: str
    label: str
    classification: str | None
    medium: str
    note: str
    disabled_until: datetime | None
    standing: str
    created_at: datetime
    list_version: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class AddedEntry:
    """The entry; not ``new`` where one that shares a hash was added to. ``detail``: what had no hash.

    The process that answered goes by the change already. Another one does, within a second: when an answer
    of its own, or `Client.ready`, says this ``list_version`` or a later one.
    """

    entry: Entry
    new: bool
    fingerprints_added: int
    detail: str
    list_version: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one source says of a fingerprint."""

    source: str
    opinion: str
    provenance: str
    withdrawn_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One hash of an entry. ``value`` is None where its sharing terms do not let it be shown."""

    algorithm: str
    value: str | None = field(repr=False)
    convention: str
    quality: int | None
    size_bytes: int | None
    active: bool
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class EntryReview:
    """What one person said of an entry."""

    person: str
    verdict: str
    reason: str
    event: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class EntryDetail(Entry):
    """An entry with its fingerprints, and what people said of it, the newest first."""

    fingerprints: tuple[Fingerprint, ...]
    reviews: tuple[EntryReview, ...]
