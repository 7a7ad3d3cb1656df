"""What the vault answers with, and the words it writes down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from holdfast.errors import UsageError
from holdfast.vault.keys import WrappedKey

__all__ = ["Action", "Facts", "Item", "LegalHold", "Retention", "Stored", "SweepReport", "checked_text"]


class Action(StrEnum):
    """What was done to an item; each is one row in `vault_access`."""

    HOLD = "hold"
    OPEN = "open"
    READ_FACTS = "read_facts"
    RELEASE = "release"
    HOLD_AGAIN = "hold_again"
    PRESERVE = "preserve"
    LEGAL_HOLD = "legal_hold"
    LIFT_LEGAL_HOLD = "lift_legal_hold"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Retention:
    """How long an item is kept. Both empty: until a person or a rule decides.

    ``keep_until``: never destroyed before (a preservation duty). ``destroy_at``: destroyed from then on, if
    nothing forbids it, also when nobody decided.
    """

    keep_until: datetime | None = None
    destroy_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of a held item's content; as secret as the content, and destroyed with it."""

    size_bytes: int
    sha256: str
    context: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        body = {"size_bytes": self.size_bytes, "sha256": self.sha256, "context": dict(self.context)}
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Facts:
        body = json.loads(data)
        return cls(body["size_bytes"], body["sha256"], body["context"])


@dataclass(frozen=True)
class Stored:
    """An object that is durable and not yet an item: `Vault.record` makes it one."""

    id: str
    size_bytes: int
    sealed_facts: bytes = field(repr=False)
    wrapped_key: WrappedKey = field(repr=False)


@dataclass(frozen=True)
class LegalHold:
    """Forbids destruction until it is lifted or ``until`` has come. ``agency``: law enforcement asked."""

    id: int
    reference: str
    agency: str | None
    until: datetime | None
    placed_at: datetime
    placed_by: str


@dataclass(frozen=True)
class Item:
    """One held item or its tombstone, without anything about its content but the size."""

    id: str
    state: str  # "held" | "released" | "destroyed"
    reason: str
    size_bytes: int
    held_at: datetime
    held_by: str
    keep_until: datetime | None
    destroy_at: datetime | None
    released_at: datetime | None
    destroyed_at: datetime | None
    destroyed_by: str | None
    destroyed_why: str | None
    object_gone_at: datetime | None
    legal_holds: tuple[LegalHold, ...]


@dataclass(frozen=True)
class SweepReport:
    """What one sweep did: items whose time had come, objects removed after their key, leftovers removed."""

    destroyed: int
    objects_removed: int
    orphans_removed: int


def checked_text(name: str, text: str, limit: int = 200) -> str:
    """``text`` when it has 1 to ``limit`` characters; else raises `UsageError`."""
    if not text.strip() or len(text) > limit:
        raise UsageError(f"{name} must have 1 to {limit} characters; nothing was done.")
    return text
