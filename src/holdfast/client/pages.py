"""Lists that come in pages, as one list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from holdfast.client.call import Call, read_call
from holdfast.client.decoding import decode
from holdfast.client.errors import UnexpectedAnswerError
from holdfast.client.exchange import Item, Stream

__all__ = ["Page", "each", "page_call"]

T = TypeVar("T")

PAGE = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of many; ``next`` is the cursor for those that follow, None where nothing does."""

    items: tuple[T, ...]
    next: int | str | None


def page_call(path: str, kind: type[T], /, **asked: Any) -> Call[Page[T]]:
    """The call for one page of ``kind``."""

    def read(value: Any) -> Page[T]:
        if not isinstance(value, Mapping) or not isinstance(value.get("items"), list):
            raise UnexpectedAnswerError(f"The answer to {path} is not a page of items. Do versions fit?")
        items = (decode(kind, one, f"items[{at}]") for at, one in enumerate(value["items"]))
        return Page(tuple(items), value.get("next"))

    return read_call(path, read, **asked)


def each(path: str, kind: type[T], /, *, cursor: str = "after", **asked: Any) -> Stream[T]:
    """Every item of all pages; the next page is asked for when it is needed.

    ``cursor`` is the query parameter that takes the `next` of the page before.
    """
    asked.setdefault("limit", PAGE)
    while True:
        page: Page[T] = yield page_call(path, kind, **asked)
        for item in page.items:
            yield Item(item)
        if page.next is None or not page.items:
            return
        asked[cursor] = page.next
