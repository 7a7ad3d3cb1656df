"""The organisation's rules for people's work. The settings section ``review`` has the same fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["ReviewRules"]


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """Times in seconds unless the name says otherwise; shares from 0 to 1."""

    lease_s: float = 300.0  # a case without a heartbeat for so long is anybody's
    clock_hours: tuple[float, ...] = (0.25, 4.0, 24.0, 72.0, 120.0, 168.0)  # by priority, from 0
    alarm_every_s: float = 4 * 3600.0  # an overdue case raises its alarm again
    notice_hours: float = 24.0
    appeal_hours: float = 72.0
    undo_s: float = 60.0  # a decision does nothing before, and can be taken back
    cleared_days: float = 7.0  # as `vault.cleared_days`
    close_by_rule: bool = False  # the very same file on a trusted list needs nobody's eyes
    notices_per_hour: float = 20.0  # of the public form, by address
    second_review_share: float = 0.05
    single_approver: bool = False  # the same person may approve after `alone_after_s`, where that is allowed
    alone_after_s: float = 24 * 3600.0
    approval_expires_s: float = 7 * 24 * 3600.0
    grant_s: float = 900.0  # one reveal
    training_required: bool = True
    floor_blur: int = 3  # 0 (none) to 6 (strongest): nobody gets less before a reveal
    floor_greyscale: bool = True
    floor_small: bool = True
    soft_files: int = 100  # a day and person
    hard_files: int = 300
    soft_minutes: float = 60.0
    hard_minutes: float = 120.0
    streak_minutes: float = 20.0  # unblurred in a row, then a pause
    pause_minutes: float = 10.0

    def clock(self, priority: int) -> timedelta:
        """The time in which a case of this priority is to be decided."""
        return timedelta(hours=self.clock_hours[priority])

    @property
    def cleared_window(self) -> timedelta:
        return timedelta(days=self.cleared_days)
