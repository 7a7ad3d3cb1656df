"""Why somebody may be given no media at this moment, in their words; the rules are `review.wellness`'s."""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.api.guard import Caller
from holdfast.console.texts import Texts
from holdfast.errors import LimitError, NotAllowedError
from holdfast.records.tables.base import now
from holdfast.review import wellness

__all__ = ["stop_of"]


def stop_of(connection: sa.Connection, caller: Caller, t: Texts) -> str | None:
    """The reason in a sentence; None where the person may see media."""
    try:
        wellness.require_may_see(connection, caller.subject, caller.runtime.review)
    except LimitError:
        known = wellness.get_reviewer(connection, caller.subject)
        if known.paused_until is not None and known.paused_until > now():
            return t("stop.pause", until=f"{known.paused_until:%H:%M} UTC")
        return t("stop.hard_cap")
    except NotAllowedError:
        out = wellness.get_reviewer(connection, caller.subject).opted_out
        return t("stop.opted_out" if out else "stop.untrained")
    return None
