"""Everything the client raises. None of it says anything about the content: hold it back, send it again.

    ClientError
    ├── NoAnswerError              nothing came back: no connection, time-out; it may have been done or not
    ├── UnexpectedAnswerError      what came back is not Holdfast's: a proxy's page, another version
    ├── AnswerLaterError           a long video: the answer comes from `job`, see `wait_for_answer`
    ├── JobFailedError             the job ended dead or cancelled; `job` says why
    ├── JobUnfinishedError         the job was still at work when the wait ended; it goes on
    └── RefusedError               the service said no: `status`, `type`, `detail`, `request_id`
        ├── BadRequestError            400, 405, 411, 415, 422: it must be changed before it is sent again
        ├── NotAuthenticatedError      401: the key is wrong, expired or revoked
        ├── NotAllowedError            403: the key does not carry the permission
        ├── NotFoundError              404, 410: there is no such thing, or no longer
        ├── ConflictError              409: it exists already, changed in between, or must be kept
        ├── TooLargeError              413: larger than the service checks
        ├── FetchFailedError           502: the URL was allowed and could not be fetched
        ├── ServiceFailedError         500: give the request id to whoever runs the service
        └── TryLaterError              `retry_after_s` says when; the client has tried again already
            ├── OverLimitError             429: over a limit of the key, or of an account
            └── UnavailableError           503, and a gateway's 502 and 504: not at the moment

Wrong arguments are ValueError or TypeError, a file that cannot be read is OSError: before anything is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.client.records import Job

__all__ = [
    "AnswerLaterError",
    "BadRequestError",
    "ClientError",
    "ConflictError",
    "FetchFailedError",
    "JobFailedError",
    "JobUnfinishedError",
    "NoAnswerError",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "OverLimitError",
    "RefusedError",
    "ServiceFailedError",
    "TooLargeError",
    "TryLaterError",
    "UnavailableError",
    "UnexpectedAnswerError",
]


class ClientError(Exception):
    """Nothing is known about the content. Catch this where an upload must not be shown unchecked."""


class NoAnswerError(ClientError):
    """No connection, or no answer in time. A write may have been done: send it with the same key."""


class UnexpectedAnswerError(ClientError):
    """An answer that is not Holdfast's, or of a form that this client does not know."""


class AnswerLaterError(ClientError):
    """The upload is a video too long to wait for; nothing was decided. Hold it back: `wait_for_answer`."""

    def __init__(self, message: str, job: int) -> None:
        super().__init__(message)
        self.job = job


class JobFailedError(ClientError):
    """The job ended without doing its work."""

    def __init__(self, message: str, job: Job) -> None:
        super().__init__(message)
        self.job = job


class JobUnfinishedError(ClientError):
    """The wait ended before the job did. The job goes on: wait for it again."""

    def __init__(self, message: str, job: Job) -> None:
        super().__init__(message)
        self.job = job


class RefusedError(ClientError):
    """The service answered that it did not do it.

    ``type`` is the stable word of the problem, such as ``not-found``; "" where a gateway answered.
    ``errors`` are the fields that could not be used, as ``(field, problem)``.
    """

    def __init__(
        self,
        status: int,
        problem_type: str,
        detail: str,
        request_id: str,
        errors: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(f"{detail} ({status} {problem_type or 'of a gateway'}, request {request_id or '-'})")
        self.status, self.type, self.detail = status, problem_type, detail
        self.request_id, self.errors = request_id, errors


class BadRequestError(RefusedError):
    """It must be changed before it is sent again; ``detail`` and ``errors`` say what."""


class NotAuthenticatedError(RefusedError):
    """The key is missing, wrong, expired, revoked, or not valid from this network."""


class NotAllowedError(RefusedError):
    """The key does not carry the permission, or its scope or the sharing terms forbid it."""


class NotFoundError(RefusedError):
    """There is no such thing, or it was destroyed."""


class ConflictError(RefusedError):
    """It exists already, changed in between, or must be kept."""


class TooLargeError(RefusedError):
    """The body is larger than the service checks. That is not "no match"."""


class FetchFailedError(RefusedError):
    """The service could not fetch the URL."""


class ServiceFailedError(RefusedError):
    """Something unforeseen happened in the service."""


class TryLaterError(RefusedError):
    """Not now. ``retry_after_s`` is how long to wait before the next try, in seconds."""

    retry_after_s: float = 1.0


class OverLimitError(TryLaterError):
    """Over a limit of the key, or the account of the upload is held back for probing."""


class UnavailableError(TryLaterError):
    """The service cannot do it at the moment."""
