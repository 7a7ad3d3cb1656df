"""Every error Holdfast raises on purpose.

    HoldfastError
    ├── UsageError               the caller asked for something that cannot be asked
    ├── SettingsError            a setting is missing, unknown or out of range
    ├── InputError               one input could not be used; the others go on
    │   ├── UnreadableError      the bytes could not be had (missing, no permission, not a file)
    │   ├── NotMatchableError    the bytes were had, but no fingerprint can be made of them
    │   └── BadEntryError        a line or row of a hash list is not a known form
    ├── WorkerError              the decode workers themselves cannot run (not: one bad file)
    ├── IndexFileError           an index file is missing, foreign, damaged or of another version
    └── RecordsError             the records (database) refused or failed
        ├── RecordsUnavailableError   the database cannot be reached or is locked
        ├── SchemaVersionError        the database was written by another version
        ├── NotFoundError             no such bank, entry, source, ...
        ├── ConflictError             it exists already, or changed in between
        └── HandlingError             the sharing terms of a hash forbid this way out

A message says what happened, what was not done, and what to do next.
"""

from __future__ import annotations

__all__ = [
    "BadEntryError",
    "ConflictError",
    "HandlingError",
    "HoldfastError",
    "IndexFileError",
    "InputError",
    "NotFoundError",
    "NotMatchableError",
    "RecordsError",
    "RecordsUnavailableError",
    "SchemaVersionError",
    "SettingsError",
    "UnreadableError",
    "UsageError",
    "WorkerError",
]


class HoldfastError(Exception):
    """Base of every error that Holdfast raises on purpose."""


class UsageError(HoldfastError):
    """The caller asked for something that cannot be asked. Command line: exit status 2."""


class SettingsError(HoldfastError):
    """A setting is missing, unknown or out of range."""


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


class HandlingError(RecordsError):
    """The sharing terms that travel with a hash forbid this way out."""
