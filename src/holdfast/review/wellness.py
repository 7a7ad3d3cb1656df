"""How much of it one person sees: counted, limited, paused, and never without training or against their will.

Comfort before a reveal (blur, no colour, small) has a floor that the organisation sets; nobody goes below it.
Trials found that blur and grey alone do not spare people: what spares them is seeing less, so it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from math import inf
from typing import Any

import sqlalchemy as sa

from holdfast.errors import LimitError, NotAllowedError, UsageError
from holdfast.records import audit
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.viewing import exposures, reviewers
from holdfast.review.rules import ReviewRules

__all__ = [
    "MAX_BLUR",
    "Comfort",
    "Exposure",
    "Reviewer",
    "exposure_days",
    "exposure_today",
    "get_reviewer",
    "is_stopped",
    "lock_reviewer",
    "note_exposure",
    "pause",
    "require_may_see",
    "set_comfort",
    "set_limits",
    "set_opted_out",
    "set_trained",
    "severity_of",
]

MAX_BLUR = 6
SEVERITY = {"A1": 4, "A2": 3, "B1": 3, "B2": 2}  # points; 1 for what no list classifies


@dataclass(frozen=True, slots=True)
class Comfort:
    """How media look before a reveal, and how a reveal behaves. The strongest of everything by default."""

    blur: int = MAX_BLUR
    greyscale: bool = True
    small: bool = True
    muted: bool = True
    still: bool = True
    hold_to_reveal: bool = True

    def with_floor(self, rules: ReviewRules) -> Comfort:
        """This, and at least what the organisation demands."""
        return Comfort(
            max(self.blur, rules.floor_blur),
            self.greyscale or rules.floor_greyscale,
            self.small or rules.floor_small,
            self.muted,
            self.still,
            self.hold_to_reveal,
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Comfort:
        """Raises `UsageError` for what is none."""
        try:
            found = cls(**values)
        except TypeError:
            raise UsageError("These are no settings of comfort. Nothing was changed.") from None
        flags = [getattr(found, name) for name in cls.__slots__ if name != "blur"]
        if type(found.blur) is not int or not 0 <= found.blur <= MAX_BLUR:
            raise UsageError(f"Blur is 0 to {MAX_BLUR}. Nothing was changed.")
        if any(type(flag) is not bool for flag in flags):
            raise UsageError("A setting of comfort is on or off. Nothing was changed.")
        return found


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What is known of one person's work with media. ``limits``: their own, where they want lower ones."""

    person: str
    trained_at: datetime | None
    trained_by: str | None
    opted_out: bool
    paused_until: datetime | None
    streak_ms: int
    limits: dict[str, float]
    comfort: Comfort


@dataclass(frozen=True, slots=True)
class Exposure:
    """One day of one person: files seen unblurred, time, points of severity."""

    day: date
    items: int
    shown_ms: int
    severity: int

    def over_soft(self, rules: ReviewRules) -> bool:
        """Whether it is time to stop for today; nothing is forbidden yet."""
        return self.items >= rules.soft_files or self.shown_ms >= rules.soft_minutes * 60_000


def get_reviewer(connection: sa.Connection, person: str) -> Reviewer:
    """Who has no row is new: not trained, with the strongest comfort."""
    row = connection.execute(sa.select(reviewers).where(reviewers.c.person == person)).first()
    if row is None:
        return Reviewer(person, None, None, False, None, 0, {}, Comfort())
    values = {name: row._mapping[name] for name in Reviewer.__slots__ if name != "comfort"}
    return Reviewer(**values, comfort=Comfort(**row.comfort))


def require_may_see(connection: sa.Connection, person: str, rules: ReviewRules) -> None:
    """Nothing where the person may see media unblurred at this moment.

    Raises `NotAllowedError` without training or after opting out, `LimitError` in a pause or over the day.
    """
    known = get_reviewer(connection, person)
    if known.opted_out:
        raise NotAllowedError("You opted out of seeing media; nothing was shown. Opt in again when you like.")
    if rules.training_required and known.trained_at is None:
        raise NotAllowedError(
            "You are not down as trained for this work; nothing was shown. A lead notes it when you are."
        )
    if known.paused_until is not None and known.paused_until > now():
        left_s = (known.paused_until - now()).total_seconds()
        raise LimitError(
            f"You are in a pause until {known.paused_until:%H:%M} UTC. Nothing was shown.", left_s
        )
    today = exposure_today(connection, person)
    files = min(rules.hard_files, int(known.limits.get("files", rules.hard_files)))
    minutes = min(rules.hard_minutes, known.limits.get("minutes", rules.hard_minutes))
    if today.items >= files or today.shown_ms >= minutes * 60_000:
        tomorrow = datetime.combine(today.day + timedelta(days=1), datetime.min.time(), now().tzinfo)
        raise LimitError(
            f"You have seen {today.items} files in {today.shown_ms // 60_000} minutes today, and that is the "
            "limit. Nothing was shown. Your cases can be handed to others.",
            max(1.0, (tomorrow - now()).total_seconds()),
        )


