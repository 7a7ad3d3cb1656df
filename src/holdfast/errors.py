"""Every error Holdfast raises on purpose.

    HoldfastError
    ├── UsageError               the caller asked for something that cannot be asked
    ├── SettingsError            a setting is missing, unknown or out of range
    │   ├── PolicyError              the policy file cannot be used; the one in force stays
    │   └── RulesError               the rules file cannot be used; the one in force stays
    ├── InputError               one input could not be used; the others go on
    │   ├── UnreadableError      the bytes could not be had (missing, no permission, not a file)
    │   ├── NotMatchableError    the bytes were had, but no fingerprint can be made of them
    │   └── BadEntryError        a line or row of a hash list is not a known form
    ├── WorkerError              the decode workers themselves cannot run (not: one bad file)
    ├── OverloadedError          too much is in work at this moment; nothing was done (HTTP 503)
    ├── AccessError              who asks may not have it, or not now
    │   ├── NotAuthenticatedError     no key or session that is valid here and now (HTTP 401)
    │   ├── NotAllowedError           a valid key whose roles do not carry the permission (HTTP 403)
    │   ├── ProviderError             the identity provider cannot be used at the moment (HTTP 502)
    │   └── LimitError                over a limit; `retry_after_s` says when to come back (HTTP 429)
    ├── IndexFileError           an index file is missing, foreign, damaged or of another version
    ├── RecordsError             the records (database) refused or failed
    │   ├── RecordsUnavailableError   the database cannot be reached or is locked
    │   ├── SchemaVersionError        the database was written by another version
    │   ├── NotFoundError             no such bank, entry, source, ...
    │   ├── ConflictError             it exists already, or changed in between
    │   │   └── IdempotencyConflictError  the idempotency key came before with another request
    │   ├── LeaseLostError            a job or delivery is no longer this worker's
    │   └── HandlingError             the sharing terms of a hash forbid this way out
    ├── VaultError               held content could not be kept, opened or destroyed
    │   ├── ObjectDamagedError        encrypted bytes are missing, altered, cut short or another object's
    │   ├── ObjectDestroyedError      the item was destroyed; only its tombstone is left
    │   ├── KeyUnavailableError       the key is missing, wrong, unsafe to use, or its service does not answer
    │   └── HeldError                 a legal hold or a retention period forbids destruction
    ├── FetchError               a URL was not fetched
    │   ├── FetchRefusedError         our rules forbid it (address, host, port, size, ...)
    │   └── FetchFailedError          it was allowed and did not work (time, connection, status, ...)
    └── ReportingError           a report could not be made, checked or filed
        ├── InvalidDocumentError      it breaks rules; `problems` name field and rule
        ├── DestinationError          our rules forbid this destination; nothing was sent
        └── UnansweredError           no answer that can be read: the request may or may not have worked

A message says what happened, what was not done, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.reporting.cybertip.problems import Problem

__all__ = [
    "AccessError",
    "BadEntryError",
    "ConflictError",
    "DestinationError",
    "FetchError",
    "FetchFailedError",
    "FetchRefusedError",
    "HandlingError",
    "HeldError",
    "HoldfastError",
    "IdempotencyConflictError",
    "IndexFileError",
    "InputError",
    "InvalidDocumentError",
    "KeyUnavailableError",
    "LeaseLostError",
    "LimitError",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "NotMatchableError",
    "ObjectDamagedError",
    "ObjectDestroyedError",
    "OverloadedError",
    "ProviderError",
    "RecordsError",
    "RecordsUnavailableError",
    "ReportingError",
    "RulesError",
    "SchemaVersionError",
    "SettingsError",
    "UnansweredError",
    "UnreadableError",
    "UsageError",
    "VaultError",
    "WorkerError",
]


class HoldfastError(Exception):
    """Base of every error that Holdfast raises on purpose."""


class UsageError(HoldfastError):
    """The caller asked for something that cannot be asked. Command line: exit status 2."""


class SettingsError(HoldfastError):
    """A setting is missing, unknown or out of range."""


class PolicyError(SettingsError):
    """The policy file cannot be used. The message names file, table and key."""


class RulesError(SettingsError):
    """The rules file cannot be used. The message names file, table and key."""


class InputError(HoldfastError):
    """One input could not be used; work on the others goes on."""


class UnreadableError(InputError):
    """The bytes could not be had: missing, no permission, or not a regular file."""


class NotMatchableError(InputError):
    """The bytes were had, but no perceptual fingerprint can be made of them.

    ``reason`` is one short stable word for programs (see `holdfast.media.types.Reason`); the
    message is for people. This is an answer about the content, never the same as "no match".
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BadEntryError(InputError):
    """A line or row of a hash list is not of a known form. The message names the line."""


