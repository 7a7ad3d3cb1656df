"""From what screening found to the facts that rules are put to."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.banks.resolve import BankMatch
from holdfast.decisions.facts import Context, EntryMatch, MatchFacts
from holdfast.screening.checked import Screened, weight
from holdfast.screening.verdict import is_conflict, is_hidden

__all__ = ["entries_of", "facts_of"]


def entries_of(screened: Screened) -> list[int]:
    """The ids of all entries that were found, each once."""
    return list(dict.fromkeys(match.entry_id for match in screened.found))


def facts_of(screened: Screened, context: Context, standings: Mapping[int, str]) -> MatchFacts:
    """The facts of one upload: every entry found, by its weightiest hash of each algorithm.

    ``standings`` says of entries what people and the flood brake say of them; "none" where it is silent.
    Benign entries are among them where they cover all that is known: a harmless part of a content says
    nothing of the rest, and no rule may take it for the whole.
    """
    seen = screened.seen
    clearing = [
        match
        for match in screened.found
        if match.kind == "benign" and standings.get(match.entry_id, "none") not in ("disputed", "held")
    ]
    known = [match for match in screened.found if match.kind != "benign"]
    all_covered = all(is_hidden(match, clearing, seen) for match in known)
    best: dict[tuple[int, str], BankMatch] = {}
    for match in sorted(screened.found if all_covered else known, key=lambda one: weight(one, seen)):
        best.setdefault((match.entry_id, match.algorithm), match)
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
                score=seen[match.fingerprint_id].span.score,
                tier=seen[match.fingerprint_id].tier,
                view=seen[match.fingerprint_id].family,
                seen=seen[match.fingerprint_id].words,
                expected_false_alarms=seen[match.fingerprint_id].expected_false_alarms,
                query_start_s=seen[match.fingerprint_id].span.query_start_s,
                query_end_s=seen[match.fingerprint_id].span.query_end_s,
                ref_start_s=seen[match.fingerprint_id].span.ref_start_s,
                ref_end_s=seen[match.fingerprint_id].span.ref_end_s,
                speed=seen[match.fingerprint_id].span.speed,
                vpdq_query_percent=seen[match.fingerprint_id].span.vpdq_query_percent,
                vpdq_ref_percent=seen[match.fingerprint_id].span.vpdq_ref_percent,
                extrapolation_decades=seen[match.fingerprint_id].extrapolation_decades,
                exact=match.exact,
                standing="conflict"
                if is_conflict(match, clearing)
                else standings.get(match.entry_id, "none"),
            )
            for match in best.values()
        ),
        reason=outcome.reason,
        context=context,
        list_version=screened.list_version,
    )
