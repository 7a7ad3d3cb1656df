"""Cases that stand still though all about them is decided: nobody would notice them by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from holdfast.reporting.drafts.sources import undrafted
from holdfast.review.settling import stuck_decisions
from holdfast.service.checks.finding import Finding, Look

__all__ = ["LATE_S", "stuck"]

LATE_S: Final = 600.0  # the clock tries every few seconds: by then it has failed many times
MOST: Final = 1000
NAMED: Final = 5


def stuck(look: Look) -> Iterator[Finding]:
    """Decisions that do not take effect, and decisions to report of which no report can be drafted."""
    minutes = f"{LATE_S / 60:.0f} minutes"
    waiting = stuck_decisions(look.connection, late_s=LATE_S)
    if waiting:
        detail = (
            f"{_count(waiting)} decided and should be in force for more than {minutes}, but are not: "
            f"{_named(waiting)}. It is tried again and again; the log of service or worker says what fails"
        )
        yield Finding("decisions", "problem", detail)
    bare = undrafted(look.connection, late_s=LATE_S, limit=MOST)
    if bare:
        detail = (
            f"{_count(bare)} to be reported for more than {minutes}, and no report could be drafted: "
            f"{_named(bare)}. `holdfast report draft CASE` says why"
        )
        yield Finding("undrafted reports", "problem", detail)
    if not waiting and not bare:
        yield Finding("decisions", "ok", "what was decided about cases took effect")


def _count(cases: Sequence[int]) -> str:
    number = f"{len(cases):,}{' or more' if len(cases) == MOST else ''}"
    return f"{number} case is" if len(cases) == 1 else f"{number} cases are"


def _named(cases: Sequence[int]) -> str:
    named = ", ".join(str(one) for one in cases[:NAMED])
    return f"{named} and others" if len(cases) > NAMED else named
