"""What is in order and what is not, in sections, from the same checks as `holdfast doctor`.

Details of a check are in English: they name commands and settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from holdfast.api.guard import Caller
from holdfast.banks.service import list_banks
from holdfast.console.texts import Texts
from holdfast.console.times import ago, span
from holdfast.errors import HoldfastError
from holdfast.exchanges.service import list_exchanges
from holdfast.records.tables.base import now
from holdfast.records.tables.review import cases
from holdfast.records.tables.vault import vault_items
from holdfast.service.checks import cases as stuck_cases
from holdfast.service.checks import deep, place, risks, work
from holdfast.service.checks.finding import Finding, Look
from holdfast.service.deep_status import read_status

__all__ = ["Row", "Section", "sections", "system_words"]

RUNBOOK = "docs/running.md"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing: ``state`` is "ok", "warning", "problem" or "off"."""

    name: str
    state: str
    since: str
    detail: str
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def sections(connection: sa.Connection, caller: Caller, t: Texts) -> list[Section]:
    """The whole page. A check that fails is a row that says so."""
    runtime = caller.runtime
    look = Look(runtime.settings, runtime.home.path, connection)
    checks = {
        "workers": (work.clock, work.background, stuck_cases.stuck, deep.deep_checks),
        "vault": (place.key_file,),
        "system": (place.records, work.api_keys, work.webhooks, work.actions, risks.go_live),
    }
    made = {name: [row for check in found for row in _run(check, look, t)] for name, found in checks.items()}
    made["lists"] = [_follower(caller, t), *_lists(connection, caller, t)]
    made["queues"] = list(_queues(connection, t))
    made["vault"].append(_held(connection, t))
    made["exchanges"] = list(_exchanges(connection, t))
    order = ("lists", "queues", "workers", "vault", "exchanges", "system")
    return [Section(t(f"health.{name}"), tuple(made[name])) for name in order if made[name]]


def system_words(connection: sa.Connection, caller: Caller, t: Texts) -> str:
    """The state of the whole in one line, cheap enough for every landing."""
    age_s = caller.runtime.follower.age_s()
    fresh = caller.runtime.follower.is_ready
    lists = t("health.lists_fresh") if fresh else t("health.lists_stale", span=_age(age_s, t))
    status = read_status(connection, caller.runtime.settings.deep)
    if status.state == "off":
        return f"{lists} {t('health.deep_off')}"
    return f"{lists} {t('health.deep_behind', span=span(t, status.oldest_s))}"


def _run(check: Callable[[Look], Iterator[Finding]], look: Look, t: Texts) -> Iterator[Row]:
    try:
        for finding in check(look):
            yield _row(finding)
    except HoldfastError as error:
        yield Row(t("health.a_check"), "problem", "", str(error), RUNBOOK)


def _row(finding: Finding) -> Row:
    runbook = "" if finding.state == "ok" else RUNBOOK
    return Row(finding.check, finding.state, "", finding.detail, runbook)


def _follower(caller: Caller, t: Texts) -> Row:
    follower = caller.runtime.follower
    state = "ok" if follower.is_ready else "problem"
    detail = t("health.position", position=follower.list_version)
    runbook = "" if follower.is_ready else RUNBOOK
    return Row(t("health.follower"), state, _age(follower.age_s(), t), detail, runbook)


def _age(age_s: float, t: Texts) -> str:
    return t("time.never") if age_s == float("inf") else span(t, age_s)


def _lists(connection: sa.Connection, caller: Caller, t: Texts) -> Iterator[Row]:
    for bank in list_banks(connection):
        if caller.principal.banks.may_see(bank.name):
            words = t("lists.trusted") if bank.trusted else t(f"lists.{bank.kind}")
            state = "ok" if bank.enabled else "off"
            yield Row(bank.name, state, ago(t, bank.created_at, now()), words)


def _queues(connection: sa.Connection, t: Texts) -> Iterator[Row]:
    c = cases.c
    late = sa.func.count(sa.case((c.due_at < now(), 1)))
    query = sa.select(c.priority, sa.func.count(), late, sa.func.min(c.opened_at))
    rows = connection.execute(
        query.where(c.state == sa.literal("open", literal_execute=True)).group_by(c.priority)
    )
    for priority, waiting, overdue, oldest in sorted(rows, key=lambda row: row[0]):
        detail = t("health.waiting_cases", count=waiting)
        if overdue:
            detail = f"{detail}, {t('health.late_cases', count=overdue)}"
        state = "problem" if overdue and priority == 0 else "warning" if overdue else "ok"
        yield Row(t(f"priority.p{priority}"), state, ago(t, oldest, now()), detail)


def _held(connection: sa.Connection, t: Texts) -> Row:
    query = sa.select(sa.func.count()).select_from(vault_items).where(vault_items.c.state == "held")
    count = connection.scalar(query) or 0
    return Row(t("health.held"), "ok", "", t("health.held_items", count=count))


def _exchanges(connection: sa.Connection, t: Texts) -> Iterator[Row]:
    for one in list_exchanges(connection):
        if not one.enabled:
            state = "off"
        elif one.fetch_succeeded is None:
            state = "warning"
        else:
            state = "ok" if one.fetch_succeeded else "problem"
        detail = one.fetch_error or t("health.fetched", count=one.fetched_items)
        runbook = "docs/hash-lists.md" if state in ("warning", "problem") else ""
        yield Row(one.name, state, ago(t, one.fetched_at, now()), detail, runbook)
