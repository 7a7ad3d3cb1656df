"""From hashes and contents to matches by bank, as HMA groups them.

A bank is asked by a coin: each request tosses one number in [0, 1), and a bank or signal type takes part
when its enabled ratio is above it. What was left out for the coin is counted ("hma.skipped").
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

from holdfast.api.hma.errors import TOO_LARGE, HmaError
from holdfast.api.hma.media import LOOKED_AT, Media, could_not_hash, not_checked
from holdfast.api.hma.ratios import KnownRatios, Ratios
from holdfast.api.hma.signals import SIGNAL_TYPES, SignalType
from holdfast.api.v1.context import context_of
from holdfast.api.v1.screening import charge_lookups
from holdfast.banks.models import VPDQ
from holdfast.banks.resolve import BankMatch
from holdfast.decisions.policy import DIGESTS_ONLY, DO_NOT_SCAN, PolicyAnswer
from holdfast.media.types import Reason
from holdfast.records.tables.base import now
from holdfast.screening.checked import Checked, Seen
from holdfast.screening.lookup import GivenHash
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.reading import bytes_content
from holdfast.screening.sighting import Sighted
from holdfast.screening.verdict import verdict

if TYPE_CHECKING:
    from holdfast.api.guard import Caller

__all__ = [
    "ByBank",
    "Found",
    "Matched",
    "Question",
    "enabled",
    "known_ratios",
    "look_up_hash",
    "look_up_media",
    "raw_matches",
    "refuse_unready",
]


class Matched(TypedDict):
    """One content that matches. ``distance`` is a number as text, or "-" for an equal digest."""

    bank_content_id: int
    distance: str


ByBank = dict[str, list[Matched]]

MATCH_PERCENT = 80.0  # of the query: "vpdq" in HMA's library

_LABEL = re.compile(r"[A-Za-z0-9_.:/{}-]{0,64}")  # what a counter's label may be


@dataclass(frozen=True)
class Question:
    """Which banks to ask (None: all), and the coin of this request."""

    ratios: KnownRatios
    banks: frozenset[str] | None = None
    bypass_coinflip: bool = False
    seed: str | None = None

    @cached_property
    def coin(self) -> float:
        """Tossed when first looked at, by HMA's generator: a seed chooses the same banks there and here."""
        return random.Random(self.seed).random()  # noqa: S311

    def takes_part(self, ratio: float) -> bool:
        return self.bypass_coinflip or ratio >= 1 or ratio > self.coin


@dataclass(frozen=True, slots=True)
class Found:
    """Matches of one content by signal type and bank. ``headers`` say how far it could be checked."""

    by_type: dict[str, ByBank]
    headers: dict[str, str]


async def known_ratios(caller: Caller) -> KnownRatios:
    """The enabled ratios, from memory where they are fresh."""
    ratios: Ratios = caller.request.app.state.hma_ratios
    known = ratios.remembered()
    return await asyncio.to_thread(ratios.read) if known is None else known


async def enabled(caller: Caller) -> tuple[str, ...]:
    """The signal types that are not switched off."""
    return (await known_ratios(caller)).enabled_types()


def refuse_unready(caller: Caller) -> None:
    """Raises HmaError 503 while the lists are not there or too old: no answer then could be believed."""
    if caller.runtime.screener.lists.position < 0 or not caller.runtime.follower.is_ready:
        raise HmaError(503, "index not yet ready")


async def look_up_hash(caller: Caller, kind: SignalType, given: GivenHash, question: Question) -> ByBank:
    """Matches of a ready hash. Looks into memory, and only where there may be a match into the records."""
    refuse_unready(caller)
    charge_lookups(caller, 1)
    if not caller.runtime.screener.may_match(given):
        return {}
    return await asyncio.to_thread(_of_hash, caller, kind, given, question)


async def raw_matches(
    caller: Caller,
    kind: SignalType,
    given: GivenHash,
    banks: frozenset[str] | None,
    *,
    include_disabled: bool,
) -> list[tuple[int, str]]:
    """(entry id, distance as HMA writes it) of all near a ready hash, nearest first, without a coin."""
    refuse_unready(caller)
    charge_lookups(caller, 1)
    if not caller.runtime.screener.may_match(given):
        return []

    def find() -> Sighted:
        return caller.runtime.screener.look_up([given], include_disabled=include_disabled)[0]

    sighted = await asyncio.to_thread(find)
    found = _not_hidden(_sure(sighted), _hidden_by_benign(sighted))
    return [(match.entry_id, _distance(kind, match, sighted)) for match in _nearest(caller, found, banks)]


