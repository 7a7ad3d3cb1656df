"""The two forms for everybody: telling of content, and asking for a decision to be looked at again.

No sign-in, no script, no cookie, and never a file: nobody must send again what hurt them. The answer is the
same whether or not something is known, so that the forms tell nothing of lists, accounts or decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import Response

from holdfast.api.problems import http_problem
from holdfast.console.render import public_page
from holdfast.console.texts import Texts, language_of, texts
from holdfast.errors import NotFoundError, UsageError
from holdfast.review.appeals import add_appeal
from holdfast.review.notices import FORM, NewNotice, add_notice
from holdfast.review.words import NOTICE_KINDS

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

MOST_LINES: Final = 50
_Text = Annotated[str, Form(max_length=12_000)]
_Line = Annotated[str, Form(max_length=400)]
_Language = Annotated[str, Query(max_length=10)]
NOTHING: Final = dict.fromkeys(("kind", "where", "text", "imminent", "contact", "account", "content"), "")


@router.get("/notice")
def notice_form(request: Request, lang: _Language = "") -> Response:
    """The form. Plain, calm, without script."""
    return _form(request, "notice.html", lang, NOTHING, kinds=NOTICE_KINDS)


@router.post("/notice")
def take_notice(
    request: Request,
    kind: _Line = "",
    where: _Text = "",
    text: _Text = "",
    imminent: _Line = "",
    contact: _Line = "",
    lang: _Line = "",
) -> Response:
    """Takes it in: a case opens, and copies that are known are acted on at once."""
    runtime, t = _open(request, lang)
    given = {**NOTHING, "kind": kind, "where": where, "text": text, "imminent": imminent, "contact": contact}
    if kind not in NOTICE_KINDS:
        return _again(request, "notice.html", t, given, t("notice.need_kind"), kinds=NOTICE_KINDS)
    urls, others = _places(where)
    try:
        new = NewNotice(
            kind=kind,
            text=text,
            urls=urls,
            content_references=others,
            contact=contact or None,
            language=t.language,
            imminent=imminent == "yes",
        )
    except UsageError:
        return _again(request, "notice.html", t, given, t("notice.need_where"), kinds=NOTICE_KINDS)
    with runtime.database.write() as connection:
        made = add_notice(connection, new, by=FORM, sealer=runtime.sealer, rules=runtime.review)
    told = (t("notice.thanks"), t("notice.thanks_words"), t("notice.thanks_next"))
    return _thanks(request, t, told, made.reference)


@router.get("/appeal")
def appeal_form(request: Request, lang: _Language = "") -> Response:
    """The form."""
    return _form(request, "appeal.html", lang, NOTHING)


@router.post("/appeal")
def take_appeal(
    request: Request,
    account: _Line = "",
    content: _Line = "",
    text: _Text = "",
    lang: _Line = "",
) -> Response:
    """Takes it in, where something was decided that it can be about; what is answered is the same."""
    runtime, t = _open(request, lang)
    account, content = account.strip(), content.strip()
    given = {**NOTHING, "account": account, "content": content, "text": text}
    if not text.strip() or not (account or content):
        return _again(request, "appeal.html", t, given, t("appeal.need"))
    with suppress(NotFoundError), runtime.database.write() as connection:
        add_appeal(
            connection,
            account=account or None,
            content_reference=content or None,
            text=text.strip()[:10_000],
            by=FORM,
            sealer=runtime.sealer,
            rules=runtime.review,
        )
    return _thanks(request, t, (t("appeal.thanks"), t("appeal.thanks_words"), t("appeal.thanks_next")), "")


def _open(request: Request, lang: str) -> tuple[Runtime, Texts]:
    """The rooms and the words. Raises `Problem` (404) where the forms are not offered."""
    runtime: Runtime = request.app.state.runtime
    if not runtime.settings.console.public_forms:
        raise http_problem(404)
    return runtime, texts(language_of(lang, request.headers.get("accept-language", "")))


def _form(request: Request, template: str, lang: str, given: Mapping[str, str], **more: Any) -> Response:
    _, t = _open(request, lang)
    return public_page(request, template, language=t.language, given=given, problem="", **more)


def _again(
    request: Request, template: str, t: Texts, given: Mapping[str, str], problem: str, **more: Any
) -> Response:
    """The form with what was written, and what is missing."""
    return public_page(
        request, template, status=422, language=t.language, given=given, problem=problem, **more
    )


def _thanks(request: Request, t: Texts, words: tuple[str, str, str], number: str) -> Response:
    told = {"title": words[0], "words": words[1], "next": words[2], "number": number}
    return public_page(request, "thanks.html", language=t.language, thanks=told)


def _places(where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Addresses, and other names of content: one a line."""
    lines = [line.strip() for line in where.splitlines() if line.strip()][:MOST_LINES]
    urls = tuple(line[:2083] for line in lines if "://" in line)
    return urls, tuple(line[:255] for line in lines if "://" not in line)
