"""Entries of a bank, one content with many fingerprints each: find, add, change, review, delete."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import AfterValidator
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1 import uploads
from holdfast.api.v1.entry_models import (
    Added,
    AddedAnswer,
    Algorithm,
    ChangedEntry,
    Classification,
    DeletedEntry,
    EntryAnswer,
    EntryChange,
    EntryDetail,
    EntryReviewRequest,
    NewEntry,
    StandingAnswer,
    fingerprint_of,
)
from holdfast.api.v1.fields import AfterId, Answer, BankName, Id, Limit, Line, Page, page, printable
from holdfast.api.writes import IDEMPOTENCY_KEY, Write, Writing
from holdfast.banks import entries as service
from holdfast.banks import opinions
from holdfast.banks.models import Entry, Fingerprint
from holdfast.banks.service import get_bank
from holdfast.banks.sources import ensure_source
from holdfast.decisions.standing import list_reviews, review_entry, standings
from holdfast.errors import NotFoundError, UsageError
from holdfast.screening.adding import OWN_SOURCE, fingerprints_of, keep_local_features
from holdfast.screening.hashes import FileHashes
from holdfast.screening.lookup import GivenHash

__all__ = ["router"]

router = APIRouter(tags=["entries"])

Search = Annotated[str | None, Query(max_length=200), AfterValidator(lambda text: text and printable(text))]


@router.get("/v1/banks/{bank}/entries", summary="List or search entries", responses=responses(404, 422))
def list_entries(
    caller: Annotated[Caller, Guard(Permission.ENTRY_READ)],
    bank: BankName,
    text: Search = None,
    classification: Annotated[Classification | None, Query()] = None,
    algorithm: Annotated[Algorithm | None, Query(description="With `value`: entries that hold it.")] = None,
    value: Annotated[str | None, Query(max_length=64, description="A hash in hexadecimal.")] = None,
    after: AfterId = 0,
    limit: Limit = 100,
) -> Page[EntryAnswer]:
    """Entries of a bank in the order of their ids. `text` is looked for in label and note, in any case."""
    caller.principal.require_bank(bank)
    wanted = None
    if (algorithm is None) != (value is None):
        raise UsageError("A search by hash needs algorithm and value, both. Nothing was searched.")
    if algorithm is not None and value is not None:
        wanted = (algorithm, GivenHash.parse(algorithm, value).value)
    with caller.runtime.database.read() as connection:
        found = service.list_entries(
            connection,
            get_bank(connection, bank).id,
            text=text,
            classification=classification,
            fingerprint=wanted,
            after_id=after,
            limit=limit,
        )
        said = standings(connection, [entry.id for entry in found])
    items = [EntryAnswer.of(entry, bank, said[entry.id]) for entry in found]
    return page(items, limit, [entry.id for entry in found])


@router.post(
    "/v1/banks/{bank}/entries",
    status_code=201,
    summary="Add an entry by its hashes",
    response_model=Added,
    responses=responses(404, 422),
)
def add_entry(
    bank: BankName, body: NewEntry, write: Annotated[Write, Writing(Permission.ENTRY_WRITE)]
) -> Response:
    """One content with ready hashes, on this company's own word. It matches at once.

    A content that shares a hash with an entry of the bank is added to that entry, which keeps its label.
    """
    write.principal.require_bank(bank, change=True)
    fingerprints = [fingerprint_of(one) for one in body.hashes]
    said = body.model_dump(exclude={"hashes"})
    return write.change_lists(lambda connection: _add(connection, bank, fingerprints, **said), status=201)


@router.post(
    "/v1/banks/{bank}/media",
    status_code=201,
    summary="Add an entry by its file",
    response_model=Added,
    responses=responses(400, 404, 408, 413, 415, 422),
    openapi_extra=uploads.BINARY,
)
@streams
async def add_media(
    caller: Annotated[Caller, Guard(Permission.ENTRY_WRITE)],
    bank: BankName,
    label: Annotated[Line, Query(min_length=1)],
    classification: Annotated[Classification | None, Query()] = None,
    note: Annotated[Line, Query(max_length=255)] = "",
    local_features: Annotated[
        bool, Query(description="Of a video: also keep its local features, sealed. No answer holds them.")
    ] = False,
    key: str | None = IDEMPOTENCY_KEY,
) -> Response:
    """The request's body is the file: it is hashed exactly, and only its hashes are kept.

    A file that no perceptual hash can be made of is added by its digests; `detail` then says why.
    """
    caller.principal.require_bank(bank, change=True)

    def add(data: bytes) -> Response:
        with caller.runtime.database.read() as connection:
            with_views = get_bank(connection, bank).reference_views
        if not data:
            raise UsageError("The body is empty: every empty file would match it. Nothing was added.")
        hashes = caller.runtime.screener.hasher.hash_bytes(
            data, with_views=with_views, with_local=local_features
        )
        made = fingerprints_of(hashes)
        said: dict[str, Any] = {"label": label, "classification": classification, "note": note}
        return Write(caller, key, data).change_lists(
            lambda connection: _add_file(connection, caller, bank, hashes, made, said), status=201
        )

    return await uploads.with_body(caller, add)


@router.get("/v1/banks/{bank}/entries/{entry}", summary="Show an entry", responses=responses(404, 422))
def get_entry(
    caller: Annotated[Caller, Guard(Permission.ENTRY_READ)], bank: BankName, entry: Id
) -> EntryDetail:
    """One entry with its fingerprints, what sources say of them, and what people said of the entry.

    A hash value whose sharing terms do not let it be shown is null.
    """
    caller.principal.require_bank(bank)
    with caller.runtime.database.read() as connection:
        found = _entry(connection, bank, entry)
        held = service.list_fingerprints(connection, entry)
        said = opinions.opinions_of(connection, [one.id for one in held])
        standing = standings(connection, [entry])[entry]
        return EntryDetail.with_all(found, bank, standing, held, said, list_reviews(connection, entry))


@router.patch(
    "/v1/banks/{bank}/entries/{entry}",
    summary="Change an entry",
    response_model=ChangedEntry,
    responses=responses(404, 422),
)
def change_entry(
    bank: BankName, entry: Id, body: EntryChange, write: Annotated[Write, Writing(Permission.ENTRY_WRITE)]
) -> Response:
    """What is given is changed, the rest stays. `disabled_until` needs the permission `entry.disable` too."""
    write.principal.require_bank(bank, change=True)
    changes = body.model_dump(exclude_unset=True)
    if "disabled_until" in changes:
        write.principal.require(Permission.ENTRY_DISABLE)

    def work(connection: sa.Connection) -> EntryAnswer:
        _entry(connection, bank, entry)
        changed = service.update_entry(connection, entry, **changes)
        if "disabled_until" in changes:
            until = body.disabled_until and body.disabled_until.isoformat()
            write.note(connection, "entry.disable", f"entry:{entry}", bank=bank, until=until)
        return EntryAnswer.of(changed, bank, standings(connection, [entry])[entry])

    return write.change_lists(work)


@router.delete(
    "/v1/banks/{bank}/entries/{entry}",
    summary="Delete an entry",
    response_model=DeletedEntry,
    responses=responses(404, 422),
)
def delete_entry(
    bank: BankName, entry: Id, write: Annotated[Write, Writing(Permission.ENTRY_DELETE)]
) -> Response:
    """The entry with its fingerprints and all that was said of it; it ceases to match at once."""
    write.principal.require_bank(bank, change=True)

    def work(connection: sa.Connection) -> Answer:
        _entry(connection, bank, entry)
        service.remove_entry(connection, entry)
        write.note(connection, "entry.delete", f"entry:{entry}", bank=bank)
        return Answer()

    return write.change_lists(work)


@router.post(
    "/v1/banks/{bank}/entries/{entry}/reviews",
    status_code=201,
    summary="Confirm or dispute an entry",
    response_model=StandingAnswer,
    responses=responses(404, 409, 422),
)
def review(
    bank: BankName,
    entry: Id,
    body: EntryReviewRequest,
    write: Annotated[Write, Writing(Permission.OPINION_WRITE)],
) -> Response:
    """Of each person the latest word counts. A disputed entry no longer acts with full force, at once."""
    write.principal.require_bank(bank)

    def work(connection: sa.Connection) -> StandingAnswer:
        _entry(connection, bank, entry)
        standing = review_entry(
            connection,
            entry,
            person=write.subject,
            verdict=body.verdict,
            reason=body.reason,
            event_id=body.event,
        )
        return StandingAnswer(standing=standing)

    return write.run(work, status=201)


def _entry(connection: sa.Connection, bank: str, entry_id: int) -> Entry:
    """The entry, where it is in that bank: a bank that the key may see opens no other."""
    entry = service.get_entry(connection, entry_id)
    if entry.bank_id != get_bank(connection, bank).id:
        raise NotFoundError(f"There is no entry {entry_id} in the bank {bank!r}. Nothing was done.")
    return entry


def _add_file(
    connection: sa.Connection,
    caller: Caller,
    bank: str,
    hashes: FileHashes,
    made: list[Fingerprint],
    said: dict[str, Any],
) -> AddedAnswer:
    answer = _add(connection, bank, made, medium=hashes.medium, detail=hashes.detail, **said)
    if hashes.local is not None:
        keep_local_features(connection, answer.entry.id, hashes, caller.runtime.sealer)
    return answer


def _add(
    connection: sa.Connection,
    bank: str,
    fingerprints: list[Fingerprint],
    *,
    label: str,
    classification: str | None,
    medium: str,
    note: str,
    detail: str = "",
) -> AddedAnswer:
    added = service.add_entry(
        connection,
        get_bank(connection, bank).id,
        label=label,
        added=fingerprints,
        source_id=ensure_source(connection, OWN_SOURCE).id,
        classification=classification,
        medium=medium,
        note=note,
    )
    standing = standings(connection, [added.entry.id])[added.entry.id]
    return AddedAnswer(
        entry=EntryAnswer.of(added.entry, bank, standing),
        new=added.is_new,
        fingerprints_added=added.fingerprints_added,
        detail=detail,
    )
