"""Bodies and answers about entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from holdfast.api.v1.fields import MAX_ID, Answer, Line, ListChange, Moment, Reason, Request
from holdfast.banks.models import Entry, Fingerprint, Opinion, StoredFingerprint
from holdfast.decisions.standing import EntryReview
from holdfast.screening.lookup import GivenHash

__all__ = [
    "Added",
    "AddedAnswer",
    "Algorithm",
    "ChangedEntry",
    "Classification",
    "DeletedEntry",
    "EntryAnswer",
    "EntryChange",
    "EntryDetail",
    "EntryReviewRequest",
    "NewEntry",
    "StandingAnswer",
    "fingerprint_of",
]

Algorithm = Literal["pdq", "md5", "sha1", "sha256"]
Classification = Literal["A1", "A2", "B1", "B2"]
Medium = Literal["image", "video", "audio", "unknown"]
Label = Annotated[Line, Field(min_length=1, examples=["case 4711, picture 3"])]
Note = Annotated[Line, Field(max_length=255, examples=["seen twice"])]
MAX_HASHES = 1_000


class NewHash(Request):
    """One ready hash."""

    algorithm: Algorithm
    value: str = Field(max_length=64, description="Hexadecimal.", examples=["0f" * 32])
    convention: Literal["full", "nearest-512", "unknown"] | None = Field(
        default=None, description="PDQ only: how the picture was scaled; unknown where it is not said."
    )
    quality: int | None = Field(default=None, ge=0, le=100, description="PDQ's quality.")
    size_bytes: int | None = Field(default=None, ge=0, le=MAX_ID, description="Makes an MD5 exact.")


class NewEntry(Request):
    """One content by its ready hashes."""

    label: Label
    hashes: list[NewHash] = Field(min_length=1, max_length=MAX_HASHES)
    classification: Classification | None = None
    medium: Medium = "image"
    note: Note = ""


class EntryChange(Request):
    """What is given is changed, the rest stays; null clears a classification or enables the entry."""

    label: Label = ""
    classification: Classification | None = None
    note: Note = ""
    disabled_until: Moment | None = Field(
        default=None, description="It does not match before that moment.", examples=["2026-12-01T00:00:00Z"]
    )


class EntryReviewRequest(Request):
    """What a person says of an entry. ``withdraw`` takes their own last word back."""

    verdict: Literal["confirm", "dispute", "withdraw"]
    reason: Reason = Field(examples=["A stock photograph: the list is wrong here."])
    event: int | None = Field(default=None, ge=1, le=MAX_ID, description="The match that showed it.")


class StandingAnswer(Answer):
    """What follows for the entry."""

    standing: str = Field(examples=["disputed"], description="none, confirmed, disputed or held.")


class EntryAnswer(Answer):
    """One entry."""

    id: int = Field(examples=[7])
    bank: str = Field(examples=["KNOWN"])
    label: str = Field(examples=["case 4711, picture 3"])
    classification: str | None = Field(examples=["A1"])
    medium: str = Field(examples=["image"])
    note: str = Field(examples=["seen twice"])
    disabled_until: datetime | None
    standing: str = Field(
        examples=["none"], description="none, confirmed, disputed or held (by the flood brake)."
    )
    created_at: datetime

    @classmethod
    def of(cls, entry: Entry, bank: str, standing: str) -> Self:
        return cls(bank=bank, standing=standing, **_fields(entry))


class AddedAnswer(Answer):
    """The entry, and whether it is new. ``detail`` says what could not be hashed."""

    entry: EntryAnswer
    new: bool = Field(examples=[True], description="False: an entry that shares a hash was added to.")
    fingerprints_added: int = Field(examples=[4])
    detail: str = ""


class Added(AddedAnswer, ListChange):
    """The entry, and whether it is new. ``detail`` says what could not be hashed."""


class ChangedEntry(EntryAnswer, ListChange):
    """The entry as it is now."""


class DeletedEntry(ListChange):
    """It has ceased to match."""


class OpinionAnswer(Answer):
    """What one source says of a fingerprint."""

    source: str = Field(examples=["own"])
    opinion: str = Field(examples=["positive"])
    provenance: str = Field(examples=["list-2026-11.csv"], description="The source's own id or file.")
    withdrawn_at: datetime | None
    updated_at: datetime


class FingerprintAnswer(Answer):
    """One hash. ``value`` is null where its sharing terms do not let it be shown."""

    algorithm: str = Field(examples=["pdq"])
    value: str | None = Field(examples=["0f" * 32])
    convention: str = Field(examples=["full"])
    quality: int | None = Field(examples=[97])
    size_bytes: int | None
    active: bool = Field(examples=[True], description="Whether it matches.")
    opinions: list[OpinionAnswer]


class ReviewAnswer(Answer):
    """What one person said."""

    person: str = Field(examples=["key:4k8wz0qd2m1x"])
    verdict: str = Field(examples=["dispute"])
    reason: str = Field(examples=["A stock photograph: the list is wrong here."])
    event: int | None = Field(validation_alias="event_id")
    at: datetime


class EntryDetail(EntryAnswer):
    """One entry with its fingerprints and reviews, the newest review first."""

    fingerprints: list[FingerprintAnswer]
    reviews: list[ReviewAnswer]

    @classmethod
    def with_all(
        cls,
        entry: Entry,
        bank: str,
        standing: str,
        held: Sequence[StoredFingerprint],
        said: Mapping[int, Sequence[Opinion]],
        reviews: Sequence[EntryReview],
    ) -> Self:
        return cls(
            bank=bank,
            standing=standing,
            **_fields(entry),
            fingerprints=[_fingerprint(one, said.get(one.id, ())) for one in held],
            reviews=[ReviewAnswer.model_validate(one) for one in reviews],
        )


def fingerprint_of(given: NewHash) -> Fingerprint:
    """The hash as the banks know it. Raises `UsageError`; the value is not quoted."""
    value = GivenHash.parse(given.algorithm, given.value).value
    convention = given.convention or ("unknown" if given.algorithm == "pdq" else "")
    return Fingerprint(given.algorithm, value, convention, given.quality, given.size_bytes)


def _fields(entry: Entry) -> dict[str, Any]:
    names = ("id", "label", "classification", "medium", "note", "disabled_until", "created_at")
    return {name: getattr(entry, name) for name in names}


def _fingerprint(one: StoredFingerprint, said: Sequence[Opinion]) -> FingerprintAnswer:
    return FingerprintAnswer(
        algorithm=one.algorithm,
        value=None if one.value is None else one.value.hex(),
        convention=one.convention,
        quality=one.quality,
        size_bytes=one.size_bytes,
        active=one.active,
        opinions=[OpinionAnswer.model_validate(opinion) for opinion in said],
    )
