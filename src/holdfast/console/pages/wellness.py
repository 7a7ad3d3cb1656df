"""A person's own wellbeing: how much they saw today against their limit, and what they choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console.pages.shared import see
from holdfast.console.texts import Texts
from holdfast.console.times import moment, span
from holdfast.errors import UsageError
from holdfast.review import wellness

__all__ = ["ExposureToday", "Wellness", "exposure_of", "router", "settings_of"]

router = APIRouter(include_in_schema=False)

_FLAGS = ("greyscale", "small")
_Number = Annotated[str, Form(max_length=6)]


@dataclass(frozen=True, slots=True)
class ExposureToday:
    """Files seen unblurred today, where a warning begins, where it ends, and that in words."""

    value: int
    soft: int
    hard: int
    words: str


@dataclass(frozen=True, slots=True)
class Field:
    """One choice in the settings."""

    name: str
    title: str
    options: Sequence[tuple[str, str]]
    chosen: str


@dataclass(frozen=True, slots=True)
class Wellness:
    """What the settings page shows of it. ``files`` is the person's own limit, "" for none."""

    facts: Sequence[tuple[str, str]]
    fields: Sequence[Field]
    files: str
    most_files: int
    is_out: bool


def exposure_of(connection: sa.Connection, caller: Caller, t: Texts) -> ExposureToday:
    """The quiet bar on the landing page. Only the person, and who answers for their wellbeing, see it."""
    rules = caller.runtime.review
    known = wellness.get_reviewer(connection, caller.subject)
    today = wellness.exposure_today(connection, caller.subject)
    hard = min(rules.hard_files, int(known.limits.get("files", rules.hard_files)))
    soft = min(rules.soft_files, hard)
    said = {"minutes": span(t, today.shown_ms / 1000), "hard": hard, "soft": soft}
    return ExposureToday(today.items, soft, hard, t("exposure.words", count=today.items, **said))


def settings_of(connection: sa.Connection, caller: Caller, t: Texts) -> Wellness:
    """What the person chose, with the organisation's floor already on it."""
    rules = caller.runtime.review
    known = wellness.get_reviewer(connection, caller.subject)
    comfort = known.comfort.with_floor(rules)
    trained = moment(known.trained_at) if known.trained_at is not None else t("wellness.trained_no")
    blur = [
        (str(one), t("wellness.blur_of", level=one))
        for one in range(wellness.MAX_BLUR, rules.floor_blur - 1, -1)
    ]
    fields = [Field("blur", t("wellness.blur"), blur, str(comfort.blur))]
    for name in _FLAGS:
        forced = getattr(rules, f"floor_{name}")
        options = [("yes", t(f"wellness.{name}_yes"))]
        if not forced:
            options.append(("no", t(f"wellness.{name}_no")))
        fields.append(Field(name, t(f"wellness.{name}"), options, "yes" if getattr(comfort, name) else "no"))
    own = known.limits.get("files")
    return Wellness(
        facts=[(t("wellness.trained"), trained)],
        fields=fields,
        files="" if own is None else str(int(own)),
        most_files=rules.hard_files,
        is_out=known.opted_out,
    )


@router.post("/console/settings/wellness")
def set_wellness(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    blur: _Number,
    greyscale: _Number,
    small: _Number,
    files: _Number = "",
) -> Response:
    """How media look before a reveal, and a limit of one's own; never less than the organisation's floor."""
    if not blur.isdigit() or (files and not files.isdigit()):
        raise UsageError("That is no number. Nothing was changed.")
    with caller.runtime.database.write() as connection:
        known = wellness.get_reviewer(connection, caller.subject)
        chosen = replace(known.comfort, blur=int(blur), greyscale=greyscale == "yes", small=small == "yes")
        if not caller.runtime.review.floor_blur <= chosen.blur <= wellness.MAX_BLUR:
            raise UsageError("Your organisation's floor forbids less blur. Nothing was changed.")
        wellness.set_comfort(connection, caller.subject, chosen)
        limits = {name: value for name, value in known.limits.items() if name != "files"}
        wellness.set_limits(connection, caller.subject, limits | ({"files": int(files)} if files else {}))
    return see("/console/settings")


@router.post("/console/settings/opt-out")
def set_opt_out(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)], out: Annotated[str, Form(max_length=5)]
) -> Response:
    """No media for this person from now on, or media again. Nobody asks why."""
    with caller.runtime.database.write() as connection:
        wellness.set_opted_out(connection, caller.subject, out == "yes")
    return see("/console/settings")
