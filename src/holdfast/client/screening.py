"""The calls about content: screen, look up, hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from holdfast.client.answers import Answer, FileHashes, LookUp, LookUps, ScreenedHashes
from holdfast.client.body import Body, Source
from holdfast.client.call import Call, json_body, query, write_call
from holdfast.client.context import Context
from holdfast.client.decoding import decode
from holdfast.client.errors import AnswerLaterError
from holdfast.client.exchange import Flow
from holdfast.client.records import Job
from holdfast.client.working import wait_for_job

__all__ = [
    "HashedContent",
    "hash_content",
    "hash_url",
    "look_up",
    "look_up_many",
    "screen",
    "screen_hashes",
    "screen_url",
    "wait_for_answer",
]

_HASHES = partial(decode, FileHashes)


@dataclass(frozen=True, slots=True)
class HashedContent:
    """One content by its ready hashes: algorithm (pdq, md5, sha1, sha256) to hexadecimal text, or "vpdq" to
    the texts "hash,quality,seconds" of a video's frames.

    ``quality`` is PDQ's, where it is known; ``size_bytes`` of the file can make an MD5 *exact*.
    """

    hashes: Mapping[str, str | Sequence[str]] = field(repr=False)
    quality: int | None = None
    size_bytes: int | None = None
    context: Context | None = None

    def to_json(self) -> dict[str, Any]:
        """The item of the API; absent fields are left out."""
        said = None if self.context is None else self.context.to_json()
        found = {"hashes": dict(self.hashes), "quality": self.quality, "size_bytes": self.size_bytes}
        return {name: value for name, value in {**found, "context": said}.items() if value is not None}


def _read_answer(value: Any) -> Answer:
    """The answer. Raises AnswerLaterError where there is only a job that will give it."""
    if isinstance(value, Mapping) and "outcome" not in value and isinstance(value.get("job"), int):
        raise AnswerLaterError(
            f"The video is looked at by job {value['job']}; nothing was decided yet. Hold it back.",
            value["job"],
        )
    return decode(Answer, value)


def screen(
    content: Source,
    context: Context | None = None,
    *,
    banks: Iterable[str] = (),
    idempotency_key: str | None = None,
) -> Call[Answer]:
    """The answer about one upload: is it known, and what is to be done with it?

    ``content`` is bytes, a path, or an open binary file, which is streamed from where it stands. ``banks``
    limits the question to these, and needs the permission `match.detail`. An ``idempotency_key`` of your own
    makes that also a call after a restart is recorded once.

    Raises AnswerLaterError for a video that is too long to wait for: see `wait_for_answer`.
    """
    headers = {} if context is None else {"holdfast-context": context.to_header()}
    return write_call(
        "POST",
        "/v1/screen",
        _read_answer,
        Body(content),
        key=idempotency_key,
        headers=headers,
        asked=query(bank=list(banks)),
    )


def wait_for_answer(
    job: int, *, progress: Callable[[Job], Any] | None = None, timeout_s: float = 3600.0
) -> Flow[Answer]:
    """The answer about a long video, by the job that AnswerLaterError names. As `wait_for_job`."""
    done = yield from wait_for_job(job, progress=progress, timeout_s=timeout_s)
    return decode(Answer, done.result)


def screen_url(
    url: str,
    context: Context | None = None,
    *,
    banks: Iterable[str] = (),
    idempotency_key: str | None = None,
) -> Call[Answer]:
    """The answer about what lies at a URL. The service fetches only from hosts on its allow-list."""
    said = None if context is None else context.to_json()
    return write_call(
        "POST",
        "/v1/screen/url",
        _read_answer,
        json_body(url=url, context=said),
        key=idempotency_key,
        asked=query(bank=list(banks)),
    )


def screen_hashes(
    items: Iterable[HashedContent], *, idempotency_key: str | None = None
) -> Call[ScreenedHashes]:
    """Answers about contents of which only hashes are sent, up to 10,000 at once, in their order.

    An item whose account is held back for probing has an `Unanswered` in the place of its answer.
    """
    return write_call(
        "POST",
        "/v1/screen/hashes",
        partial(decode, ScreenedHashes),
        json_body(items=[item.to_json() for item in items]),
        key=idempotency_key,
    )


def look_up(algorithm: str, value: str, *, size_bytes: int | None = None) -> Call[LookUp]:
    """The entries near one hash, given as hexadecimal text. Nothing is decided and nothing is kept."""
    return Call(
        "POST",
        "/v1/lookup",
        partial(decode, LookUp),
        body=json_body(algorithm=algorithm, value=value, size_bytes=size_bytes),
    )


def look_up_many(algorithm: str, values: Sequence[str]) -> Call[LookUps]:
    """The entries near each of up to 10,000 hashes of one algorithm."""
    return Call(
        "POST",
        "/v1/lookup",
        partial(decode, LookUps),
        body=json_body(algorithm=algorithm, values=list(values)),
    )


def hash_content(content: Source) -> Call[FileHashes]:
    """The fingerprints of a file, as they go on a list. Nothing is looked up and nothing is kept."""
    return Call("POST", "/v1/hash", _HASHES, body=Body(content))


def hash_url(url: str) -> Call[FileHashes]:
    """The fingerprints of what lies at a URL that the service may fetch."""
    return Call("POST", "/v1/hash/url", _HASHES, body=json_body(url=url))