def look_up_media(caller: Caller, media: Media, question: Question) -> Found:
    """Matches of a content in every orientation, frame and border that is looked at. Blocks.

    Raises HmaError 403 where the policy says not to look, or only at digests and none is listed; 400 where
    the content could not be decoded and none of its digests is listed.
    """
    refuse_unready(caller)
    runtime = caller.runtime
    policy = runtime.intake.choose(runtime.intake.completed(context_of(caller.request)))
    if policy.action == DO_NOT_SCAN:
        raise _forbidden(policy, "it was not looked at")
    is_picture = "pdq" in media.types or VPDQ in media.types
    only = policy.action == DIGESTS_ONLY or not is_picture
    content = bytes_content(media.data, runtime.settings.media.max_bytes)
    screened = runtime.screener.check(content, digests_only=only)
    outcome = screened.outcome
    runtime.counters.add("hma.screened", outcome=str(outcome.outcome), medium=outcome.medium)
    if outcome.outcome is not OutcomeKind.MATCH:
        if only and is_picture:
            raise _forbidden(policy, "only its digests were compared, and none is listed")
        _refuse_unseen(media, outcome)
    sighted = Sighted(list(screened.found), dict(screened.seen))
    found = _not_hidden(_sure(sighted), {match.entry for match in outcome.suppressed})
    by_type = {name: _by_bank(caller, SIGNAL_TYPES[name], found, sighted, question) for name in media.types}
    return Found(by_type, not_checked(str(outcome.outcome), outcome.reason))


def _forbidden(policy: PolicyAnswer, what: str) -> HmaError:
    """An error, for clients of HMA would take an empty answer for "not known"."""
    message = (
        f"By the policy's row {policy.row!r} {what}: {policy.reason} Nothing is known about the content. "
        "Say its surface with the request, or of all uploads in the setting rules.default_surface."
    )
    return HmaError(403, message, not_checked("not_scanned", "policy"))


def _refuse_unseen(media: Media, outcome: Outcome) -> None:
    """Raises HmaError for a content that could not be looked at at all."""
    if outcome.outcome is not OutcomeKind.NOT_MATCHABLE or outcome.reason in LOOKED_AT:
        return
    if outcome.reason == Reason.TOO_LARGE:
        raise HmaError(413, TOO_LARGE, not_checked("not_matchable", outcome.reason))
    raise could_not_hash(media, outcome.reason, outcome.detail)


def _of_hash(caller: Caller, kind: SignalType, given: GivenHash, question: Question) -> ByBank:
    sighted = caller.runtime.screener.look_up([given])[0]
    found = _not_hidden(_sure(sighted), _hidden_by_benign(sighted))
    return _by_bank(caller, kind, found, sighted, question)


def _distance(kind: SignalType, match: BankMatch, sighted: Sighted) -> str:
    return kind.distance(match.distance_bits, sighted.seen[match.fingerprint_id].span)


def _by_bank(
    caller: Caller, kind: SignalType, found: Iterable[BankMatch], sighted: Sighted, question: Question
) -> ByBank:
    """What of ``found`` this kind of hash found and the caller may see, after the coin."""
    own = _nearest(caller, [one for one in found if one.algorithm == kind.algorithm], question.banks)
    if not own:
        return {}
    if not question.takes_part(question.ratios.types.get(kind.name, 1.0)):
        caller.runtime.counters.add("hma.skipped", algorithm=kind.name)
        return {}
    answer: ByBank = {}
    skipped = set()
    for match in own:
        if not question.takes_part(question.ratios.banks.get(match.bank_id, 1.0)):
            skipped.add(match.bank)
            continue
        answer.setdefault(match.bank, []).append(
            {"bank_content_id": match.entry_id, "distance": _distance(kind, match, sighted)}
        )
    for bank in skipped:
        label = bank if _LABEL.fullmatch(bank) else ""
        caller.runtime.counters.add("hma.skipped", algorithm=kind.name, bank=label)
    return answer


def _nearest(caller: Caller, found: Sequence[BankMatch], banks: frozenset[str] | None) -> list[BankMatch]:
    """Each entry once, by its nearest fingerprint, of the banks that were asked for and may be seen."""
    scope = caller.principal.banks
    best: dict[int, BankMatch] = {}
    for match in sorted(found, key=lambda one: (one.distance_bits, one.entry_id)):
        if scope.may_see(match.bank) and (banks is None or match.bank in banks):
            best.setdefault(match.entry_id, match)
    return list(best.values())


def _not_hidden(found: Iterable[BankMatch], hidden: Iterable[int]) -> list[BankMatch]:
    """Clients take every bank of an answer for a bank of known content: benign ones are never shown."""
    left_out = set(hidden)
    return [match for match in found if match.kind != "benign" and match.entry_id not in left_out]


def _sure(sighted: Sighted) -> list[BankMatch]:
    """HMA knows matches alone: what is only possible is none of them, unless vPDQ's own rule makes it one."""
    return [match for match in sighted.found if _is_sure(sighted.seen[match.fingerprint_id])]


def _is_sure(seen: Seen) -> bool:
    return seen.tier == "match" or (seen.span.vpdq_query_percent or 0) >= MATCH_PERCENT


def _hidden_by_benign(sighted: Sighted) -> set[int]:
    """Entries that a benign entry no farther away suppresses."""
    moment = now()
    counting = [match for match in sighted.found if match.kind != "benign" or match.counts(moment)]
    if all(match.kind != "benign" for match in counting):
        return set()
    outcome = verdict("", counting, sighted.seen, Checked("unknown", None, ""))
    return {match.entry for match in outcome.suppressed}
