"""Every upload's way through the service: may we look, is it known, what is to be done, what is kept.

    probing watch -> policy -> check -> rules -> hold -> event, in one transaction -> answer

What matches nothing leaves counters only; where banks ask for it, it is put aside, encrypted and for
minutes, to be looked at from all sides (`deep_desk`), and `decide_later` goes on with what that finds. What
is held is encrypted and durable, and its event is written, before the answer is given: an answer that names
a hold or an event is true whatever happens after it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from holdfast.access.probing import ProbingWatch
from holdfast.decisions.engine import Decision, Engine
from holdfast.decisions.facts import Context, MatchFacts
from holdfast.decisions.flood import FloodBrake
from holdfast.decisions.policy import DIGESTS_ONLY, DO_NOT_SCAN, Policy, PolicyAnswer
from holdfast.decisions.queued import OpenCase
from holdfast.decisions.reload import Reloadable
from holdfast.decisions.standing import standings
from holdfast.decisions.vocabulary import UNKNOWN
from holdfast.errors import LimitError
from holdfast.records.counters import Counters
from holdfast.records.idempotency import Request
from holdfast.records.tables.base import now
from holdfast.screening.answer import Answer
from holdfast.screening.checked import Screened
from holdfast.screening.deep_desk import DeepDesk
from holdfast.screening.facts import entries_of, facts_of
from holdfast.screening.keeping import Keeper, Kept, Upload
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.reading import FileContent, bytes_content
from holdfast.screening.screener import Screener
from holdfast.screening.video_desk import ACCEPTED, VideoDesk

if TYPE_CHECKING:
    import sqlalchemy as sa

    from holdfast.vault.service import Vault

__all__ = ["Intake"]

NO_CONTEXT = Context()


class Intake:
    """The service's one way in. Safe to use from many threads.

    ``screener`` is also for those who look up ready hashes.
    """

    def __init__(
        self,
        *,
        screener: Screener,
        vault: Callable[[], Vault],
        policy: Reloadable[Policy],
        rules: Reloadable[Engine],
        flood: FloodBrake,
        probing: ProbingWatch,
        counters: Counters,
        deep: DeepDesk,
        open_case: OpenCase,
    ) -> None:
        self.screener = screener
        self._deep = deep
        self._policy = policy
        self._rules = rules
        self._probing = probing
        self._counters = counters
        self._default_surface = screener.settings.rules.default_surface
        self._keeper = Keeper(screener.database, vault, flood, open_case)
        self._videos = VideoDesk(screener.database, vault)

    def screen(
        self,
        data: bytes,
        context: Context = NO_CONTEXT,
        *,
        by: str,
        banks: Sequence[str] = (),
        in_detail: bool = False,
        idempotency_key: str | None = None,
    ) -> Answer:
        """The answer about one upload. ``by`` is the principal that asks.

        ``banks`` limits the question to these. With an ``idempotency_key`` the same upload, sent again by the
        same principal, is kept once: the answer is then the first one, in `Answer.stored` (made for
        ``in_detail``). Raises LimitError while the account is held back for probing, NotFoundError for a bank
        that does not exist, VaultError or RecordsError when something could not be kept: then nothing was
        decided, and the upload must be sent again. Of a video that is too long to wait for the answer
        names the job only (`finish_video`).
        """
        context = self.completed(context)
        self.refuse_probing(context)
        policy = self.choose(context)
        content = bytes_content(data, self.screener.settings.media.max_bytes)
        asking = self._deep.asking(policy, banks)
        screened = self._check(content, policy, banks, keep_lumas=bool(asking), is_direct=True)
        upload = Upload(data, context, by, _request(data, context, by, idempotency_key))
        if screened.is_unfinished and screened.outcome.outcome is not OutcomeKind.MATCH:
            return self._later(screened, upload, policy, banks, in_detail=in_detail)
        answer = self.decide(screened, upload, policy, in_detail=in_detail)
        if answer.stored:
            return answer
        state, reason = self._deep.take(upload, screened, asking)
        return replace(answer, outcome=replace(answer.outcome, deep_check=state, deep_check_reason=reason))

    def decide_later(
        self,
        screened: Screened,
        upload: Upload,
        *,
        copy: Callable[[], bytes | None],
        also: Callable[[sa.Connection], object],
    ) -> Answer:
        """What follows from a deep check that found something: rules, hold, event and webhooks, as at once.

        Where the decision holds the content, ``copy`` gives it from where it is by now, if it can be had.
        ``also`` writes what belongs into the same transaction. Raises as `screen`, and what ``also`` raises.
        """
        facts = self._facts(screened, upload.context)
        decision = self._rules.current.evaluate(facts)
        if decision.actions.quarantine:
            upload = replace(upload, data=copy())
        policy = self.choose(upload.context)
        upload = replace(upload, code=screened.code)
        kept = self._keeper.keep(upload, facts, decision, policy, lambda _: b"", also)
        if decision.rule:
            self._counters.add("decided", rule=decision.rule[:64], outcome=str(screened.outcome.outcome))
        return self._answer(screened, decision, policy, kept)

    def finish_video(
        self,
        data: bytes,
        context: Context,
        *,
        by: str,
        banks: Sequence[str],
        in_detail: bool,
        on_progress: Callable[[float, float | None], None],
        complete: Callable[[sa.Connection, dict[str, Any]], object],
    ) -> None:
        """What `screen` left to a job: all of the video, rules, hold, event and webhooks.

        ``complete`` ends the job with the answer, in the transaction that writes what follows. Raises as
        `screen`, and what the two functions raise: then nothing was decided.
        """
        policy = self.choose(context)
        content = bytes_content(data, self.screener.settings.media.max_bytes)
        screened = self._check(content, policy, banks, keep_lumas=False, on_progress=on_progress)
        facts = self._facts(screened, context)
        decision = self._rules.current.evaluate(facts)

        def end(connection: sa.Connection, kept: Kept) -> None:
            complete(connection, self._answer(screened, decision, policy, kept).to_json(in_detail=in_detail))

        if _is_to_be_kept(screened.outcome, decision):
            self._keeper.keep(Upload(data, context, by), facts, decision, policy, lambda _: b"", then=end)
        else:
            with self.screener.database.write() as connection:
                end(connection, Kept())
        self._count(screened.outcome, decision, policy, context)

    def completed(self, context: Context) -> Context:
        """The context with what the settings say of uploads that do not say it themselves."""
        if context.surface != UNKNOWN:
            return context
        return replace(context, surface=self._default_surface)

    def choose(self, context: Context) -> PolicyAnswer:
        """What the policy says of an upload with this context."""
        return self._policy.current.choose(context.surface, context.country, context.uploaded_at or now())

    def decide(
        self, screened: Screened, upload: Upload, policy: PolicyAnswer, *, in_detail: bool = False
    ) -> Answer:
        """Puts the rules to what was found, keeps what is to be kept, and answers."""
        facts = self._facts(screened, upload.context)
        decision = self._rules.current.evaluate(facts)
        kept = Kept()
        if _is_to_be_kept(screened.outcome, decision):
            kept = self._keeper.keep(
                replace(upload, code=screened.code),
                facts,
                decision,
                policy,
                lambda kept: _body(self._answer(screened, decision, policy, kept), in_detail=in_detail),
            )
        self._watch(screened, upload.context)
        self._count(screened.outcome, decision, policy, upload.context)
        return self._answer(screened, decision, policy, kept)

    def refuse_probing(self, context: Context) -> None:
        """Raises LimitError while the upload's account is held back: nothing was checked then."""
        if context.account is None:
            return
        wait_s = self._probing.limited_for_s(context.account, time.monotonic())
        if wait_s > 0:
            self._counters.add("probing.refused")
            raise LimitError(
                "This account sends version after version of one picture; its uploads are not checked for "
                "now. Nothing was checked: hold the upload back, and try again later.",
                wait_s,
            )

    def _later(
        self,
        screened: Screened,
        upload: Upload,
        policy: PolicyAnswer,
        banks: Sequence[str],
        *,
        in_detail: bool,
    ) -> Answer:
        answer = self._answer(
            screened, self._rules.current.evaluate(self._facts(screened, upload.context)), policy, Kept()
        )
        waiting = self._videos.take(
            upload,
            banks,
            lambda job: _body(replace(answer, job=job), in_detail=in_detail),
            in_detail=in_detail,
        )
        self._counters.add("screened.later", surface=upload.context.surface)
        return replace(answer, job=waiting.job, stored=waiting.stored, stored_status=ACCEPTED)

    def _check(
        self,
        content: FileContent,
        policy: PolicyAnswer,
        banks: Sequence[str],
        *,
        keep_lumas: bool,
        is_direct: bool = False,
        on_progress: Callable[[float, float | None], None] | None = None,
    ) -> Screened:
        if policy.action == DO_NOT_SCAN:
            detail = f"Not scanned, by the policy's row {policy.row!r}: {policy.reason}"
            outcome = Outcome("", "unknown", OutcomeKind.NOT_SCANNED, "policy", detail)
            return Screened(_sized(outcome, content.size_bytes), (), {}, b"", self.screener.lists.position)
        return self.screener.check(
            content,
            banks=banks,
            digests_only=policy.action == DIGESTS_ONLY,
            keep_lumas=keep_lumas,
            is_direct=is_direct,
            on_progress=on_progress,
        )

    def _facts(self, screened: Screened, context: Context) -> MatchFacts:
        entries = entries_of(screened)
        if not entries:
            return facts_of(screened, context, {})
        with self.screener.database.read() as connection:
            return facts_of(screened, context, standings(connection, entries))

    def _answer(self, screened: Screened, decision: Decision, policy: PolicyAnswer, kept: Kept) -> Answer:
        return Answer(
            screened.outcome,
            decision,
            policy,
            screened.list_version,
            kept.event,
            kept.hold,
            kept.actions,
            kept.stored,
            kept.stored_status,
        )

    def _watch(self, screened: Screened, context: Context) -> None:
        """Tells the probing watch, and raises the alarm where it says so."""
        if context.account is None or not screened.code:
            return
        when_s = time.monotonic()
        likenesses = [match for match in screened.found if match.kind == "known" and match.algorithm == "pdq"]
        if likenesses:
            nearest = likenesses[0]
            probe = self._probing.note(
                context.account, nearest.entry_id, nearest.distance_bits, when_s, code=screened.code
            )
        else:
            probe = self._probing.note_no_match(context.account, screened.code, when_s)
        if probe is not None:
            self._keeper.raise_probing_alarm(probe, context)

    def _count(self, outcome: Outcome, decision: Decision, policy: PolicyAnswer, context: Context) -> None:
        self._counters.add(
            "screened",
            outcome=str(outcome.outcome),
            medium=outcome.medium,
            surface=context.surface,
            policy=policy.action,
        )
        if decision.rule and str(outcome.outcome) != "no_match":
            self._counters.add("decided", rule=decision.rule[:64], outcome=str(outcome.outcome))
        for one in decision.shadow:
            self._counters.add("decided.shadow", rule=one.rule[:64])


def _is_to_be_kept(outcome: Outcome, decision: Decision) -> bool:
    """Whether there is anything to write down: a match, or something that a rule does with the upload."""
    actions = decision.actions
    return (
        outcome.outcome in (OutcomeKind.MATCH, OutcomeKind.POSSIBLE)
        or actions.block
        or actions.quarantine
        or actions.queue is not None
    )


def _request(data: bytes, context: Context, by: str, key: str | None) -> Request | None:
    if key is None:
        return None
    said = json.dumps(context.to_json(), sort_keys=True).encode()
    return Request(key, by, "POST /v1/screen", hashlib.sha256(data).digest() + said)


def _body(answer: Answer, *, in_detail: bool) -> bytes:
    return json.dumps(answer.to_json(in_detail=in_detail), ensure_ascii=False).encode()


def _sized(outcome: Outcome, size_bytes: int) -> Outcome:
    return replace(outcome, size_bytes=size_bytes)
