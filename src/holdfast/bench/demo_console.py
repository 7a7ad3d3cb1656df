"""The demo's console: people, and cases of ordinary photographs, so that every page has something to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.bench.demo_service import DemoService
from holdfast.client import Context

if TYPE_CHECKING:
    import sqlalchemy as sa

    from holdfast.review.texts import Message
    from holdfast.service.runtime import Runtime

__all__ = ["DemoPeople", "fill_console"]

LINK_MINUTES = 12 * 60.0
ACCOUNTS = ("user-4711", "garten_freund", "حساب-الصور", "k.mensah.1983", "user-90210", "пример")
BY = "demo"


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """Addresses that sign somebody in once, by name: a lead and a reviewer."""

    lead: str
    reviewer: str


def fill_console(service: DemoService, uploads: Sequence[tuple[Path, str, str]]) -> DemoPeople:
    """Uploads the pictures under a few accounts, and adds what people write, decide and ask for."""
    _upload(service, uploads)
    from holdfast.service.runtime import Runtime

    with Runtime(service.home) as runtime:
        people = _add_people(runtime)
        with runtime.database.write() as connection:
            _tell(connection, runtime)
        _decide(runtime, f"person:{people['Ana Ruiz']}")
        with runtime.database.write() as connection:
            return DemoPeople(
                lead=_link(connection, service, people["Maria Okafor"]),
                reviewer=_link(connection, service, people["Ana Ruiz"]),
            )


def _upload(service: DemoService, uploads: Sequence[tuple[Path, str, str]]) -> None:
    at = datetime.now(UTC)
    with service.uploader() as uploader:
        for number, (path, account) in enumerate(
            zip([one[0] for one in uploads], cycle(ACCOUNTS), strict=False)
        ):
            context = Context(
                content_reference=f"post/{number:03}",
                account=account,
                surface="public" if number % 3 else "private",
                country="US",
                urls=(f"https://photos.example.org/post/{number:03}",),
                uploaded_at=at - timedelta(minutes=5 + number),
                ip=f"203.0.113.{7 + number % 5}",
                port=40_000 + number,
                original_name=path.name,
            )
            uploader.screen(path, context)


def _add_people(runtime: Runtime) -> dict[str, str]:
    """Name -> id. All but the auditor are noted as trained."""
    from holdfast.access.people import add_person
    from holdfast.access.roles import Role
    from holdfast.review.wellness import set_trained

    wanted = {
        "Maria Okafor": (Role.LEAD, Role.ADMIN),
        "Ana Ruiz": (Role.REVIEWER,),
        "Kofi Mensah": (Role.REVIEWER,),
        "Ines Auditora": (Role.AUDITOR,),
    }
    found = {}
    with runtime.database.write() as connection:
        for name, roles in wanted.items():
            person = add_person(connection, name=name, roles=roles, by=BY)
            found[name] = person.id
            if Role.AUDITOR not in roles:
                set_trained(connection, person.subject, by=BY)
    return found


def _tell(connection: sa.Connection, runtime: Runtime) -> None:
    """A notice, a case of messages, and one of imminent danger."""
    from holdfast.review.clocks import set_imminent
    from holdfast.review.notices import NewNotice, add_notice
    from holdfast.review.opening import gather
    from holdfast.review.texts import add_messages

    rules, sealer = runtime.review, runtime.sealer
    notice = NewNotice(
        kind="hotline",
        text="An example of a notice. It names where the content is; it never carries it.",
        urls=("https://photos.example.org/post/004",),
        content_references=("post/004",),
        contact="hotline@example.org",
    )
    add_notice(connection, notice, by=BY, sealer=sealer, rules=rules)
    case = gather(connection, "room-guest-17", rules, kind="text", priority=2, by=BY, surface="private")
    add_messages(connection, case.id, list(_messages()), by=BY, sealer=sealer)
    danger = gather(connection, "user-0112", rules, kind="text", priority=1, by=BY, surface="private")
    add_messages(connection, danger.id, list(_messages())[:2], by=BY, sealer=sealer)
    set_imminent(connection, danger.id, by=BY, rules=rules)


def _messages() -> Iterator[Message]:
    """Harmless talk that stands in for what a case of messages holds."""
    from holdfast.review.texts import Message

    at = datetime.now(UTC) - timedelta(hours=2)
    lines = (
        "Which tram goes to the botanical garden?",
        "The 11, from the station.",
        "Is it open on Sundays?",
    )
    for number, line in enumerate(lines):
        sender = "room-guest-17" if number % 2 == 0 else "room-guest-21"
        yield Message(sender, line, at + timedelta(minutes=number), is_suspect=number % 2 == 0)


def _decide(runtime: Runtime, person: str) -> None:
    """One case is decided and waits for its time to undo; another waits for a second person."""
    from holdfast.review.cases import CaseFilter, add_note, get_case, items_of
    from holdfast.review.deciding import decide
    from holdfast.review.labels import label_item
    from holdfast.review.leases import take_next

    for label, not_a_match, outcome in (("A2", None, "report"), ("none", "different_content", "release")):
        with runtime.database.write() as connection:
            lease = take_next(connection, person, runtime.review, CaseFilter(kind="match"))
            if lease is None:
                return
            for item in items_of(connection, lease.case_id):
                label_item(
                    connection,
                    lease.case_id,
                    item.id,
                    person=person,
                    fence=lease.fence,
                    label=label,
                    not_a_match=not_a_match,
                )
            add_note(connection, lease.case_id, by=person, text="An ordinary photograph: this is the demo.")
            decide(
                connection,
                lease.case_id,
                person=person,
                fence=lease.fence,
                version=get_case(connection, lease.case_id).version,
                outcome=outcome,
                reason="Decided by the demo.",
                rules=runtime.review,
            )


def _link(connection: sa.Connection, service: DemoService, person_id: str) -> str:
    """The console is at localhost: passkeys need a name, and no bare address."""
    from holdfast.access.links import make_link

    token = make_link(connection, person_id, by=BY, minutes=LINK_MINUTES)
    return f"{service.console_url}/sign-in/link#{token}"
