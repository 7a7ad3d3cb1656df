"""Who can sign in to the console and how safely, and whether the audit log is as it was written."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.access.people import list_people
from holdfast.access.roles import Role
from holdfast.records import audit, audit_check
from holdfast.service import evidence
from holdfast.service.checks.finding import Finding, Look

__all__ = ["audit_log", "console"]


def console(look: Look) -> Iterator[Finding]:
    """One line for people, one for each thing about the console's address that is to be done."""
    settings = look.settings.console
    if not settings.enabled:
        return
    active = [person for person in list_people(look.connection) if person.is_active]
    if not active:
        yield Finding("people", "warning", "nobody can sign in: `holdfast person add NAME --role admin`")
        return
    if any(Role.ADMIN in person.roles for person in active):
        yield Finding("people", "ok", f"{len(active)} can sign in")
    else:
        detail = f"{len(active)} can sign in, none of them an administrator: `holdfast person roles`"
        yield Finding("people", "warning", detail)
    origin = settings.origin or ""
    if origin.startswith("http://") and origin.removeprefix("http://").partition(":")[0] != "localhost":
        detail = f"console.origin is {origin}: sessions travel in the clear. End TLS in front, and name https"
        yield Finding("console", "problem", detail)
    elif not origin and not evidence.is_loopback(look.settings.server.host):
        detail = "console.origin is not set: nobody but this machine can open the console"
        yield Finding("console", "warning", detail)


def audit_log(look: Look, full: bool) -> Iterator[Finding]:
    """With ``full`` every row, otherwise that the log ends where its head says."""
    if full:
        found = audit_check.verify(look.connection)
        if found.faults:
            first = found.faults[0]
            yield _broken(f"row {first.position}: {first.what}")
        else:
            yield Finding("audit log", "ok", f"{found.rows} rows, every one as it was written")
        return
    end, newest = audit.head(look.connection), audit.newest(look.connection, limit=1)
    if [(end.position, end.digest)] == [(one.position, one.digest) for one in newest] or not (
        end.position or newest
    ):
        yield Finding("audit log", "ok", f"{end.position} rows; `holdfast doctor --full` looks at each")
    else:
        yield _broken(f"it should end at row {end.position}")


def _broken(what: str) -> Finding:
    detail = (
        f"{what}. Keep everything as it is, and run `holdfast audit verify`: docs/audit.md says what next"
    )
    return Finding("audit log", "problem", detail)
