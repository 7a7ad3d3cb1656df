"""Rules and policy: what is in force, what is wrong with a file, and what other rules would have done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query
from pydantic import Field

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1 import uploads
from holdfast.api.v1.fields import Answer
from holdfast.api.writes import Write, Writing
from holdfast.decisions.dryrun import dry_run
from holdfast.decisions.engine import Engine
from holdfast.decisions.policy import Policy
from holdfast.decisions.reload import Reloadable
from holdfast.decisions.rules import Rule, parse_rules
from holdfast.decisions.webhooks.endpoints import list_endpoints
from holdfast.records.tables.base import now
from holdfast.service.dry_runs import past_facts

__all__ = ["router"]

router = APIRouter(tags=["rules"])

TOML = {
    "requestBody": {
        "required": True,
        "content": {"application/toml": {"schema": {"type": "string"}}},
    }
}


class RuleAnswer(Answer):
    """One rule as it was read; docs/decisions-rules.md explains every key."""

    name: str = Field(examples=["trusted-exact"])
    class_: str = Field(serialization_alias="class", examples=["known"])
    reason: str = Field(examples=["This file is on a trusted list."])
    mode: str = Field(examples=["on"], description="on, or shadow: on trial.")
    when: dict[str, Any] = Field(examples=[{"exact": True, "trusted": True}])
    then: dict[str, Any] = Field(examples=[{"quarantine": True, "queue": 1}])

    @classmethod
    def of(cls, rule: Rule) -> Self:
        return cls(
            name=rule.name,
            class_=rule.rule_class,
            reason=rule.reason,
            mode="shadow" if rule.shadow else "on",
            when={key: _plain(value) for key, value in rule.when.items()},
            then=rule.actions.to_json(),
        )


class RulesAnswer(Answer):
    """The rules in force, in their order. ``version`` ends in 12 digits of the file's SHA-256."""

    version: str = Field(examples=["2026-11-24+0f3c9d2ab17e"])
    file: str = Field(examples=["rules.toml"])
    error: str | None = Field(description="Why the file as it is now is not in force.")
    rules: list[RuleAnswer]

    @classmethod
    def of(cls, rules: Reloadable[Engine]) -> Self:
        current = rules.current.rules
        return cls(
            version=current.version,
            file=rules.path.name,
            error=_error(rules),
            rules=[RuleAnswer.of(rule) for rule in current.rules],
        )


class PolicyRow(Answer):
    """One row: may we look, how far, and on what basis."""

    row: str = Field(examples=["private-eu"])
    action: str = Field(examples=["do_not_scan"])
    reason: str = Field(examples=["Private messages are not looked at."])
    legal_basis: str = Field(examples=["none: see docs/legal.md"])
    confirmed_by: str = Field(examples=[""])


class PolicyVersion(Answer):
    """One dated version."""

    version: str = Field(validation_alias="name", examples=["2026-11"])
    effective_from: datetime
    rows: list[PolicyRow]


class PolicyState(Answer):
    """The policy, all its dated versions. ``digest`` is the SHA-256 of the file."""

    in_force: str = Field(examples=["2026-11"])
    digest: str = Field(examples=["0f3c9d2ab17e" + "0" * 52])
    file: str = Field(examples=["policy.toml"])
    error: str | None = Field(description="Why the file as it is now is not in force.")
    versions: list[PolicyVersion]

    @classmethod
    def of(cls, policy: Reloadable[Policy]) -> Self:
        current = policy.current
        return cls(
            in_force=current.in_force(now()),
            digest=current.digest,
            file=policy.path.name,
            error=_error(policy),
            versions=[PolicyVersion.model_validate(version) for version in current.versions],
        )


class ReloadAnswer(Answer):
    """The versions in force now."""

    rules: str = Field(examples=["2026-11-24+0f3c9d2ab17e"])
    policy: str = Field(examples=["2026-11"])


