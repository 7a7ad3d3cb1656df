"""What people set for themselves: language, colours, keys."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from holdfast.access.people import set_preferences
from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console import keys
from holdfast.console.pages.shared import see
from holdfast.console.pages.wellness import settings_of
from holdfast.console.render import page, texts_for
from holdfast.console.texts import LANGUAGES

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

THEMES: Final = ("system", "light", "dark")


@router.get("/console/settings")
def show(caller: Annotated[Caller, Guard(Permission.CONSOLE_USE)]) -> Response:
    """The page."""
    t = texts_for(caller)
    wellness = None
    if caller.allows(Permission.CASE_READ):
        with caller.runtime.database.read() as connection:
            wellness = settings_of(connection, caller, t)
    return page(
        caller,
        "settings.html",
        here="settings",
        languages=list(LANGUAGES.items()),
        themes=[(one, t(f"settings.theme_{one}")) for one in THEMES],
        wellness=wellness,
    )


@router.post("/console/settings/look")
def set_look(
    caller: Annotated[Caller, Guard(Permission.CONSOLE_USE)],
    language: Annotated[str, Form(max_length=10)],
    theme: Annotated[str, Form(max_length=10)],
) -> Response:
    """Language and colours."""
    with caller.runtime.database.write() as connection:
        set_preferences(connection, _person(caller), locale=language, theme=theme)
    return see("/console/settings")


@router.post("/console/settings/keys")
async def set_keys(caller: Annotated[Caller, Guard(Permission.CONSOLE_USE)]) -> Response:
    """One key for each action; the form's fields are the actions."""
    form = await caller.request.form()
    given = {name: value for name, value in form.items() if name in keys.USUAL and isinstance(value, str)}
    chosen = keys.changed(given, off=form.get(keys.OFF) == "yes")

    def write() -> None:
        with caller.runtime.database.write() as connection:
            set_preferences(connection, _person(caller), key_map=chosen)

    await run_in_threadpool(write)
    return see("/console/settings#keys")


def _person(caller: Caller) -> str:
    return caller.subject.removeprefix("person:")
