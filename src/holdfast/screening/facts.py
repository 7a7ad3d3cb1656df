"""From what screening found to the facts that rules are put to."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.banks.resolve import BankMatch
from holdfast.decisions.facts import Context, EntryMatch, MatchFacts
from holdfast.screening.checked import Screened

__all__ = ["entries_of", "facts_of"]


def entries_of(screened: Screened) -> list[int]:
    """The ids of all entries that were found, each once."""
    return list(dict.fromkeys(match.entry_id for match in screened.found))


def facts_of(screened: Screened, context: Context, standings: Mapping[int, str]) -> MatchFacts:
    """The facts of one upload: every entry found, benign ones too, by its nearest hash of each algorithm.

    ``standings`` says of entries what people and the flood brake say of them; "none" where it is silent.
    """
    nearest: dict[tuple[int, str], BankMatch] = {}
    for match in screened.found:  # nearest first
        nearest.setdefault((match.entry_id, match.algorithm), match)
    outcome = screened.outcome
    return MatchFacts(
        outcome=str(outcome.outcome),
        medium=outcome.medium,
        matches=tuple(
            EntryMatch(
                bank=match.bank,
                entry=match.entry_id,
                algorithm=match.algorithm,
                trusted=match.trusted,
                bank_kind=match.kind,
                label=match.label,
                classification=match.classification,
                distance_bits=match.distance_bits,
                view=screened.seen[match.fingerprint_id][2],
                exact=match.exact,
                standing=standings.get(match.entry_id, "none"),
            )
            for match in nearest.values()
        ),
        reason=outcome.reason,
        context=context,
    )
