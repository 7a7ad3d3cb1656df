"""What the service answers about one upload, and how much of it the asker may know."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from holdfast.decisions.engine import Decision
from holdfast.decisions.policy import PolicyAnswer
from holdfast.screening.outcome import Outcome
from holdfast.screening.verdict import CONFLICT, SUPPRESSED

__all__ = ["Answer", "AskedAction"]


@dataclass(frozen=True, slots=True)
class AskedAction:
    """Something that the platform is asked to do and to confirm (`decisions.webhooks.receipts`)."""

    id: int
    action: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Outcome, decision and what was kept. ``event`` and ``hold`` are None where nothing was kept.

    ``list_version`` is the position of the fingerprint log that the answer was made with. ``stored`` is the
    whole body of an earlier answer to the same request, b"" where this one is new, with its HTTP status.
    ``job``: nothing was decided yet, and the answer is this job's result.
    """

    outcome: Outcome
    decision: Decision
    policy: PolicyAnswer
    list_version: int
    event: int | None = None
    hold: str | None = None
    actions: tuple[AskedAction, ...] = ()
    stored: bytes = b""
    stored_status: int = 200
    job: int | None = None

    def to_json(self, *, in_detail: bool) -> dict[str, Any]:
        """The answer for a key with (``in_detail``) or without the permission to see matches.

        Without it nothing tells which entry, how near, or which rule: whoever sends uploads could otherwise
        try out how much of a listed picture must be changed.
        """
        if self.job is not None:
            return self._to_come()
        outcome, decision, actions = self.outcome, self.decision, self.decision.actions
        body: dict[str, Any] = {
            "outcome": str(outcome.outcome),
            "reason": outcome.reason if in_detail else _open_reason(outcome),
            "detail": outcome.detail if in_detail else _open_detail(outcome),
            "medium": outcome.medium,
            "size_bytes": outcome.size_bytes,
            "list_version": self.list_version,
            "deep_check": outcome.deep_check,
            "deep_check_reason": outcome.deep_check_reason,
            "decision": {
                "block": actions.block,
                "quarantine": actions.quarantine,
                "allow": actions.allow,
                "queue": actions.queue,
                "draft_report": actions.draft_report,
                "class": decision.rule_class,
                "reason": decision.reason,
            },
            "policy": {
                "action": self.policy.action,
                "version": self.policy.version,
                "row": self.policy.row,
                "reason": self.policy.reason,
            },
            "event": self.event,
            "hold": self.hold,
            "actions": [asdict(one) for one in self.actions],
        }
        if in_detail:
            body |= {
                "rule": decision.rule,
                "rules_version": decision.version,
                "restraint": decision.restraint,
                "shadow": [
                    {"rule": one.rule, "class": one.rule_class, "would_decide": one.would_decide}
                    for one in decision.shadow
                ],
                "matches": [asdict(match) for match in outcome.matches],
                "suppressed": [asdict(match) for match in outcome.suppressed],
            }
        return body

    def _to_come(self) -> dict[str, Any]:
        """No outcome and no decision: there is none yet."""
        return {
            "job": self.job,
            "medium": self.outcome.medium,
            "size_bytes": self.outcome.size_bytes,
            "detail": "It is longer than what is answered at once, and nothing was decided. Hold it back: "
            "the answer is the job's result.",
        }


_INSIDE = (SUPPRESSED, CONFLICT)  # they name a list and an entry: not for everybody


def _open_reason(outcome: Outcome) -> str:
    return "" if outcome.reason in _INSIDE else outcome.reason


def _open_detail(outcome: Outcome) -> str:
    return "" if outcome.reason in _INSIDE else outcome.detail
