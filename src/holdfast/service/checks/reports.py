"""Reports: where they go, whether that is set up, and what needs a person."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.errors import HoldfastError
from holdfast.reporting.configured import cybertipline, find_credentials
from holdfast.reporting.destinations.registry import destinations_file
from holdfast.reporting.destinations.table import PACKET, load_rules
from holdfast.service.checks.finding import Finding, Look
from holdfast.service.report_status import read_status

__all__ = ["reports"]


def reports(look: Look) -> Iterator[Finding]:
    """The service that is meant, credentials, packet keys, alarms, what is late."""
    settings = look.settings.reporting
    status = read_status(look.connection)
    try:
        destination = cybertipline(settings)
        has_credentials = find_credentials(settings, look.home) is not None
        rules = load_rules(destinations_file(settings, look.home))
    except HoldfastError as error:
        yield Finding("reports", "problem", str(error))
        return
    waiting = sum(status.waiting.values())
    if not has_credentials:
        detail = f"no credentials of the CyberTipline's {settings.environment} service: nothing is filed"
        detail = f"{detail}, and {waiting} reports wait. See docs/reporting.md"
        yield Finding("reports", "problem" if waiting else "warning", detail)
    else:
        yield Finding("reports", "ok", f"{destination.banner} {waiting} wait for people or their hold")
    if settings.reporter_email is None:
        detail = "reporting.reporter_email is not set: NCMEC takes no report without it"
        yield Finding("reports", "problem" if waiting else "warning", detail)
    needed = {rule.destination for rule in rules.rules if rule.unless is None and not rule.only_imminent}
    for one in rules.destinations:
        if one.kind == PACKET and one.recipient is None and one.name in needed:
            detail = f"rules send reports to {one.name}, and its key is not in the file of destinations"
            yield Finding("reports", "warning", detail)
    for kind, count in sorted(status.alarms.items()):
        yield Finding("reports", "problem", f"{count} alarms {kind}: `holdfast report alarms` says which")
    if status.late:
        detail = f"{status.late} reports wait for people past their deadline: `holdfast report list`"
        yield Finding("reports", "problem", detail)
