"""Contents of which only ready hashes came: the same policy, rules and records as for uploads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from holdfast.banks.models import VPDQ
from holdfast.decisions.facts import Context
from holdfast.decisions.policy import DIGESTS_ONLY, DO_NOT_SCAN, PolicyAnswer
from holdfast.errors import LimitError
from holdfast.hashing.code import MIN_QUALITY
from holdfast.media.types import Reason
from holdfast.records.idempotency import Request
from holdfast.screening.answer import Answer
from holdfast.screening.checked import Checked, Screened, Seen, weight
from holdfast.screening.intake import Intake
from holdfast.screening.keeping import Upload
from holdfast.screening.lookup import GivenHash
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.sighting import Sighted
from holdfast.screening.verdict import verdict

__all__ = ["GivenItem", "screen_hashes"]

NO_QUALITY = 4  # up to here a frame says nothing: as in `matching.video.evidence`


@dataclass(frozen=True, slots=True)
class GivenItem:
    """One content by its hashes. ``quality`` is PDQ's, where the sender knows it."""

    hashes: Sequence[GivenHash]
    context: Context
    quality: int | None = None
    size_bytes: int | None = None


def screen_hashes(
    intake: Intake,
    items: Sequence[GivenItem],
    *,
    by: str,
    in_detail: bool = False,
    idempotency_key: str | None = None,
) -> list[Answer | LimitError]:
    """An answer for each item, in their order; all are looked up in one pass.

    Nothing can be held, for there are no bytes: a decision that says so asks the platform to keep them.
    With an ``idempotency_key`` what is kept of an item is kept once, however often the same items are sent:
    its answer is then the first one, in `Answer.stored` (made for ``in_detail``). An item whose account is
    held back has a LimitError in the place of its answer: nothing was looked up for it.
    """
    items = [replace(item, context=intake.completed(item.context)) for item in items]
    refusals = [_refusal(intake, item.context) for item in items]
    policies = [intake.choose(item.context) for item in items]
    wanted = [
        [] if refusal else _allowed(item, policy)
        for item, policy, refusal in zip(items, policies, refusals, strict=True)
    ]
    screener = intake.screener
    version = screener.lists.position
    flat = screener.look_up([given for hashes in wanted for given in hashes])
    answers: list[Answer | LimitError] = []
    at = 0
    for place, (item, policy, hashes) in enumerate(zip(items, policies, wanted, strict=True)):
        sighted = flat[at : at + len(hashes)]
        at += len(hashes)
        if refusal := refusals[place]:
            answers.append(refusal)
            continue
        screened = _screened(item, policy, hashes, sighted, version, had_banks=screener.has_known_banks)
        upload = Upload(None, item.context, by, _request(item, place, by, idempotency_key))
        answers.append(intake.decide(screened, upload, policy, in_detail=in_detail))
    return answers


def _refusal(intake: Intake, context: Context) -> LimitError | None:
    try:
        intake.refuse_probing(context)
    except LimitError as refusal:
        return refusal
    return None


def _request(item: GivenItem, place: int, by: str, key: str | None) -> Request | None:
    """Each item is a write of its own, by the batch's key and its place."""
    if key is None:
        return None
    hashes = sorted((given.algorithm, given.value.hex()) for given in item.hashes)
    said = json.dumps([hashes, item.quality, item.size_bytes, item.context.to_json()], sort_keys=True)
    own = hashlib.sha256(f"{place} {key}".encode()).hexdigest()
    return Request(own, by, "POST /v1/screen/hashes", said.encode())


def _allowed(item: GivenItem, policy: PolicyAnswer) -> list[GivenHash]:
    """The hashes that policy and quality let us compare."""
    if policy.action == DO_NOT_SCAN:
        return []
    return [given for given in item.hashes if _is_comparable(given, item, policy)]


def _is_comparable(given: GivenHash, item: GivenItem, policy: PolicyAnswer) -> bool:
    if given.algorithm == VPDQ:
        return policy.action != DIGESTS_ONLY
    if given.algorithm != "pdq":
        return True
    return policy.action != DIGESTS_ONLY and (item.quality is None or item.quality >= MIN_QUALITY)


def _screened(
    item: GivenItem,
    policy: PolicyAnswer,
    hashes: Sequence[GivenHash],
    sighted: Sequence[Sighted],
    version: int,
    *,
    had_banks: bool,
) -> Screened:
    size = item.size_bytes or 0
    if policy.action == DO_NOT_SCAN:
        detail = f"Not scanned, by the policy's row {policy.row!r}: {policy.reason}"
        outcome = Outcome("", "unknown", OutcomeKind.NOT_SCANNED, "policy", detail, size_bytes=size)
        return Screened(outcome, (), {}, b"", version)
    seen: dict[int, Seen] = {}
    for one in sighted:
        seen |= one.seen
    found = sorted((match for one in sighted for match in one.found), key=lambda match: weight(match, seen))
    outcome = verdict("", found, seen, _checked(item, policy, hashes, had_banks))
    code = next((given.value for given in hashes if given.algorithm == "pdq"), b"")
    return Screened(outcome, tuple(found), seen, code, version)


def _checked(item: GivenItem, policy: PolicyAnswer, hashes: Sequence[GivenHash], had_banks: bool) -> Checked:
    """How far the content could be looked at by what came of it."""
    has_code = any(given.algorithm in ("pdq", VPDQ) for given in item.hashes)
    video = next((given for given in item.hashes if given.algorithm == VPDQ), None)
    medium = "video" if video is not None else "image" if has_code else "unknown"
    if video in hashes and video is not None and not _has_features(video):
        detail = "Not matchable: no frame of the vPDQ hash has a quality that means anything."
        return Checked(medium, Reason.FEATURELESS, detail, had_banks)
    if any(given.algorithm in ("pdq", VPDQ) for given in hashes):
        return Checked(medium, None, "", had_banks)
    if policy.action == DIGESTS_ONLY or not has_code:
        detail = "Only digests were compared, and none is listed; altered copies were not looked for."
        return Checked(medium, "digests_only", detail, had_banks)
    detail = f"Not matchable: a PDQ hash of quality {item.quality} means nothing."
    return Checked(medium, Reason.FEATURELESS, detail, had_banks)


def _has_features(given: GivenHash) -> bool:
    from holdfast.hashing.videoblob import unpack  # few items are videos

    return bool((unpack(given.value).quality > NO_QUALITY).any())
