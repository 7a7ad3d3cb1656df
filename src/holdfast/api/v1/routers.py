"""The routers of our own API that can wait (see `rest.Rest`), in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.api.v1 import (
    actions,
    appeals,
    approvals,
    audit,
    banks,
    case_evidence,
    case_media,
    case_work,
    cases,
    checklist,
    counters,
    decisions,
    destructions,
    entries,
    events,
    hashing,
    holds,
    imports,
    jobs,
    keys,
    notices,
    people,
    reports,
    reports_steps,
    reviewers,
    rules,
    sources,
    webhooks,
)

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    hashing.router,
    banks.router,
    sources.router,
    imports.router,
    entries.router,
    events.router,
    decisions.router,
    holds.router,
    destructions.router,
    reports.router,
    reports_steps.router,
    cases.router,
    case_work.router,
    case_evidence.router,
    case_media.router,
    approvals.router,
    notices.router,
    appeals.router,
    reviewers.router,
    actions.router,
    rules.router,
    webhooks.router,
    jobs.router,
    counters.router,
    keys.router,
    people.router,
    audit.router,
    checklist.router,
)
