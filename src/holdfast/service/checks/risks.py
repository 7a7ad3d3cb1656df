"""Settings that are meant for trying out, and what is still to be done before going live."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.service import checklist, evidence
from holdfast.service.checks.finding import Finding, Look
from holdfast.settings import Settings

__all__ = ["go_live", "settings"]


def settings(chosen: Settings) -> Iterator[Finding]:
    """One line for each setting that gives something away."""
    risky = (
        (chosen.vault.development_key, "vault.development_key", "the key may lie beside what it opens"),
        (
            chosen.hma.test_mode,
            "hma.test_mode",
            "everything can be deleted by one call: never on a real list",
        ),
        (chosen.hma.path_keys, "hma.path_keys", "keys stand in URLs, which end up in other people's logs"),
        (chosen.fetch.allow_http, "fetch.allow_http", "content is fetched without TLS"),
        (chosen.webhooks.allow_loopback_http, "webhooks.allow_loopback_http", "for development"),
    )
    for is_on, name, why in risky:
        if is_on:
            yield Finding("settings", "warning", f"{name} is on: {why}")


def go_live(look: Look) -> Iterator[Finding]:
    """The go-live checklist in short; what is wrong in full."""
    found = checklist.look_at(look.connection, look.settings, look.home)
    open_items = [item.name for item in found if item.state in ("todo", "warning")]
    for item in found:
        if item.state == "problem":
            yield Finding(item.name, "problem", f"{item.detail}. {item.how}")
    if open_items:
        detail = f"{len(open_items)} of {len(found)} to do ({', '.join(open_items)}): `holdfast checklist`"
        yield Finding("going live", "warning", detail)
    elif all(item.state == "ok" for item in found):
        yield Finding("going live", "ok", "everything on the checklist is done")
    if not evidence.is_loopback(look.settings.server.host) and not look.settings.server.trusted_proxies:
        detail = "no server.trusted_proxies: behind a proxy every caller has the proxy's address"
        yield Finding("settings", "warning", detail)