def lock_reviewer(connection: sa.Connection, person: str) -> None:
    """Whatever else is shown to the person waits: two at once would pass the same limit."""
    _ensure(connection, person)
    mine = sa.select(reviewers.c.person).where(reviewers.c.person == person)
    connection.execute(mine.with_for_update()).all()


def is_stopped(connection: sa.Connection, person: str) -> bool:
    """Whether the person is in a pause or opted out: what was revealed before ends too."""
    known = get_reviewer(connection, person)
    return known.opted_out or (known.paused_until is not None and known.paused_until > now())


def note_exposure(
    connection: sa.Connection,
    person: str,
    rules: ReviewRules,
    *,
    items: int = 0,
    shown_ms: int = 0,
    severity: int = 0,
) -> bool:
    """Adds to the person's day; whether a pause is due now, which begins then."""
    lock_reviewer(connection, person)
    added = {"items": items, "shown_ms": shown_ms, "severity": severity}
    insert = upsert(connection, exposures).values(person=person, day=now().date(), **added)
    grown = {name: exposures.c[name] + insert.excluded[name] for name in added}
    connection.execute(insert.on_conflict_do_update(index_elements=["person", "day"], set_=grown))
    streak = reviewers.c.streak_ms + shown_ms
    changed = sa.update(reviewers).where(reviewers.c.person == person).values(streak_ms=streak)
    streak_ms = connection.execute(changed.returning(reviewers.c.streak_ms)).scalar_one()
    if streak_ms < rules.streak_minutes * 60_000:
        return False
    pause(connection, person, minutes=rules.pause_minutes)
    return True


def pause(connection: sa.Connection, person: str, *, minutes: float) -> None:
    """No media for this person for so long; a pause that lasts longer stays. Counting begins anew."""
    _ensure(connection, person)
    until = max(now() + timedelta(minutes=minutes), get_reviewer(connection, person).paused_until or now())
    _set(connection, person, paused_until=until, streak_ms=0)


def exposure_today(connection: sa.Connection, person: str) -> Exposure:
    """The person's day so far."""
    today = now().date()
    found = exposure_days(connection, person, since=today)
    return found[-1] if found else Exposure(today, 0, 0, 0)


def exposure_days(connection: sa.Connection, person: str, *, since: date) -> list[Exposure]:
    """The person's days from a day on, oldest first; days without exposure are absent."""
    e = exposures.c
    query = sa.select(e.day, e["items"], e.shown_ms, e.severity).where(e.person == person, e.day >= since)
    return [Exposure(*row) for row in connection.execute(query.order_by(e.day))]


def set_trained(connection: sa.Connection, person: str, *, by: str) -> None:
    """A lead notes that the person was trained. Raises `NotAllowedError` for oneself and keys."""
    if person == by or by.startswith("key:"):  # a key may be the person's own
        raise NotAllowedError("That you were trained is for somebody else to note. Nothing was changed.")
    _ensure(connection, person)
    _set(connection, person, trained_at=moment(connection), trained_by=by)
    audit.append(connection, actor=by, action="reviewer.trained", target=person)


def set_opted_out(connection: sa.Connection, person: str, is_out: bool) -> None:
    """The person sees no media from now on, or does again. Nobody else decides that."""
    _ensure(connection, person)
    _set(connection, person, opted_out=is_out)
    action = "reviewer.opt_out" if is_out else "reviewer.opt_in"
    audit.append(connection, actor=person, action=action, target=person)


def set_comfort(connection: sa.Connection, person: str, comfort: Comfort) -> None:
    """How the person wants media to look. The floor applies on top, whatever they choose."""
    _ensure(connection, person)
    _set(connection, person, comfort=asdict(comfort))


def set_limits(connection: sa.Connection, person: str, limits: Mapping[str, float]) -> None:
    """The person's own limits a day: "files" and "minutes"; higher than the organisation's change nothing."""
    if set(limits) - {"files", "minutes"} or not all(0 <= value < inf for value in limits.values()):
        raise UsageError("Limits are files and minutes a day, from 0. Nothing was changed.")
    _ensure(connection, person)
    _set(connection, person, limits=dict(limits))


def severity_of(matches: list[dict[str, Any]]) -> int:
    """Points for seeing a file, by the worst that a list says of it."""
    return max((SEVERITY.get(match.get("classification") or "", 1) for match in matches), default=1)


def _ensure(connection: sa.Connection, person: str) -> None:
    values = {"person": person, "opted_out": False, "streak_ms": 0, "limits": {}}
    insert = upsert(connection, reviewers).values(**values, comfort=asdict(Comfort()))
    connection.execute(insert.on_conflict_do_nothing(index_elements=["person"]))


def _set(connection: sa.Connection, person: str, **values: object) -> None:
    connection.execute(sa.update(reviewers).where(reviewers.c.person == person).values(**values))
