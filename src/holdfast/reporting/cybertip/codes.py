"""What the service's response codes mean for what we do next. Source: appendix D of the documentation."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["CODES", "Meaning", "meaning_of"]


class Meaning(StrEnum):
    """What an answer says about the request, and about the report."""

    DONE = "done"
    TRY_AGAIN = "try_again"  # a fault of theirs: it may have worked all the same
    BLOCKED = "blocked"  # credentials or rights: no report gets through until a person acts
    REFUSED = "refused"  # this document or file, for good
    REPORT_GONE = "report_gone"  # it expired or was retracted
    FILE_GONE = "file_gone"
    FINISHED = "finished"  # it is filed already
    UNKNOWN = "unknown"  # a code that is not in the documentation, or a fault of our own


CODES: dict[int, tuple[str, Meaning]] = {
    0: ("success", Meaning.DONE),
    1000: ("server error", Meaning.TRY_AGAIN),
    1100: ("save failed", Meaning.TRY_AGAIN),
    1110: ("upload failed", Meaning.TRY_AGAIN),
    1111: ("file upload failed", Meaning.TRY_AGAIN),
    1210: ("resource not found", Meaning.UNKNOWN),
    1300: ("update failed", Meaning.TRY_AGAIN),
    2000: ("authentication required", Meaning.BLOCKED),
    3000: ("not authorised", Meaning.BLOCKED),
    3100: ("not authorised to submit", Meaning.BLOCKED),
    3300: ("not authorised to update", Meaning.BLOCKED),
    4000: ("invalid request", Meaning.REFUSED),
    4100: ("validation failed", Meaning.REFUSED),
    4110: ("malformed XML", Meaning.REFUSED),
    4200: ("malformed file", Meaning.REFUSED),
    5001: ("report does not exist", Meaning.REPORT_GONE),
    5002: ("file does not exist", Meaning.FILE_GONE),
    5101: ("report already retracted", Meaning.REPORT_GONE),
    5102: ("report already finished", Meaning.FINISHED),
}


def meaning_of(code: int) -> Meaning:
    """What a response code means; `Meaning.UNKNOWN` for one that is not documented."""
    return CODES.get(code, ("", Meaning.UNKNOWN))[1]
