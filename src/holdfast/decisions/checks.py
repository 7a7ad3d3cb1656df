"""What no rule may say: actions that contradict each other, conditions that can never hold, and above all
blocking or reporting on evidence that may only hold content for a person (architecture, section 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.decisions.actions import Actions
from holdfast.decisions.conditions import CONDITIONS
from holdfast.decisions.tables import Table
from holdfast.decisions.vocabulary import ALGORITHMS, DECISIVE_DISTANCE_BITS, PLAIN_VIEWS

__all__ = ["check_actions", "check_rule"]

WITHOUT_MATCHES = frozenset({"not_matchable", "not_scanned"})


def check_actions(table: Table, actions: Actions) -> None:
    """Refuse actions that contradict each other or leave open what happens to the content."""
    if not (actions.block or actions.quarantine or actions.allow):
        raise table.fail("then", "must say what happens to the content: block, quarantine or allow.")
    if actions.allow and (actions.block or actions.quarantine or actions.draft_report):
        raise table.fail("allow", "contradicts block, quarantine and draft_report.")
    if actions.draft_report and not actions.quarantine:
        raise table.fail("draft_report", "needs quarantine: what is reported has to be preserved.")
    if actions.draft_report and actions.queue is None:
        raise table.fail("draft_report", "needs queue: a draft is filed by a person or not at all.")


def check_rule(table: Table, when: Mapping[str, Any], actions: Actions) -> None:
    """Refuse conditions that can never hold, and actions that these conditions do not carry."""
    _check_item(table, when)
    _check_match(table, when)
    if when.get("exact") is True:
        _check_exact(table, when)
    if when.get("bank_kind") == "benign" and not actions.allow:
        raise table.fail("then", "a benign entry clears content and never accuses: only allow goes with it.")
    if actions.block or actions.draft_report:
        _check_decisive(table, when, "block" if actions.block else "draft_report")


def _check_item(table: Table, when: Mapping[str, Any]) -> None:
    outcomes = when.get("outcome", frozenset({"match"}))
    on_match = [key for key in when if CONDITIONS[key].match is not None]
    if on_match and outcomes <= WITHOUT_MATCHES:
        raise table.fail(on_match[0], "can never hold: these outcomes have no matches.")
    if "unmatchable_reason" in when:
        if on_match:
            raise table.fail(on_match[0], "can never hold: what is not matchable has no matches.")
        if "outcome" in when and "not_matchable" not in outcomes:
            raise table.fail("unmatchable_reason", "can never hold without the outcome not_matchable.")
    both = when.get("has", frozenset()) & when.get("lacks", frozenset())
    if both:
        raise table.fail("lacks", f"can never hold: {sorted(both)[0]} is under has, too.")


def _check_match(table: Table, when: Mapping[str, Any]) -> None:
    for what in ("distance_bits", "score"):
        low, high = when.get(f"min_{what}"), when.get(f"max_{what}")
        if low is not None and high is not None and low > high:
            raise table.fail(f"min_{what}", f"can never hold: it is above max_{what}.")
    if "algorithm" not in when:
        return
    kinds = {ALGORITHMS[name] for name in when["algorithm"]}
    for key in when:
        if key.endswith("_distance_bits") and kinds == {"sound"}:
            raise table.fail(key, "can never hold: a sound match has a score, not a distance.")
        if key.endswith("_score") and kinds == {"digest"}:
            raise table.fail(key, "can never hold: a digest is equal or not; it has no score.")


def _check_exact(table: Table, when: Mapping[str, Any]) -> None:
    for key in ("min_distance_bits", "min_score", "max_score"):
        if when.get(key):
            raise table.fail(key, "can never hold together with exact: an exact match has distance 0.")
    if "match" not in when.get("tier", {"match"}):
        raise table.fail("tier", 'can never hold together with exact: an exact match is of tier "match".')
    if "algorithm" in when and not any(ALGORITHMS[name] == "digest" for name in when["algorithm"]):
        raise table.fail("algorithm", "can never hold together with exact: only digests are exact.")
    if "view" in when and "as_is" not in when["view"]:
        raise table.fail(
            "view", "can never hold together with exact: an exact match is of the file as it is."
        )


def _check_decisive(table: Table, when: Mapping[str, Any], action: str) -> None:
    """Blocking and reporting need exactness, or a picture within 31 bits in a plain view."""
    if when.get("exact") is True:
        return
    needs = f"{action} needs exact = true, or"
    if "algorithm" not in when or any(ALGORITHMS[name] != "picture" for name in when["algorithm"]):
        raise table.fail(
            "algorithm", f"{needs} picture algorithms only: a sound or an unproven digest may only hold."
        )
    if when.get("tier") != frozenset({"match"}):
        raise table.fail("tier", f'{needs} tier = "match": what is possible or the same scene may only hold.')
    if when.get("max_distance_bits", 256) > DECISIVE_DISTANCE_BITS:
        raise table.fail(
            "max_distance_bits", f"{needs} at most {DECISIVE_DISTANCE_BITS}: beyond that may only hold."
        )
    if not when.get("view", frozenset({"other"})) <= PLAIN_VIEWS:
        raise table.fail("view", f"{needs} views from as_is, orientation, border: any other may only hold.")
