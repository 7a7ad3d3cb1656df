"""An upload that a rule puts before a person: what the room of cases gets to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from holdfast.decisions.engine import Decision
from holdfast.decisions.facts import MatchFacts

__all__ = ["OpenCase", "Queued"]


@dataclass(frozen=True, slots=True)
class Queued:
    """One upload, with what was found and decided. ``item_id`` is the held content.

    ``digest`` is its SHA-256 and ``code`` its PDQ (32 bytes, b"" without one): copies are grouped by them.
    """

    facts: MatchFacts
    decision: Decision
    item_id: str | None
    digest: bytes | None = field(repr=False)
    code: bytes = field(repr=False)


# Called in the transaction that writes the upload down, before its event is appended: it takes the locks that
# it needs. What it gives back is called with the id of the event, and writes the case down.
OpenCase = Callable[[sa.Connection, Queued], Callable[[int], None]]