class DifferenceAnswer(Answer):
    """Events that both sets of rules decide differently in one way."""

    rule_before: str = Field(examples=["trusted-exact"])
    rule_after: str = Field(examples=["look"])
    actions_before: list[str] = Field(examples=[["quarantine", "queue 1"]])
    actions_after: list[str] = Field(examples=[["quarantine", "queue 4"]])
    events: int
    examples: list[str] = Field(examples=[["4711"]], description="Ids of events.")


class DryRunAnswer(Answer):
    """What the rules would have done, and where they differ from those in force."""

    version: str = Field(examples=["quiet+0f3c9d2ab17e"])
    compared_with: str | None = Field(examples=["2026-11-24+0f3c9d2ab17e"])
    events: int
    unusable: int = Field(examples=[0], description="Events of an older form, whose facts cannot be read.")
    unusable_examples: list[str] = Field(examples=[[]])
    by_rule: dict[str, int] = Field(examples=[{"look": 1}])
    by_action: dict[str, int] = Field(examples=[{"quarantine": 1, "queue 4": 1}])
    by_shadow_rule: dict[str, int] = Field(examples=[{}])
    differences: list[DifferenceAnswer]
    examples: dict[str, list[str]] = Field(
        examples=[{"look": ["4711"]}], description="Ids of events by rule."
    )


@router.get("/v1/rules", summary="Show the rules", responses=responses())
def get_rules(caller: Annotated[Caller, Guard(Permission.RULE_READ)]) -> RulesAnswer:
    """The rules in force in this process; a bad file leaves those of before, and `error` says why."""
    return RulesAnswer.of(caller.runtime.rules)


@router.get("/v1/policy", summary="Show the policy", responses=responses())
def get_policy(caller: Annotated[Caller, Guard(Permission.RULE_READ)]) -> PolicyState:
    """Which content may be looked at, and how far: every dated version, and the one in force."""
    return PolicyState.of(caller.runtime.policy)


@router.post("/v1/rules/reload", summary="Read rules and policy again", responses=responses(422))
def reload(write: Annotated[Write, Writing(Permission.RULE_WRITE)]) -> ReloadAnswer:
    """The files are read again, here at once and in every process of this host within a second.

    A file that is wrong is a problem 422 that names table and key; what was in force stays.
    """
    runtime = write.caller.runtime
    problems = [one.reload() for one in (runtime.rules, runtime.policy)]
    for problem in problems:
        if problem is not None:
            raise problem
    answer = ReloadAnswer(rules=runtime.rules.current.version, policy=runtime.policy.current.in_force(now()))
    with runtime.database.write() as connection:
        write.note(connection, "rules.reload", "rules", **answer.model_dump(mode="json"))
    return answer


@router.post(
    "/v1/rules/dry-run",
    summary="Try rules on past events",
    response_model=DryRunAnswer,
    responses=responses(400, 408, 413, 415, 422),
    openapi_extra=TOML,
)
@streams
async def try_rules(
    caller: Annotated[Caller, Guard(Permission.RULE_WRITE)],
    newest: Annotated[int, Query(ge=1, le=100_000, description="Of the newest so many events.")] = 10_000,
) -> DryRunAnswer:
    """The request's body is a rules file in TOML. Nothing is done and nothing is kept.

    The answer counts what the rules would have decided, and where they differ from those in force.
    """
    return await uploads.with_body(caller, lambda data: _try(caller, data, newest))


def _try(caller: Caller, data: bytes, newest: int) -> DryRunAnswer:
    runtime = caller.runtime
    with runtime.database.read() as connection:
        names = [endpoint.name for endpoint in list_endpoints(connection)]
        candidate = Engine(parse_rules(data, names))
        result = dry_run(candidate, past_facts(connection, newest), runtime.rules.current)
    return DryRunAnswer.model_validate(result.to_json())


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def _error(file: Reloadable[Any]) -> str | None:
    return None if file.error is None else str(file.error)
