"""Files of a case as the form wants them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from holdfast.decisions.facts import Context
from holdfast.errors import NotFoundError, ObjectDamagedError, ObjectDestroyedError
from holdfast.reporting.cybertip.models.common import IpCaptureEvent
from holdfast.reporting.cybertip.models.file_details import (
    FileAnnotations,
    FileDescription,
    OriginalFileHash,
)
from holdfast.reporting.cybertip.schema.file_details import FILE_DETAILS
from holdfast.reporting.cybertip.schema.words import Type
from holdfast.reporting.cybertip.vocabulary import Classification, EventName, FileRelevance
from holdfast.reporting.drafts.texts import ascii_url
from holdfast.reporting.filing.contents import Contents
from holdfast.reporting.filing.models import SubmittedFile
from holdfast.review.models import CaseItem

__all__ = ["Digests", "digest", "file_of_item", "first_moment", "suffix_of", "upload_event"]

_SUFFIX: Final = re.compile(r"^\.[A-Za-z0-9]{1,10}$")
_SURFACE_IS_PUBLIC: Final = {"public": True, "private": False}


@dataclass(frozen=True, slots=True)
class Digests:
    """Of the original bytes as they were uploaded, in lower-case hex."""

    md5: str
    sha1: str
    sha256: str

    def hashes(self) -> tuple[OriginalFileHash, ...]:
        return tuple(
            OriginalFileHash(value=value, hash_type=name)
            for name, value in (("MD5", self.md5), ("SHA1", self.sha1), ("SHA256", self.sha256))
        )


def digest(contents: Contents, item_ids: Iterable[str], *, purpose: str) -> dict[str, Digests]:
    """Item -> digests. Opening each is on record; no person sees anything.

    What was destroyed or is damaged has none: filing says so. Not inside a transaction: the vault writes
    its own. Raises `KeyUnavailableError` and the like where it may be had later.
    """
    found = {}
    for item_id in item_ids:
        with suppress(NotFoundError, ObjectDestroyedError, ObjectDamagedError):
            found[item_id] = _digests(contents, item_id, purpose)
    return found


def _digests(contents: Contents, item_id: str, purpose: str) -> Digests:
    md5 = hashlib.md5(usedforsecurity=False)  # police systems still look files up by these two
    sha1 = hashlib.sha1(usedforsecurity=False)
    sha256 = hashlib.sha256()
    for piece in contents.open(item_id, purpose=purpose).pieces:
        for one in (md5, sha1, sha256):
            one.update(piece)
    return Digests(md5.hexdigest(), sha1.hexdigest(), sha256.hexdigest())


def file_of_item(
    item: CaseItem, digests: Digests | None, *, with_classification: bool, of_stream: bool = False
) -> SubmittedFile:
    """One file. What the platform did not say is left out; `viewed` is for `views` to fill in."""
    assert item.item_id is not None  # noqa: S101  (only held content is a file)
    context = Context.from_json(item.context)
    annotations = {_field(name): True for name in item.annotations if _field(name) is not None}
    if of_stream:
        annotations["live_streaming"] = True
    return SubmittedFile(
        item_id=item.item_id,
        suffix=suffix_of(context.original_name),
        description=FileDescription(
            original_file_name=context.original_name,
            uploaded_to_esp_timestamp=context.uploaded_at,
            location_of_file=ascii_url(context.urls[0]) if context.urls else None,
            publicly_available=_SURFACE_IS_PUBLIC.get(context.surface),
            file_relevance=FileRelevance.REPORTED,
            file_annotations=FileAnnotations(**_flags(annotations)) if annotations else None,
            industry_classification=_classification(item.label) if with_classification else None,
            original_file_hashes=() if digests is None else digests.hashes(),
            ip_capture_event=upload_event(context),
            additional_infos=_evidence(item),
        ),
    )


def upload_event(context: Context) -> IpCaptureEvent | None:
    """The address that an upload came from."""
    if context.ip is None:
        return None
    return IpCaptureEvent(
        ip_address=context.ip, event_name=EventName.UPLOAD, date_time=context.uploaded_at, port=context.port
    )


def suffix_of(name: str | None) -> str:
    """The end of a file's name, where it is a plain one."""
    suffix = PurePosixPath(name or "").suffix
    return suffix if _SUFFIX.match(suffix) else ""


def first_moment(items: Iterable[CaseItem]) -> datetime | None:
    """When the earliest of these uploads was made, as far as the platform said."""
    moments = [Context.from_json(item.context).uploaded_at for item in items]
    return min((one for one in moments if one is not None), default=None)


def _evidence(item: CaseItem) -> tuple[str, ...]:
    """How it was found, in words that name no list and no hash."""
    near = [match for match in item.matches if match.get("bank_kind") == "known"]
    if not near:
        return ()
    best = min(near, key=lambda match: match.get("distance_bits") or 0)
    if best.get("exact"):
        return (f"Found by an equal {_algorithm(best)} digest on a list of known material.",)
    bits = best.get("distance_bits")
    how = "" if bits is None else f", {bits} of 256 bits apart"
    return (f"Found by {_algorithm(best)} on a list of known material{how}.",)


def _algorithm(match: Mapping[str, Any]) -> str:
    return str(match.get("algorithm", "hash")).upper()


def _classification(label: str | None) -> Classification | None:
    return Classification(label) if label in set(Classification) else None


def _flags(annotations: Mapping[str | None, bool]) -> dict[str, bool]:
    return {name: True for name in annotations if name is not None}


def _field(name: str) -> str | None:
    """The model's field of an annotation in the schema's words; None for one that it does not know."""
    return _FIELDS.get(name)


def _fields() -> dict[str, str]:
    details = FILE_DETAILS.type
    assert isinstance(details, Type)  # noqa: S101
    annotations = next(child for child in details.children if child.name == "fileAnnotations")
    assert isinstance(annotations.type, Type)  # noqa: S101
    return {child.name: child.field for child in annotations.type.children}


_FIELDS: Final = _fields()
