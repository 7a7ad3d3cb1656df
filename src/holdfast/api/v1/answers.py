"""The answer about one upload, as OpenAPI describes it. What is sent is `screening.answer.Answer.to_json`."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["Match", "ScreenAnswer", "ScreenAnswers", "ScreenLater", "UnansweredItem"]


class DecisionModel(BaseModel):
    """What to do with the upload."""

    block: bool = Field(description="Refuse it.")
    quarantine: bool = Field(description="Its bytes are kept, encrypted; do not show it.")
    allow: bool = Field(description="Let it through.")
    queue: int | None = Field(description="A person will look: 1 (first) to 5.")
    draft_report: bool = Field(description="A report is being prepared for a person to file.")
    class_: str = Field(alias="class", examples=["known"], description="The rule's class.")
    reason: str = Field(examples=["This file is known abuse material; it is held, and our team was told."])


class PolicyModel(BaseModel):
    """Which row of the policy said how far to look."""

    action: str = Field(examples=["scan"], description="scan, digests_only or do_not_scan.")
    version: str = Field(examples=["shipped-1"])
    row: str = Field(examples=["public"])
    reason: str


class ActionModel(BaseModel):
    """What you are asked to do. Confirm it at /v1/actions/{id}/confirm."""

    id: int
    action: str = Field(examples=["remove"])


class Match(BaseModel):
    """One entry that the content matches. ``distance`` in bits of 256; 0 for an equal digest.

    Of videos it is that of the nearest frame, and the times say where in the upload and in the listed video.
    """

    bank: str
    entry: int
    label: str
    algorithm: str = Field(examples=["pdq"])
    distance: int | None
    tier: str = Field(
        examples=["match"],
        description="match; possible: a person has to look; of videos same_scene: the same place.",
    )
    view: str = Field(examples=["mirrored"])
    exact: bool
    expected_false_alarms: float | None = Field(
        examples=[3.5e-12],
        description="How many strangers would be expected as near among all that was compared for this "
        "upload; null for digests.",
    )
    extrapolation_decades: float | None = Field(
        examples=[5.1], description="Powers of ten by which that lies beyond the data it rests on."
    )
    classification: str | None
    trusted: bool
    convention: str
    frame: int
    score: float | None = Field(description="Of videos: the evidence, in decades.")
    query_start_s: float | None
    query_end_s: float | None
    ref_start_s: float | None
    ref_end_s: float | None
    speed: float | None = Field(
        description="Seconds of the listed video for one of the upload; negative backwards, 0 in no order."
    )
    vpdq_query_percent: float | None = Field(
        description="vPDQ's own percentages: of the upload's frames that are near the listed video,"
    )
    vpdq_ref_percent: float | None = Field(description="and of the listed video's that are near the upload.")


class ShadowModel(BaseModel):
    """A rule on trial that holds."""

    rule: str
    class_: str = Field(alias="class")
    would_decide: bool


class ScreenAnswer(BaseModel):
    """Outcome and decision. The fields from `rule` on come only with the permission `match.detail`."""

    outcome: str = Field(
        examples=["match"], description="match, possible, no_match, not_matchable or not_scanned."
    )
    reason: str = Field(examples=[""], description="A stable word: why it is not matchable or not scanned.")
    detail: str = Field(examples=[""], description="The same for people.")
    medium: str = Field(examples=["image"])
    size_bytes: int
    list_version: int = Field(description="Position of the fingerprint log that the answer was made with.")
    deep_check: str = Field(
        examples=["not_needed"],
        description="not_needed; pending: it is being looked at from all sides, and you are told by webhook "
        "if that finds something; skipped.",
    )
    deep_check_reason: str = Field(
        examples=[""], description="Why it was skipped: over_budget, behind, no_reference or unavailable."
    )
    decision: DecisionModel
    policy: PolicyModel
    event: int | None = Field(description="The event's id, where one was written.")
    hold: str | None = Field(description="The held content's id, where it was kept.")
    actions: list[ActionModel]
    rule: str | None = None
    rules_version: str | None = None
    restraint: str | None = None
    shadow: list[ShadowModel] | None = None
    matches: list[Match] | None = None
    suppressed: list[Match] | None = None


class ScreenLater(BaseModel):
    """A video that is longer than what is answered at once. Nothing was decided: hold it back.

    It is kept encrypted until the job has looked at all of it; the job's `result` is then the answer, and
    what follows from it was done.
    """

    job: int = Field(examples=[12], description="Follow it at /v1/jobs/{id}.")
    medium: str = Field(examples=["video"])
    size_bytes: int
    detail: str


class ItemProblem(BaseModel):
    """Why there is no answer, as in a problem of a whole request."""

    type: str = Field(examples=["urn:holdfast:problem:over-limit"])
    title: str = Field(examples=["Over a limit"])
    status: int = Field(examples=[429], description="The status that an upload of its own would get.")
    detail: str
    retry_after_s: int = Field(examples=[900], description="When to send the item again, in seconds.")


class UnansweredItem(BaseModel):
    """In the place of an answer: the item's account is held back for probing, and nothing was looked up.

    It has no `outcome` and no `decision`. Hold the content back, and send the item again later.
    """

    problem: ItemProblem


class ScreenAnswers(BaseModel):
    """For each item, in their order, its answer or why it has none."""

    answers: list[ScreenAnswer | UnansweredItem]
    list_version: int
