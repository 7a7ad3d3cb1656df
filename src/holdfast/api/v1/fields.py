"""What the routes of /v1 share: texts and ids that every database can take, pages, the base of the models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "MAX_ID",
    "AfterId",
    "Answer",
    "BankName",
    "BeforeId",
    "Id",
    "Limit",
    "Line",
    "ListChange",
    "Moment",
    "Name",
    "Page",
    "Reason",
    "Request",
    "Slug",
    "page",
    "printable",
]

MAX_ID = 2**63 - 1  # of the column: a larger number is no id, and the driver would fail on it

T = TypeVar("T")


def printable(text: str) -> str:
    """``text``, or an error: a database takes no control character, and no half of a character."""
    if not text.isprintable():
        raise ValueError("holds a control character, or half of a character")
    return text


def _addressable(text: str) -> str:
    if "/" in text or text.strip() in ("", ".", ".."):
        raise ValueError("cannot be part of an address: leave out '/', and use more than dots and blanks")
    return text


def _in_calendar(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:  # near the ends of the calendar another zone's day does not exist
        raise ValueError("lies outside the years 1970 to 9000")
    return moment


_PRINTABLE = AfterValidator(printable)

Line = Annotated[str, StringConstraints(max_length=500), _PRINTABLE]
Name = Annotated[str, StringConstraints(max_length=200), _PRINTABLE, AfterValidator(_addressable)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), _PRINTABLE]
Moment = Annotated[AwareDatetime, AfterValidator(_in_calendar)]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]

BankName = Annotated[str, Path(max_length=200, examples=["KNOWN"]), _PRINTABLE]
Id = Annotated[int, Path(ge=1, le=MAX_ID, examples=[7])]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items of the answer.")]
AfterId = Annotated[int, Query(ge=0, le=MAX_ID, description="The `next` of the page before.")]
BeforeId = Annotated[int | None, Query(ge=1, le=MAX_ID, description="The `next` of the page before.")]


class Request(BaseModel):
    """A body. A field that is not known is refused: a misspelt one would silently do nothing."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """An answer, made from the rooms' own values by ``model_validate``."""

    model_config = ConfigDict(from_attributes=True)

    def to_json(self) -> dict[str, Any]:
        """The object that is sent."""
        return self.model_dump(mode="json", by_alias=True)


class ListChange(Answer):
    """The part that `Write.change_lists` adds to an answer."""

    list_version: int = Field(
        examples=[1048576],
        description="The process that answered goes by the change already; another one does, and says so by "
        "its own `list_version`, when it has come to this position: within a second.",
    )


class Page(BaseModel, Generic[T]):
    """Some of many. Give ``next`` back to get those that follow; null at the end."""

    items: list[T]
    next: int | str | None = Field(default=None, description="Null where nothing follows.")


def page(items: Sequence[T], limit: int, cursors: Sequence[int | str]) -> Page[T]:
    """The page of up to ``limit`` items, with the cursor of its last one where there may be more."""
    return Page(items=list(items), next=cursors[-1] if len(cursors) >= limit else None)
