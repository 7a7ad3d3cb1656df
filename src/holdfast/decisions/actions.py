"""What is to be done with one upload. Nothing here files a report: a draft waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ACTION_KEYS", "Actions"]

ACTION_KEYS = ("block", "quarantine", "allow", "queue", "draft_report", "webhooks")


@dataclass(frozen=True, slots=True)
class Actions:
    """Actions that go together. ``block``: refuse it. ``quarantine``: keep the bytes, show them to nobody.

    ``allow``: let it through. ``queue``: put it before a person, 1 (first) to 5. ``draft_report``: prepare a
    report that a person may file. ``webhooks``: names of endpoints that are told.
    """

    block: bool = False
    quarantine: bool = False
    allow: bool = False
    queue: int | None = None
    draft_report: bool = False
    webhooks: tuple[str, ...] = ()

    def words(self) -> tuple[str, ...]:
        """The actions as stable words: "block", "quarantine", "allow", "queue 1", "webhook NAME", ..."""
        found = [name for name in ("block", "quarantine", "allow") if getattr(self, name)]
        if self.queue is not None:
            found.append(f"queue {self.queue}")
        if self.draft_report:
            found.append("draft_report")
        found.extend(f"webhook {name}" for name in self.webhooks)
        return tuple(found)

    def strength(self) -> tuple[int, bool, int]:
        """Orders actions by how much they do: to the content first, then report, then priority."""
        return 2 * self.block + self.quarantine, self.draft_report, -(6 if self.queue is None else self.queue)

    def to_json(self) -> dict[str, Any]:
        """The object that an answer or an event holds."""
        return {
            "block": self.block,
            "quarantine": self.quarantine,
            "allow": self.allow,
            "queue": self.queue,
            "draft_report": self.draft_report,
            "webhooks": list(self.webhooks),
        }
