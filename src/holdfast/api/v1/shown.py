"""What of an answer about an upload a key for some banks may see. The decision goes by all banks."""

from __future__ import annotations

from typing import Any

from holdfast.access.principal import BankScope
from holdfast.screening.verdict import CONFLICT, SUPPRESSED

__all__ = ["in_scope"]


def in_scope(answer: dict[str, Any], scope: BankScope) -> dict[str, Any]:
    """The answer without matches in other banks, and without words that name one."""
    if "*" in scope.seen or "matches" not in answer:
        return answer
    lists: dict[str, list[Any]] = {name: answer[name] for name in ("matches", "suppressed") if name in answer}
    seen = {name: [one for one in found if scope.may_see(one["bank"])] for name, found in lists.items()}
    shown = {**answer, **seen}
    if seen != lists and answer.get("reason") in (SUPPRESSED, CONFLICT):
        shown |= {"reason": "", "detail": ""}
    return shown
