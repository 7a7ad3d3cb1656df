"""From the fingerprints that were found to one outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from holdfast.banks.resolve import BankMatch
from holdfast.media.types import Reason
from holdfast.screening.checked import Checked, Seen, weight
from holdfast.screening.outcome import Match, Outcome, OutcomeKind

__all__ = ["CONFLICT", "SUPPRESSED", "is_conflict", "is_hidden", "verdict"]

SUPPRESSED = "benign_bank"
CONFLICT = "benign_conflict"
NO_BANKS = "no_banks"
_UNMATCHABLE = frozenset(Reason)


def verdict(name: str, found: Sequence[BankMatch], seen: Mapping[int, Seen], checked: Checked) -> Outcome:
    """The outcome for one content.

    ``found`` are all matches that stand, of known and of benign banks; ``seen`` says by fingerprint id how.
    One match for each entry is kept, its weightiest. See `is_hidden` for what a benign entry suppresses.
    """
    benign = [match for match in found if match.kind == "benign"]
    known = [match for match in found if match.kind != "benign"]
    open_to_view = [match for match in known if not is_hidden(match, benign, seen)]
    kept = _best_of_each_entry(open_to_view, seen)
    shown = {match.entry_id for match in kept}
    hidden = [match for match in _best_of_each_entry(known, seen) if match.entry_id not in shown]
    matches = tuple(_match(match, seen) for match in kept)
    suppressed = tuple(_match(match, seen) for match in hidden)
    if matches:
        is_sure = any(match.tier == OutcomeKind.MATCH for match in matches)
        kind = OutcomeKind.MATCH if is_sure else OutcomeKind.POSSIBLE
        reason, detail = _conflict(kept, benign)
        return Outcome(name, checked.medium, kind, reason, detail, matches, suppressed)
    if checked.reason is not None:
        reason, detail = str(checked.reason), checked.detail
        kind = OutcomeKind.NOT_MATCHABLE if reason in _UNMATCHABLE else OutcomeKind.NOT_SCANNED
        return Outcome(name, checked.medium, kind, reason, detail, (), suppressed)
    if suppressed:
        who = min(benign, key=_nearness)
        detail = (
            f"Nearest is entry {who.entry_id} ({who.label}) of the benign bank {who.bank}, "
            f"which suppressed {len(suppressed)} match{'es' if len(suppressed) > 1 else ''}."
        )
        return Outcome(name, checked.medium, OutcomeKind.NO_MATCH, SUPPRESSED, detail, (), suppressed)
    if not checked.had_banks:
        detail = "No bank of known content is switched on, or none of those asked for: nothing was compared."
        return Outcome(name, checked.medium, OutcomeKind.NOT_SCANNED, NO_BANKS, detail)
    return Outcome(name, checked.medium, OutcomeKind.NO_MATCH)


def is_hidden(known: BankMatch, benign: Sequence[BankMatch], seen: Mapping[int, Seen]) -> bool:
    """Whether a benign entry that is no farther covers the known one: by all the bytes, or in the same
    region.

    A harmless picture must not hide the known one that it resembles, nor one in another frame or in another
    part of a collage. What an exact match on a trusted list says is hidden by nothing.
    """
    if _is_proof(known):
        return False
    return any(seen[other.fingerprint_id].tier == "match" and _covers(other, known, seen) for other in benign)


def _is_proof(known: BankMatch) -> bool:
    """Whether no benign entry clears it: the very same file is on a trusted list."""
    return known.exact and known.trusted


def is_conflict(known: BankMatch, benign: Sequence[BankMatch]) -> bool:
    """Whether the very same file is on a trusted and on a benign list, so that one of the two is wrong."""
    return _is_proof(known) and any(other.exact for other in benign)


def _covers(benign: BankMatch, known: BankMatch, seen: Mapping[int, Seen]) -> bool:
    if benign.exact or known.exact:
        return _nearness(benign) <= _nearness(known)
    distance = seen[benign.fingerprint_id].near.get(seen[known.fingerprint_id].region)
    return distance is not None and distance <= known.distance_bits


def _conflict(kept: Sequence[BankMatch], benign: Sequence[BankMatch]) -> tuple[str, str]:
    known = next((match for match in kept if is_conflict(match, benign)), None)
    if known is None:
        return "", ""
    other = next(match for match in benign if match.exact)
    return CONFLICT, (
        f"Conflict: the very same file is entry {known.entry_id} of the trusted bank {known.bank} and entry "
        f"{other.entry_id} of the benign bank {other.bank}. A person has to say which of the two is wrong."
    )


def _nearness(match: BankMatch) -> tuple[bool, int]:
    """Smaller is nearer. Equal bytes are nearer than any likeness."""
    return not match.exact, match.distance_bits


def _best_of_each_entry(found: Sequence[BankMatch], seen: Mapping[int, Seen]) -> list[BankMatch]:
    best: dict[int, BankMatch] = {}
    for match in sorted(found, key=lambda one: weight(one, seen)):
        best.setdefault(match.entry_id, match)
    return list(best.values())


def _match(found: BankMatch, seen: Mapping[int, Seen]) -> Match:
    how = seen[found.fingerprint_id]
    return Match(
        bank=found.bank,
        entry=found.entry_id,
        label=found.label,
        algorithm=found.algorithm,
        distance=found.distance_bits,
        tier=how.tier,
        view=how.words,
        exact=found.exact,
        expected_false_alarms=how.expected_false_alarms,
        extrapolation_decades=how.extrapolation_decades,
        classification=found.classification,
        trusted=found.trusted,
        convention=found.convention,
        frame=how.frame,
        **asdict(how.span),
    )