class WorkerError(HoldfastError):
    """The decode workers themselves cannot run. One bad file never raises this."""


class OverloadedError(HoldfastError):
    """Too much is in work at this moment; nothing was done or checked. Try again in a second."""


class AccessError(HoldfastError):
    """Who asks may not have it, or not now."""


class NotAuthenticatedError(AccessError):
    """No key or session, or none that is valid here and now.

    ``reason`` is one stable word for the log only: a caller learns nothing but the message, which is the
    same for every reason (see `holdfast.access.verify.Denial`).
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(
            message or "This needs a valid API key; nothing was done. Check the key, or ask for a new one."
        )
        self.reason = reason


class NotAllowedError(AccessError):
    """A valid key, but it does not carry the permission that the message names."""


class ProviderError(AccessError):
    """The identity provider does not answer, or not with what was agreed. Nobody was signed in."""


class LimitError(AccessError):
    """Over a limit; nothing was done. ``retry_after_s`` (seconds, > 0) says when to come back."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class IndexFileError(HoldfastError):
    """An index file is missing, foreign, damaged or of another version."""


class RecordsError(HoldfastError):
    """The records (database) refused or failed."""


class RecordsUnavailableError(RecordsError):
    """The database cannot be reached, or stayed locked past the time-out."""


class SchemaVersionError(RecordsError):
    """The database was written by another version of Holdfast."""


class NotFoundError(RecordsError):
    """No such bank, entry, source or other row."""


class ConflictError(RecordsError):
    """It exists already, or somebody changed it in between."""


class IdempotencyConflictError(ConflictError):
    """The idempotency key came before with another request. Nothing was done a second time."""


class LeaseLostError(RecordsError):
    """The job or delivery is no longer this worker's: its lease ran out, or it was cancelled."""


class HandlingError(RecordsError):
    """The sharing terms that travel with a hash forbid this way out."""


class VaultError(HoldfastError):
    """Held content could not be kept, opened or destroyed."""


class ObjectDamagedError(VaultError):
    """Encrypted bytes are missing, altered, cut short, extended or another object's.

    No byte from the fault on was given out.
    """


class ObjectDestroyedError(VaultError):
    """The item was destroyed: its key is gone and only its tombstone is left."""


class KeyUnavailableError(VaultError):
    """The key is missing, wrong, unsafe to use (file mode), or its key service does not answer."""


class HeldError(VaultError):
    """A legal hold or a retention period forbids destruction."""


class FetchError(HoldfastError):
    """A URL was not fetched. ``reason`` is one short stable word for programs.

    The message is for people and never carries the path, the query or a resolved address: it may go
    back to whoever sent the URL.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FetchRefusedError(FetchError):
    """Our rules forbid it: address, host, port, scheme, form of the URL, redirects or size."""


class FetchFailedError(FetchError):
    """It was allowed and did not work: time, connection, TLS, status, length or encoding."""


class ReportingError(HoldfastError):
    """A report could not be made, checked or filed."""


class InvalidDocumentError(ReportingError):
    """A document breaks the destination's rules; nothing was made or sent. ``problems`` is never empty."""

    def __init__(self, message: str, problems: Sequence[Problem]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class DestinationError(ReportingError):
    """Our rules forbid this destination: its address, or credentials that are not its own."""


class UnansweredError(ReportingError):
    """No answer that can be read came from the destination.

    Whether the request had an effect is not known. ``was_sent`` is False where it cannot have had one: no
    connection was made. ``status``, ``request_id`` and ``body`` are what came, if anything did.
    """

    def __init__(
        self,
        message: str,
        *,
        was_sent: bool,
        status: int | None = None,
        request_id: str | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        self.status = status
        self.request_id = request_id
        self.body = body
