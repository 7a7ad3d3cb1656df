"""Deep checks: whether those that banks ask for are made."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.service.checks.finding import Finding, Look
from holdfast.service.deep_status import read_status

__all__ = ["deep_checks"]

_LOST = {
    "expired": "waited too long and were given up",
    "failed": "were begun three times, never ended, and were given up",
    "unreadable": "could not be read any more",
}


def deep_checks(look: Look) -> Iterator[Finding]:
    """What waits, whose budget is spent, and what was lost in the last day. Nothing where no bank asks."""
    status = read_status(look.connection, look.settings.deep)
    told = f"{status.waiting:,} wait, the oldest for {status.oldest_s:,.0f} s"
    if status.state == "behind":
        detail = (
            f"behind: {told}. Uploads are skipped. Run `holdfast serve` or `worker` on every home, or more"
        )
        yield Finding("deep checks", "warning", detail)
    elif status.state == "ok":
        yield Finding("deep checks", "ok", told)
    if status.exhausted:
        names = ", ".join(status.exhausted)
        detail = f"the budget of this hour is spent for {names}: `holdfast bank set NAME --deep-per-hour N`"
        yield Finding("deep checks", "warning", detail)
    for reason, count in sorted(status.lost.items()):
        yield Finding("deep checks", "warning", f"{count:,} {_LOST.get(reason, reason)} since yesterday")
