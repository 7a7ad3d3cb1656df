"""When an open report expires at the CyberTipline. Source: section 3 of the documentation.

It is deleted 24 hours after it was opened or one hour after the last upload or file details, whichever is
later; not after a quiet hour alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from holdfast.reporting.filing.models import Filing

__all__ = ["ends_soon", "expires_at", "is_surely_gone"]

FROM_OPENING = timedelta(hours=24)
FROM_TOUCH = timedelta(hours=1)
LEAVE = timedelta(minutes=10)  # no step begins so shortly before the end
CLOCKS_DIFFER = timedelta(hours=1)


def expires_at(filing: Filing) -> datetime | None:
    """When the open report is deleted, by our clock; None where none is open."""
    if filing.opened_at is None:
        return None
    touched = filing.touched_at or filing.opened_at
    return max(filing.opened_at + FROM_OPENING, touched + FROM_TOUCH)


def ends_soon(filing: Filing, now: datetime) -> bool:
    """Whether too little time is left to go on with the open report."""
    end = expires_at(filing)
    return end is not None and now > end - LEAVE


def is_surely_gone(filing: Filing, now: datetime) -> bool:
    """Whether an unfinished report has expired, whatever the difference between the clocks."""
    end = expires_at(filing)
    return end is not None and now > end + CLOCKS_DIFFER
