"""The lists: banks with size, source, terms, freshness and precision; their entries, by role."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import BankName, Id
from holdfast.banks import entries, service
from holdfast.banks.models import CLASSIFICATIONS, Bank
from holdfast.banks.sources import get_source
from holdfast.console import charts
from holdfast.console.pages import precision
from holdfast.console.pages.shared import link, names_of
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.console.times import ago, moment
from holdfast.decisions.standing import list_reviews, standings
from holdfast.errors import NotFoundError
from holdfast.records.tables.banks import entries as entry_table
from holdfast.records.tables.banks import fingerprint_sources, fingerprints, sources
from holdfast.records.tables.base import now

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

PAGE = 50
_STANDING_STATES = {"none": "off", "confirmed": "confirmed", "disputed": "warning", "held": "warning"}
_NO_FIGURES: tuple[precision.Precision, list[float | None]] = (precision.Precision("", "", 0, 0), [])
_Text = Annotated[str, Query(max_length=200)]


@router.get("/console/lists")
def show_lists(caller: Annotated[Caller, Guard(Permission.BANK_READ)]) -> Response:
    """Every bank that the caller may see."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        banks = [one for one in service.list_banks(connection) if caller.principal.banks.may_see(one.name)]
        sizes = _sizes(connection)
        figures = precision.by_bank(connection)
        rows = [_row(connection, bank, sizes.get(bank.id, 0), figures, t) for bank in banks]
    active = sum(bank.enabled for bank in banks)
    summary = t("lists.summary", count=len(banks), active=active)
    return page(caller, "lists.html", here="lists", rows=rows, summary=summary)


