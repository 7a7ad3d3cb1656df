"""How far a content could be looked at, and all that was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.banks.resolve import BankMatch
from holdfast.media.types import Reason
from holdfast.screening.outcome import Outcome

__all__ = ["Checked", "Screened", "Seen"]

# In which view of the content a match was seen: words for people, frame, family (of `vocabulary.VIEWS`).
Seen = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Checked:
    """How far the content could be looked at. ``reason`` is None when all of it was.

    Otherwise it is a `Reason`, or "digests_only" where policy forbade to look further. ``had_banks``:
    there was something to compare it with.
    """

    medium: str
    reason: Reason | str | None
    detail: str
    had_banks: bool = True


@dataclass(frozen=True, slots=True)
class Screened:
    """One content's outcome and what it rests on.

    ``found`` are all matches, of benign banks and suppressed ones too; ``seen`` says by fingerprint id in
    which view. ``code`` is the content's own hash as it is (32 bytes), b"" where it has none.
    ``list_version`` is the position of the fingerprint log that the answer was made with.
    """

    outcome: Outcome
    found: tuple[BankMatch, ...]
    seen: Mapping[int, Seen]
    code: bytes = field(repr=False)
    list_version: int
