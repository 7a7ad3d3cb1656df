"""From the fingerprints that were found to one outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from holdfast.banks.resolve import BankMatch
from holdfast.media.types import Reason
from holdfast.screening.checked import Checked, Seen
from holdfast.screening.outcome import Match, Outcome, OutcomeKind

__all__ = ["verdict"]

SUPPRESSED = "benign_bank"
NO_BANKS = "no_banks"
_UNMATCHABLE = frozenset(Reason)


def verdict(name: str, found: Sequence[BankMatch], seen: Mapping[int, Seen], checked: Checked) -> Outcome:
    """The outcome for one content.

    ``found`` are all matches, of known and of benign banks; ``seen`` gives view and frame by fingerprint
    id. One match for each entry is kept, its nearest. A benign entry suppresses a known one that is no
    nearer than itself in the same frame: a harmless picture must not hide the known one that it
    resembles, nor one in another frame.
    """
    benign = [match for match in found if match.kind == "benign"]
    known = [match for match in found if match.kind != "benign"]
    open_to_view = [match for match in known if not _is_hidden(match, benign, seen)]
    kept = _nearest_of_each_entry(open_to_view)
    shown = {match.entry_id for match in kept}
    hidden = [match for match in _nearest_of_each_entry(known) if match.entry_id not in shown]
    matches = tuple(_match(match, seen) for match in kept)
    suppressed = tuple(_match(match, seen) for match in hidden)
    if matches:
        return Outcome(name, checked.medium, OutcomeKind.MATCH, "", "", matches, suppressed)
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


def _is_hidden(known: BankMatch, benign: Sequence[BankMatch], seen: Mapping[int, Seen]) -> bool:
    """Whether a benign entry that is no farther covers it: in the same frame, or by all the bytes."""
    frame = seen[known.fingerprint_id][1]
    return any(
        _nearness(other) <= _nearness(known) and (other.exact or seen[other.fingerprint_id][1] == frame)
        for other in benign
    )


def _nearness(match: BankMatch) -> tuple[bool, int]:
    """Smaller is nearer. Equal bytes are nearer than any likeness."""
    return not match.exact, match.distance_bits


def _nearest_of_each_entry(found: Sequence[BankMatch]) -> list[BankMatch]:
    best: dict[int, BankMatch] = {}
    for match in found:
        if match.entry_id not in best or _nearness(match) < _nearness(best[match.entry_id]):
            best[match.entry_id] = match
    return sorted(best.values(), key=lambda match: (*_nearness(match), match.entry_id))


def _match(found: BankMatch, seen: Mapping[int, Seen]) -> Match:
    view, frame, _ = seen[found.fingerprint_id]
    return Match(
        bank=found.bank,
        entry=found.entry_id,
        label=found.label,
        algorithm=found.algorithm,
        distance=found.distance_bits,
        tier=OutcomeKind.MATCH.value,
        view=view,
        exact=found.exact,
        classification=found.classification,
        trusted=found.trusted,
        convention=found.convention,
        frame=frame,
    )