@router.get("/console/lists/{bank}")
def show_bank(
    caller: Annotated[Caller, Guard(Permission.BANK_READ)],
    bank: BankName,
    text: _Text = "",
    classification: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """One bank, and its entries for whoever may read entries."""
    caller.principal.require_bank(bank)
    t = texts_for(caller)
    found: list[dict[str, Any]] = []
    on = ""
    wanted = classification if classification in CLASSIFICATIONS else ""
    with caller.runtime.database.read() as connection:
        one = service.get_bank(connection, bank)
        counts = service.bank_counts(connection, one.id)
        if caller.allows(Permission.ENTRY_READ):
            listed = entries.list_entries(
                connection,
                one.id,
                text=text or None,
                classification=wanted or None,
                after_id=after,
                limit=PAGE + 1,
            )
            said = standings(connection, [entry.id for entry in listed])
            found = [_entry(entry, said[entry.id], t) for entry in listed[:PAGE]]
            if len(listed) > PAGE:
                path = f"/console/lists/{bank}"
                on = link(path, text=text, classification=wanted, after=found[-1]["id"])
        figure = precision.by_bank(connection).get(bank, _NO_FIGURES)[0]
    facts = [
        (t("lists.state"), _kind(one, t)),
        (t("lists.entries"), t.number(counts.entries)),
        (t("lists.in_use"), t("lists.fingerprints", count=counts.active)),
        (t("lists.radius"), t("lists.radius_bits", bits=one.max_distance_bits)),
        (t("lists.matching"), one.matching),
        (t("lists.precision"), precision.share_words(figure.share, t)),
        (t("lists.created"), moment(one.created_at)),
        (t("lists.note"), one.note),
    ]
    return page(
        caller,
        "bank.html",
        here="lists",
        bank={"name": one.name, **_state(one, t)},
        facts=[(name, value) for name, value in facts if value],
        rows=found,
        next_href=on,
        chosen={"text": text, "classification": wanted},
        classifications=[(code, code) for code in CLASSIFICATIONS],
    )


@router.get("/console/lists/{bank}/{entry}")
def show_entry(
    caller: Annotated[Caller, Guard(Permission.ENTRY_READ)], bank: BankName, entry: Id
) -> Response:
    """One entry: its fingerprints as far as terms let them be shown, and what people said of it."""
    caller.principal.require_bank(bank)
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        one = entries.get_entry(connection, entry)
        if one.bank_id != service.get_bank(connection, bank).id:
            raise NotFoundError(f"There is no entry {entry} in the bank {bank!r}.")
        held = entries.list_fingerprints(connection, entry)
        said = list_reviews(connection, entry)
        names = names_of(connection, [review.person for review in said], caller, t)
        standing = standings(connection, [entry])[entry]
    prints = [
        {
            "algorithm": f"{mark.algorithm} {mark.convention}".strip(),
            "value": t("lists.hidden_value") if mark.value is None else mark.value.hex(),
            "state": "ok" if mark.active else "off",
            "state_words": t("lists.in_use_yes" if mark.active else "lists.in_use_no"),
        }
        for mark in held
    ]
    reviews = [
        {"words": f"{t(f'lists.{one.verdict}')}: {one.reason}", "by": names(one.person), "at": one.at}
        for one in said
    ]
    facts = [
        (t("lists.standing"), t(f"standing.{standing}")),
        (t("lists.classification"), one.classification or ""),
        (t("lists.medium"), t.or_plain("medium", one.medium)),
        (t("lists.added"), moment(one.created_at)),
        (t("lists.note"), one.note),
    ]
    told: dict[str, Any] = {"entry": one, "bank": bank, "fingerprints": prints, "reviews": reviews}
    return page(caller, "entry.html", here="lists", facts=[fact for fact in facts if fact[1]], **told)


def _row(
    connection: sa.Connection,
    bank: Bank,
    size: int,
    figures: dict[str, tuple[precision.Precision, list[float | None]]],
    t: Texts,
) -> dict[str, Any]:
    figure, trend = figures.get(bank.name, _NO_FIGURES)
    from_whom = _sources(connection, bank.id)
    return {
        "name": bank.name,
        "kind_words": _kind(bank, t),
        **_state(bank, t),
        "entries": size,
        "sources": ", ".join(from_whom) or "–",
        "terms": "; ".join(dict.fromkeys(_terms(connection, name, t) for name in from_whom)) or "–",
        "fresh": ago(t, _last_change(connection, bank.id), now()),
        "precision": precision.share_words(figure.share, t),
        "trend": charts.spark(trend),
        "trend_words": precision.trend_words(trend, t),
    }


def _kind(bank: Bank, t: Texts) -> str:
    words = t(f"lists.{bank.kind}")
    return f"{words} · {t('lists.trusted')}" if bank.trusted else words


def _state(bank: Bank, t: Texts) -> dict[str, str]:
    word = "on" if bank.enabled else "off"
    return {"state": "ok" if bank.enabled else "off", "state_words": t(f"lists.{word}")}


def _entry(entry: Any, standing: str, t: Texts) -> dict[str, Any]:
    return {
        "id": entry.id,
        "label": entry.label,
        "classification": entry.classification,
        "medium": entry.medium,
        "standing": t(f"standing.{standing}"),
        "standing_state": _STANDING_STATES.get(standing, "off"),
        "created_at": entry.created_at,
    }


def _sizes(connection: sa.Connection) -> dict[int, int]:
    """Bank -> entries, from the index of entries alone."""
    e = entry_table.c
    rows = connection.execute(sa.select(e.bank_id, sa.func.count()).group_by(e.bank_id))
    return {row[0]: row[1] for row in rows}


def _last_change(connection: sa.Connection, bank_id: int) -> Any:
    """When the newest entry came: ids grow with time."""
    e = entry_table.c
    return connection.scalar(
        sa.select(e.created_at).where(e.bank_id == bank_id).order_by(e.id.desc()).limit(1)
    )


def _sources(connection: sa.Connection, bank_id: int) -> list[str]:
    """Who speaks for the newest entries of a bank: all of a million would take too long to ask."""
    newest = sa.select(entry_table.c.id).where(entry_table.c.bank_id == bank_id)
    newest = newest.order_by(entry_table.c.id.desc()).limit(200)
    held = sa.select(fingerprints.c.id).where(fingerprints.c.entry_id.in_(newest))
    spoke = sa.select(fingerprint_sources.c.source_id).where(fingerprint_sources.c.fingerprint_id.in_(held))
    return list(
        connection.scalars(sa.select(sources.c.name).where(sources.c.id.in_(spoke)).order_by(sources.c.name))
    )


def _terms(connection: sa.Connection, source: str, t: Texts) -> str:
    handling = get_source(connection, source).handling
    if not handling.may_match:
        return t("lists.no_match")
    if "*" in handling.share_with:
        return t("lists.share_all")
    if handling.share_with:
        return t("lists.share_some", who=", ".join(sorted(handling.share_with)))
    return t("lists.share_none")
