"""What rules would have done with the uploads of the past: the events, put to `decisions.dryrun`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa

from holdfast.records import events

__all__ = ["DECIDED_KINDS", "past_facts"]

DECIDED_KINDS: Final = ("match", "possible", "hold.placed")  # events of uploads that rules were put to
PAGE: Final = 1_000


def past_facts(connection: sa.Connection, newest: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Id and facts of the uploads among the ``newest`` events, oldest first, a page at a time in memory."""
    after = max(0, events.latest(connection) - newest)
    while found := events.read(connection, after=after, kinds=DECIDED_KINDS, limit=PAGE):
        for event in found:
            if "facts" in event.facts:  # not where content is held again: that was a person
                yield str(event.id), event.facts["facts"]
        after = found[-1].id
