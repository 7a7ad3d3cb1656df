"""`fileViewedByEsp`: true only where the ledger proves it, of these very bytes. False delays nothing."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
import sqlalchemy as sa

from holdfast.records.tables.base import now
from holdfast.records.tables.viewing import attestations, media_grants, media_served
from holdfast.reporting.drafts.approval import approve
from holdfast.reporting.drafts.preview import preview
from holdfast.reporting.drafts.sending import send_due
from holdfast.reporting.drafts.views import proofs
from tests.reporting.drafting import ANA, Office, make_office
from tests.reporting.world import World

DATA = b"an ordinary photo"


@pytest.fixture
def office(one_world: World) -> Office:
    one_world.kept = None
    return make_office(one_world)


def view(
    office: Office,
    item: str,
    *,
    fidelity: str = "original",
    digest: bytes | None = None,
    attested: bool = True,
    why_not: str | None = None,
) -> None:
    """Rows as the ledger's own code writes them for one reveal."""
    at = now()
    with office.world.database.write() as connection:
        grant = connection.execute(
            sa.insert(media_grants)
            .values(
                person=ANA,
                session="s",
                item_id=item,
                granted_at=at,
                expires_at=at,
                ended_at=at,
                last_number=3,
                shown_ms=5000,
            )
            .returning(media_grants.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(media_served).values(
                grant_id=grant,
                person=ANA,
                item_id=item,
                fidelity=fidelity,
                digest=digest or sha256(DATA).digest(),
                first_byte=0,
                end_byte=len(DATA),
                total_bytes=len(DATA),
                at=at,
            )
        )
        if attested:
            values = {"complete": why_not is None, "why_not": why_not, "shown_ms": 5000}
            connection.execute(
                sa.insert(attestations).values(grant_id=grant, item_id=item, person=ANA, at=at, **values)
            )


def seen_in_full(office: Office, item: str) -> None:
    view(office, item)


def nothing(office: Office, item: str) -> None:
    pass


def blurred(office: Office, item: str) -> None:
    view(office, item, fidelity="blurred", why_not="not_original")


def thumbnail(office: Office, item: str) -> None:
    view(office, item, fidelity="thumbnail", why_not="not_original")


def part_of_a_film(office: Office, item: str) -> None:
    view(office, item, why_not="not_all_played")


def no_attestation(office: Office, item: str) -> None:
    view(office, item, attested=False)


def attested_of_a_blurred_copy(office: Office, item: str) -> None:
    """Should the ledger ever say "complete" of bytes that were no original, that proves nothing here."""
    view(office, item, fidelity="blurred")


def other_bytes(office: Office, item: str) -> None:
    view(office, item, digest=sha256(b"something else").digest())


def a_copy_that_was_viewed_elsewhere(office: Office, item: str) -> None:
    copy = office.upload(DATA, account="user-2")
    ((_, other),) = office.items(copy)
    view(office, other)


CASES: list[tuple[Callable[[Office, str], None], bool]] = [
    (seen_in_full, True),
    (nothing, False),
    (blurred, False),
    (thumbnail, False),
    (part_of_a_film, False),
    (no_attestation, False),
    (attested_of_a_blurred_copy, False),
    (other_bytes, False),
    (a_copy_that_was_viewed_elsewhere, False),
]


@pytest.mark.parametrize(("happened", "expected"), CASES, ids=[one.__name__ for one, _ in CASES])
def test_viewed_is_a_fact_about_this_very_file(
    office: Office, happened: Callable[[Office, str], None], expected: bool
) -> None:
    case = office.upload(DATA)
    ((_, item),) = office.items(case)
    happened(office, item)
    office.decide(case)
    draft = office.one(case)
    with office.world.database.write() as connection:
        shown = preview(connection, office.desk, draft)
        approve(connection, office.desk, draft.id, version=draft.version, by=ANA)
    assert shown.files[0].is_viewed is expected and not shown.files[0].exif_is_viewed
    send_due(office.world.database, office.desk)
    office.world.work()
    (report,) = office.world.stand_in.desk.finished()  # false delays nothing
    (file,) = report.files.values()
    assert file.details is not None
    said = f"<fileViewedByEsp>{str(expected).lower()}</fileViewedByEsp>".encode()
    assert said in file.details and b"<exifViewedByEsp>false</exifViewedByEsp>" in file.details


def test_what_is_viewed_between_draft_and_approval_counts(office: Office) -> None:
    case = office.upload(DATA)
    ((_, item),) = office.items(case)
    office.decide(case)
    draft = office.one(case)
    seen_in_full(office, item)
    with office.world.database.write() as connection:
        assert preview(connection, office.desk, draft).files[0].is_viewed
        changed = approve(connection, office.desk, draft.id, version=draft.version, by=ANA)
        assert set(proofs(connection, [item])) == {item}
    (file,) = office.content(changed).files
    assert file.viewed is not None and file.viewed.viewer == ANA
