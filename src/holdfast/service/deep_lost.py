"""Deep checks that were promised and did not take place: the platform is told, so silence means "looked at".

By a webhook alone. There is no event: nothing is known of these uploads, and the log of events is for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from holdfast.decisions.facts import Context
from holdfast.decisions.webhooks import outbox
from holdfast.errors import VaultError
from holdfast.records.deep_queue import Waiting
from holdfast.screening.spool import Spool
from holdfast.screening.waiting import WaitingUpload

__all__ = ["LOST", "contexts_of", "tell_lost"]

LOST: Final = "deep_check.lost"


def contexts_of(spool: Spool, waiting: Iterable[Waiting]) -> dict[int, Context]:
    """What is known of uploads, by the id of their row, where this host has their file and can open it."""
    found = {}
    for one in waiting:
        if one.spool != spool.id:
            continue
        try:
            found[one.id] = WaitingUpload.from_bytes(spool.get(one)).context
        except VaultError:
            continue  # nobody can say any more which upload it was: it is counted like the others
    return found


def tell_lost(
    connection: sa.Connection, gone: Iterable[Waiting], contexts: Mapping[int, Context], reason: str
) -> None:
    """Writes a message for each upload whose context is known, in the transaction that ends its row."""
    for one in gone:
        context = contexts.get(one.id)
        if context is not None:
            told = {
                "content_reference": context.content_reference,
                "urls": list(context.urls),
                "account": context.account,
                "reason": reason,
            }
            outbox.publish(connection, LOST, told)
